// Progress reports of a recovery.

/** The interval of reports, and the delay of the first one, milliseconds. */
const everyMs = 1000;

/** Logs the progress of a recovery that takes longer than a second. */
export class RecoveryReport {
  readonly #log: (text: string) => void;
  readonly #nowMs: () => number;
  #sayAtMs: number;

  /** @param nowMs monotonic milliseconds */
  constructor(log: (text: string) => void, nowMs: () => number) {
    this.#log = log;
    this.#nowMs = nowMs;
    this.#sayAtMs = nowMs() + everyMs;
  }

  /** Reports the number of segments that have been read. */
  progress(doneCount: number, totalCount: number): void {
    const nowMs = this.#nowMs();
    if (nowMs < this.#sayAtMs) return;
    this.#sayAtMs = nowMs + everyMs;
    this.#log(`recovering: ${doneCount} of ${totalCount} segments have been read`);
  }
}
