import type { Channel } from '../channel.ts';

/** Milliseconds between two looks at how long deliveries have waited; an age is exact to this. */
export const lookMs = 60_000;

/** Looks that a channel remembers; with more, every second one is forgotten. */
const markCountMax = 64;

interface Mark {
  readonly atMs: number;
  /** The last tag that had been given by then. */
  readonly lastTag: number;
}

/**
 * How long a channel's oldest delivery has waited to be settled. Nothing is kept for a delivery: each
 * look notes the last tag given so far.
 */
export class DeliveryAges {
  #marks: Mark[] = [];

  /** Looks that are remembered. */
  get markCount(): number {
    return this.#marks.length;
  }

  /**
   * @param lastTag the last one given
   * @param oldest the first one that is not settled
   * @returns milliseconds that the oldest has waited at least
   */
  look(nowMs: number, lastTag: number, oldest: number): number {
    const marks = this.#marks;
    const settled = marks.findIndex((mark) => mark.lastTag >= oldest);
    marks.splice(0, settled < 0 ? marks.length : settled);
    if ((marks.at(-1)?.lastTag ?? -1) < lastTag) marks.push({ atMs: nowMs, lastTag });
    if (marks.length > markCountMax) this.#marks = marks.filter((_, at) => at % 2 === 0);
    return nowMs - (this.#marks[0]?.atMs ?? nowMs);
  }
}

/** Ends a connection's channels whose consumers do not settle what they get. */
export class AgeWatch {
  #lookedAtMs = -1;

  /** Looks at the channels when that is due. */
  tick(nowMs: number, channels: readonly (Channel | undefined)[]): void {
    if (this.#lookedAtMs < 0) this.#lookedAtMs = nowMs;
    if (nowMs - this.#lookedAtMs < lookMs) return;
    this.#lookedAtMs = nowMs;
    for (const channel of channels) channel?.checkAges(nowMs);
  }
}
