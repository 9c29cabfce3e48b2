// Frames that wait for an earlier answer.

/**
 * Maximum size of the waiting frames of a connection. Above that, reading from its peer stops until
 * a method is answered.
 */
export const backlogBytesMax = 256 * 1024;

/** The size that a waiting frame counts, in addition to its payload. */
const frameCostBytes = 128;

/** A waiting frame, or part of a body frame. */
export interface WaitingFrame {
  readonly type: number;
  readonly bytes: Buffer;
  readonly at: number;
  readonly end: number;
  /** Set on the last part of a body frame, and on all other frames. */
  readonly isLast: boolean;
}

/** Frames of a channel that wait until an earlier method is answered. */
export class Backlog {
  /** The total size of the frames. */
  sizeBytes = 0;
  #frames: WaitingFrame[] = [];
  #at = 0;

  add(frame: WaitingFrame): void {
    this.#frames.push(frame);
    this.sizeBytes += costOf(frame);
  }

  /** Adds a frame that will be handled before all others. */
  putBack(frame: WaitingFrame): void {
    if (this.#at > 0) this.#frames[--this.#at] = frame;
    else this.#frames.unshift(frame);
    this.sizeBytes += costOf(frame);
  }

  /** Removes and returns the oldest frame; undefined if there is none. */
  take(): WaitingFrame | undefined {
    const frame = this.#frames[this.#at];
    if (frame === undefined) return undefined;
    this.#at++;
    this.sizeBytes -= costOf(frame);
    if (this.#at === this.#frames.length) {
      this.#frames = [];
      this.#at = 0;
    }
    return frame;
  }
}

function costOf({ at, end }: WaitingFrame): number {
  return end - at + frameCostBytes;
}
