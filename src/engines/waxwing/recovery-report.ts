/** Milliseconds between two lines, and before the first. */
const everyMs = 1000;

/** Says in the log how far a recovery is that takes long; of one that does not, nothing. */
export class RecoveryReport {
  readonly #log: (text: string) => void;
  readonly #nowMs: () => number;
  #sayAtMs: number;

  /** @param nowMs monotonic */
  constructor(log: (text: string) => void, nowMs: () => number) {
    this.#log = log;
    this.#nowMs = nowMs;
    this.#sayAtMs = nowMs() + everyMs;
  }

  /** So many segments have been read. */
  progress(doneCount: number, totalCount: number): void {
    const nowMs = this.#nowMs();
    if (nowMs < this.#sayAtMs) return;
    this.#sayAtMs = nowMs + everyMs;
    this.#log(`recovering: ${doneCount} of ${totalCount} segments are read`);
  }
}
