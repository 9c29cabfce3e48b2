/**
 * Bytes of frames that a connection's channels may have waiting for an earlier answer; above that
 * nothing more is read from its peer until one is answered.
 */
export const backlogBytesMax = 256 * 1024;

/** What a waiting frame counts beside its payload. */
const frameCostBytes = 128;

/** A frame, or a piece of a body frame, that waits. */
export interface WaitingFrame {
  readonly type: number;
  readonly bytes: Buffer;
  readonly at: number;
  readonly end: number;
  /** On the last piece of a body frame, and on all other frames. */
  readonly isLast: boolean;
}

/** Frames of a channel that wait until a method before them is answered. */
export class Backlog {
  /** What all of them count. */
  sizeBytes = 0;
  #frames: WaitingFrame[] = [];
  #at = 0;

  add(frame: WaitingFrame): void {
    this.#frames.push(frame);
    this.sizeBytes += costOf(frame);
  }

  /** Takes the oldest frame out; undefined where there is none. */
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
