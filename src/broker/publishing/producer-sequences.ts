// The last message of each producer, to recognise messages that are sent again.

import type { Limits } from '../limits.ts';

/** The last stored message of a producer, as stored in the log. */
export interface ProducerChange {
  readonly kind: 'producer-sequence';
  readonly producer: string;
  readonly sequence: number;
}

/** The interface to the broker. */
interface SequencesHost {
  readonly limits: Pick<Limits, 'producerSequenceCountMax'>;
  define(change: ProducerChange): void;
}

/**
 * The numbers of the last messages of producers that number their messages and, after a lost
 * connection, send those again that were not confirmed. They survive restarts. The producers that
 * have sent nothing for the longest time are forgotten first.
 */
export class ProducerSequences {
  readonly #host: SequencesHost;
  readonly #last = new Map<string, number>();

  constructor(host: SequencesHost) {
    this.#host = host;
  }

  /** Whether a producer's message was stored before. */
  isRepeated(producer: string, sequence: number): boolean {
    return sequence <= (this.#last.get(producer) ?? -1);
  }

  /**
   * Notes a stored message. Call it in the batch in which the message is stored, so that both are
   * recovered or neither is.
   */
  stored(producer: string, sequence: number): void {
    if (this.isRepeated(producer, sequence)) return;
    const change = { kind: 'producer-sequence', producer, sequence } as const;
    this.#host.define(change);
    this.apply(change);
  }

  /** Applies a change from the log. */
  apply({ producer, sequence }: ProducerChange): void {
    this.#last.delete(producer);
    this.#last.set(producer, sequence);
    if (this.#last.size <= this.#host.limits.producerSequenceCountMax) return;
    const [oldest] = this.#last.keys();
    if (oldest !== undefined) this.#last.delete(oldest);
  }

  /** The changes that recreate the state. */
  *snapshot(): Generator<ProducerChange> {
    for (const [producer, sequence] of this.#last) {
      yield { kind: 'producer-sequence', producer, sequence };
    }
  }
}
