// A progress line on a terminal.

/** The stream that the progress line is written to. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** Minimum interval between updates, milliseconds. */
const changeMs = 100;
const clearLine = '\r\u001b[K';

/** Shows progress in one line of a terminal. Prints nothing if the stream is not a terminal. */
export class ProgressLine {
  readonly #stream: ProgressStream;
  readonly #nowMs: () => number;
  #changeAtMs = -Infinity;
  #isShown = false;

  /** @param nowMs monotonic clock, milliseconds */
  constructor(stream: ProgressStream, nowMs: () => number) {
    this.#stream = stream;
    this.#nowMs = nowMs;
  }

  /** Shows the progress, at most once per interval. */
  show(what: string, doneBytes: number, totalBytes: number): void {
    const percent = totalBytes === 0 ? 100 : Math.floor((doneBytes / totalBytes) * 100);
    const sizes = `${inMib(doneBytes)} of ${inMib(totalBytes)} MiB`;
    this.showText(`${what}: ${sizes}, ${percent} %`);
  }

  /** Shows a text, at most once per interval. */
  showText(text: string): void {
    const nowMs = this.#nowMs();
    if (this.#stream.isTTY !== true || nowMs < this.#changeAtMs) return;
    this.#changeAtMs = nowMs + changeMs;
    this.#isShown = true;
    this.#stream.write(`${clearLine}${text}`);
  }

  /** Erases the line before other output is written. */
  clear(): void {
    if (this.#isShown) this.#stream.write(clearLine);
    this.#isShown = false;
    this.#changeAtMs = -Infinity;
  }
}

function inMib(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1);
}
