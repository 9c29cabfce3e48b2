// The last message of each producer, to recognise messages that are sent again.

import type { Limits } from '../limits.ts';
import { BoundedByUser } from './bounded-by-user.ts';

/** The last stored message of a producer, as stored in the log. */
export interface ProducerChange {
  readonly kind: 'producer-sequence';
  /** See {@link SequencedProducer.key}. */
  readonly producer: string;
  readonly sequence: number;
}

/** A producer whose messages are numbered. */
export interface SequencedProducer {
  readonly user: string;
  /** The name of the producer for all users, from {@link producerKey}. */
  readonly key: string;
}

/** The interface to the broker. */
interface SequencesHost {
  readonly limits: Pick<Limits, 'producerSequenceCountMax' | 'producerSequenceTotalMax'>;
  define(change: ProducerChange): void;
}

/**
 * The numbers of the last messages of producers that number their messages and, after a lost
 * connection, send those again that were not confirmed. They survive restarts. Of a user with many
 * producers, those that have sent nothing for the longest time are forgotten first.
 */
export class ProducerSequences {
  readonly #host: SequencesHost;
  readonly #last: BoundedByUser<number>;

  constructor(host: SequencesHost) {
    this.#host = host;
    this.#last = new BoundedByUser({
      get countMax() {
        return host.limits.producerSequenceCountMax;
      },
      get totalMax() {
        return host.limits.producerSequenceTotalMax;
      },
    });
  }

  /** Whether a producer's message was stored before. */
  isRepeated({ user, key }: SequencedProducer, sequence: number): boolean {
    return sequence <= (this.#last.get(user, key) ?? -1);
  }

  /**
   * Notes a stored message. Call it in the batch in which the message is stored, so that both are
   * recovered or neither is.
   */
  stored(producer: SequencedProducer, sequence: number): void {
    if (this.isRepeated(producer, sequence)) return;
    const { user, key } = producer;
    this.#host.define({ kind: 'producer-sequence', producer: key, sequence });
    this.#last.set(user, key, sequence);
  }

  /** Applies a change from the log. */
  apply({ producer, sequence }: ProducerChange): void {
    this.#last.set(userOf(producer), producer, sequence);
  }

  /** The changes that recreate the state. */
  *snapshot(): Generator<ProducerChange> {
    for (const [producer, sequence] of this.#last.entries()) {
      yield { kind: 'producer-sequence', producer, sequence };
    }
  }
}

/** Returns the key of a producer. Ids are the clients' own, so that two users can use the same one. */
export function producerKey(user: string, id: string): string {
  return JSON.stringify([user, id]);
}

/** The user of a key; empty if it is not a key of this form. */
function userOf(key: string): string {
  try {
    const parts: unknown = JSON.parse(key);
    return Array.isArray(parts) ? String(parts[0]) : '';
  } catch {
    return '';
  }
}
