// The age of unsettled deliveries.

import type { Channel } from '../channel.ts';

/** The interval of checks, and thus the accuracy of ages, milliseconds. */
export const lookMs = 60_000;

/** Maximum number of remembered checks. Above that, every second one is dropped. */
const markCountMax = 64;

interface Mark {
  readonly atMs: number;
  /** The last tag assigned before the check. */
  readonly lastTag: number;
}

/**
 * Determines how long the oldest delivery of a channel has been unsettled. Nothing is stored per
 * delivery: each check records the last assigned tag.
 */
export class DeliveryAges {
  #marks: Mark[] = [];

  /** The number of remembered checks. */
  get markCount(): number {
    return this.#marks.length;
  }

  /**
   * @param lastTag the last assigned tag
   * @param oldest the first unsettled tag
   * @returns the minimum age of the oldest delivery, milliseconds
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

/** Closes channels of a connection whose consumers do not settle their deliveries. */
export class AgeWatch {
  #lookedAtMs = -1;

  /** Checks the channels when that is due. */
  tick(nowMs: number, channels: readonly (Channel | undefined)[]): void {
    if (this.#lookedAtMs < 0) this.#lookedAtMs = nowMs;
    if (nowMs - this.#lookedAtMs < lookMs) return;
    this.#lookedAtMs = nowMs;
    for (const channel of channels) channel?.checkAges(nowMs);
  }
}
