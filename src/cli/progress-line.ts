/** What a line of progress is written to. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** Milliseconds between two changes of the line. */
const changeMs = 100;
const clearLine = '\r\u001b[K';

/** One line of a terminal that says how far something is; nothing where nobody looks on. */
export class ProgressLine {
  readonly #stream: ProgressStream;
  readonly #nowMs: () => number;
  #changeAtMs = -Infinity;
  #isShown = false;

  /** @param nowMs monotonic */
  constructor(stream: ProgressStream, nowMs: () => number) {
    this.#stream = stream;
    this.#nowMs = nowMs;
  }

  /** Says how far it is, unless that was said just now. */
  show(what: string, doneBytes: number, totalBytes: number): void {
    const nowMs = this.#nowMs();
    if (this.#stream.isTTY !== true || nowMs < this.#changeAtMs) return;
    this.#changeAtMs = nowMs + changeMs;
    this.#isShown = true;
    const percent = totalBytes === 0 ? 100 : Math.floor((doneBytes / totalBytes) * 100);
    const sizes = `${inMib(doneBytes)} of ${inMib(totalBytes)} MiB`;
    this.#stream.write(`${clearLine}${what}: ${sizes}, ${percent} %`);
  }

  /** Takes the line away, so that something else can be written. */
  clear(): void {
    if (this.#isShown) this.#stream.write(clearLine);
    this.#isShown = false;
    this.#changeAtMs = -Infinity;
  }
}

function inMib(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1);
}
