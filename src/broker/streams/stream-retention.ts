// The retention of a stream.

import type { StreamIndex } from '../../storage/streams/stream-index.ts';
import type { QueueHost } from '../queue-host.ts';
import type { QueueSettings } from '../queue-options.ts';
import type { Ticking } from '../turns/turns.ts';

/** Milliseconds between two removals by age, at least. */
const pauseMs = 1000;

/** A stream whose oldest segments are removed. */
interface RetainedStream extends Ticking {
  readonly index: StreamIndex;
  readonly settings: QueueSettings;
  readonly isDeleted: boolean;
  /** The number before which all messages are on disk. */
  readonly committed: number;
}

/**
 * Removes the oldest segments of a stream while it is larger than its maximum size, and those whose
 * messages are all older than its maximum age. The last segment always stays.
 */
export class StreamRetention {
  readonly #host: QueueHost;
  readonly #stream: RetainedStream;
  #isRunning = false;

  constructor(host: QueueHost, stream: RetainedStream) {
    this.#host = host;
    this.#stream = stream;
  }

  /** Removes what is no longer retained, in the background, and schedules the next check. */
  check(): void {
    const { background } = this.#host.turns;
    if (this.#isRunning || this.#stream.isDeleted || this.#host.isRecovering) return;
    if (this.#excessEnd() < 0) {
      this.#schedule();
      return;
    }
    this.#isRunning = true;
    background.run(this.#remove());
  }

  *#remove(): Generator<void> {
    try {
      for (let to = this.#excessEnd(); to >= 0; to = this.#excessEnd()) {
        this.#host.store.truncate(this.#stream.index, to);
        yield;
      }
    } finally {
      this.#isRunning = false;
      this.#schedule();
    }
  }

  /** The number before which the oldest segment ends, if it is to be removed; otherwise -1. */
  #excessEnd(): number {
    const { index, settings, isDeleted, committed } = this.#stream;
    if (isDeleted) return -1;
    const end = index.excessEnd(settings.bytesMax, this.#host.nowMs() - settings.maxAgeMs);
    return end <= committed ? end : -1;
  }

  #schedule(): void {
    const { index, settings, isDeleted } = this.#stream;
    const dueMs = index.oldestMs + settings.maxAgeMs;
    if (isDeleted || dueMs === Infinity) return;
    const { turns } = this.#host;
    turns.schedule(this.#stream, Math.max(dueMs + 1, this.#host.nowMs() + pauseMs));
  }
}
