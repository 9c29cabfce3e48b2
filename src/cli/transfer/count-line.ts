// The progress of a transfer, in one line of a terminal.

import { ProgressLine, type ProgressStream } from '../progress-line.ts';

/** Minimum interval between lines if the stream is not a terminal, milliseconds. */
const plainMs = 10_000;

/** Shows how many messages have been moved. Not on a terminal, it writes a line every 10 seconds. */
export class CountLine {
  readonly #stream: ProgressStream;
  readonly #nowMs: () => number;
  readonly #line: ProgressLine;
  #nextAtMs: number;

  /** @param nowMs monotonic clock, milliseconds */
  constructor(stream: ProgressStream, nowMs: () => number) {
    this.#stream = stream;
    this.#nowMs = nowMs;
    this.#line = new ProgressLine(stream, nowMs);
    this.#nextAtMs = nowMs() + plainMs;
  }

  /** Shows the progress, at most once per interval. */
  show(count: number, expectedCount: number): void {
    const text = `moving: ${count} of about ${Math.max(count, expectedCount)} messages`;
    this.#line.showText(text);
    const nowMs = this.#nowMs();
    if (this.#stream.isTTY === true || nowMs < this.#nextAtMs) return;
    this.#nextAtMs = nowMs + plainMs;
    this.#stream.write(`${text}\n`);
  }

  /** Erases the line of a terminal before other output is written. */
  clear(): void {
    this.#line.clear();
  }
}
