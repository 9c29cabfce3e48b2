// Changes that the configuration makes to messages of clients.

import type { Address } from '../../conversion/properties.ts';
import type { Publication } from '../../publication.ts';
import type { ActiveMqConfiguration } from '../configuration.ts';

/** The properties of a message that may change. */
export interface Terms {
  readonly isPersistent: boolean;
  /** Time to live from now, milliseconds; negative for none. */
  readonly ttlMs: number;
  /** The sender's timestamp, milliseconds since 1970; 0 for none. */
  readonly createdAtMs: number;
}

/** The beginning of the names of dead-letter queues, whose messages keep their times. */
const deadLetterPrefix = 'ActiveMQ.DLQ';

function isDeadLetter({ name }: Address): boolean {
  return name.startsWith(deadLetterPrefix);
}

/** Applies forced persistence and the time stamps of the broker. */
export class MessageTerms {
  readonly #configuration: Pick<ActiveMqConfiguration, 'forcedPersistence' | 'timeStamping'>;
  /** Whether nothing ever changes. */
  readonly areUnchanged: boolean;

  constructor(configuration: Pick<ActiveMqConfiguration, 'forcedPersistence' | 'timeStamping'>) {
    const { forcedPersistence, timeStamping } = configuration;
    this.#configuration = configuration;
    this.areUnchanged = forcedPersistence === undefined && timeStamping === undefined;
  }

  /** Returns the properties that a message has instead. Protocols encode these. */
  adjusted(terms: Terms, address: Address, nowMs: number): Terms {
    if (this.areUnchanged) return terms;
    const isPersistent = this.#configuration.forcedPersistence ?? terms.isPersistent;
    const { timeStamping } = this.#configuration;
    const { createdAtMs } = terms;
    const isKept =
      timeStamping === undefined ||
      createdAtMs <= 0 ||
      isDeadLetter(address) ||
      (timeStamping.isFutureOnly && createdAtMs >= nowMs);
    if (isKept) return { ...terms, isPersistent };
    // The sender's clock may be wrong, so its expiration counts from its own timestamp.
    const sentTtlMs = terms.ttlMs < 0 ? -1 : Math.max(0, terms.ttlMs + nowMs - createdAtMs);
    return { isPersistent, ttlMs: this.#ttlMs(sentTtlMs), createdAtMs: nowMs };
  }

  #ttlMs(ttlMs: number): number {
    const { ttlMsDefault = 0, ttlMsMax = 0 } = this.#configuration.timeStamping ?? {};
    const wanted = ttlMs >= 0 ? ttlMs : ttlMsDefault > 0 ? ttlMsDefault : -1;
    if (ttlMsMax <= 0) return wanted;
    return wanted < 0 ? -1 : Math.min(wanted, ttlMsMax);
  }

  /**
   * Enforces persistence and time to live, whatever the protocol has encoded. Has no further effect
   * after {@link adjusted}.
   */
  apply(publication: Publication, address: Address): void {
    const { forcedPersistence, timeStamping } = this.#configuration;
    if (forcedPersistence !== undefined) publication.isPersistent = forcedPersistence;
    if (timeStamping === undefined || timeStamping.isFutureOnly || isDeadLetter(address)) return;
    publication.expirationMs = this.#ttlMs(publication.expirationMs);
  }
}
