// The journal of brokers.

import { assert } from '../base/assert.ts';
import type { Entry, Journal } from '../storage/journal.ts';
import { currentRecord, currentUpdate, type StoredChange } from './broker-migration.ts';
import type { BrokerChange, BrokerRecord } from './broker-record.ts';
import { ControlError } from './errors.ts';

/** A page of a list. */
export interface Page<T> {
  readonly items: readonly T[];
  /** Undefined on the last page. */
  readonly nextToken: string | undefined;
}

/** The records of all brokers, stored in a journal. */
export class Brokers implements Journal<StoredChange> {
  readonly name = 'mq';
  readonly #byId = new Map<string, BrokerRecord>();

  /** Applies a change, which may have been written by an earlier release. */
  apply(change: StoredChange): void {
    if ('created' in change) {
      const created = currentRecord(change.created);
      this.#byId.set(created.id, created);
    } else if ('updated' in change) {
      const broker = this.#byId.get(change.updated);
      // The broker may have been deleted in the meantime.
      if (broker === undefined) return;
      this.#byId.set(broker.id, { ...broker, ...currentUpdate(broker, change.set) });
    } else {
      this.#byId.delete(change.removed);
    }
  }

  *snapshot(): Iterable<BrokerChange> {
    for (const created of this.#byId.values()) yield { created };
  }

  /** A change of this journal that is ready to be committed. */
  entry(change: BrokerChange): Extract<Entry, { journal: string }> {
    return { journal: this.name, change };
  }

  get(id: string): BrokerRecord | undefined {
    return this.#byId.get(id);
  }

  /** @throws {ControlError} 'not-found' */
  require(id: string): BrokerRecord {
    const broker = this.#byId.get(id);
    if (broker === undefined) throw unknownBroker(id);
    return broker;
  }

  /**
   * Returns the broker that an ARN names.
   *
   * @throws {ControlError} 'not-found'
   */
  requireArn(arn: string): BrokerRecord {
    const broker = this.#byId.get(arn.slice(arn.lastIndexOf(':') + 1));
    if (broker?.arn !== arn) throw unknownBroker(arn, 'resource-arn');
    return broker;
  }

  /** All brokers, in no particular order. */
  all(): Iterable<BrokerRecord> {
    return this.#byId.values();
  }

  withName(name: string): BrokerRecord | undefined {
    return this.#find((broker) => broker.name === name);
  }

  withToken(token: string): BrokerRecord | undefined {
    return this.#find((broker) => broker.creation?.token === token);
  }

  #find(matches: (broker: BrokerRecord) => boolean): BrokerRecord | undefined {
    for (const broker of this.#byId.values()) if (matches(broker)) return broker;
    return undefined;
  }

  /**
   * Lists brokers, newest first. Brokers created or deleted between two pages do not affect the
   * others.
   *
   * @param limit 1 to 100
   * @throws {ControlError} 'bad-request' if the token does not belong to this list
   */
  list(limit: number, nextToken: string | undefined): Page<BrokerRecord> {
    const after = nextToken === undefined ? undefined : decodePlace(nextToken);
    const later = [...this.#byId.values()]
      .filter((broker) => after === undefined || place(broker) < after)
      .sort((a, b) => (place(a) < place(b) ? 1 : -1));
    const items = later.slice(0, limit);
    const last = items.at(-1);
    const more = later.length > items.length;
    assert(!more || last !== undefined, 'a page before the last one is empty');
    return { items, nextToken: more && last ? encodePlace(last) : undefined };
  }
}

/** A string that sorts brokers by creation time. */
function place({ createdMs, id }: BrokerRecord): string {
  return `${String(createdMs).padStart(15, '0')}/${id}`;
}

function encodePlace(broker: BrokerRecord): string {
  return Buffer.from(place(broker)).toString('base64url');
}

function decodePlace(token: string): string {
  const text = Buffer.from(token, 'base64url').toString('utf8');
  if (!/^\d{15}\/b-[0-9a-f-]{36}$/.test(text)) {
    throw new ControlError(
      'bad-request',
      'The next token does not belong to this list.',
      'nextToken',
    );
  }
  return text;
}

function unknownBroker(id: string, attribute = 'broker-id'): ControlError {
  return new ControlError(
    'not-found',
    `Can't find requested broker [${id}]. Make sure your broker exists.`,
    attribute,
  );
}
