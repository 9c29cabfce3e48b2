// The progress of a transfer, in one line of a terminal.

import type { ProgressStream } from '../progress-line.ts';

/** Minimum interval between updates, milliseconds: on a terminal, and otherwise. */
const terminalMs = 200;
const plainMs = 10_000;
const clearLine = '\r\u001b[K';

/** Shows how many messages have been moved. Not on a terminal, it writes a line every 10 seconds. */
export class CountLine {
  readonly #stream: ProgressStream;
  readonly #nowMs: () => number;
  #nextAtMs: number;
  #isShown = false;

  /** @param nowMs monotonic clock, milliseconds */
  constructor(stream: ProgressStream, nowMs: () => number) {
    this.#stream = stream;
    this.#nowMs = nowMs;
    this.#nextAtMs = nowMs() + (stream.isTTY === true ? 0 : plainMs);
  }

  /** Shows the progress, at most once per interval. */
  show(count: number, expectedCount: number): void {
    const nowMs = this.#nowMs();
    if (nowMs < this.#nextAtMs) return;
    const isTerminal = this.#stream.isTTY === true;
    this.#nextAtMs = nowMs + (isTerminal ? terminalMs : plainMs);
    const text = `moving: ${count} of about ${Math.max(count, expectedCount)} messages`;
    this.#isShown = isTerminal;
    this.#stream.write(isTerminal ? `${clearLine}${text}` : `${text}\n`);
  }

  /** Erases the line, so that other output can be written. */
  clear(): void {
    if (this.#isShown) this.#stream.write(clearLine);
    this.#isShown = false;
  }
}
