// The producers of a connection.

import {
  producerKey,
  type SequencedProducer,
} from '../../../broker/publishing/producer-sequences.ts';
import type { ProducerId, ProducerInfo } from '../codec/commands.gen.ts';
import { OpenWireError } from '../errors.ts';
import type { OpenWireHost } from '../host.ts';
import { idText, sessionText } from '../ids.ts';
import { keptInfo, nameLength, requireNames } from '../kept-info.ts';
import { countsMax } from '../limits.ts';

/** Number of producers that are searched in about a microsecond. */
const searchedPerUnit = 32;

/** A registered producer. */
export interface Producer extends SequencedProducer {
  readonly info: ProducerInfo;
  /** The text of the session that it belongs to. */
  readonly session: string;
}

/** The producers of a connection. */
export class Producers {
  readonly #host: OpenWireHost;
  readonly #byKey = new Map<string, Producer>();
  /** Length of the names of their destinations, in characters. */
  #namesLength = 0;
  /** The producer of the previous message, by the object that the cache of ids returns. */
  #lastId: ProducerId | undefined = undefined;
  #last: Producer | undefined = undefined;

  constructor(host: OpenWireHost) {
    this.#host = host;
  }

  /** @throws {OpenWireError} `invalid` if there are too many */
  add(info: ProducerInfo, id: ProducerId): void {
    const key = idText(id);
    if (this.#byKey.has(key)) return;
    if (this.#byKey.size >= countsMax.producers) {
      const why = `at maximum limit: ${countsMax.producers}`;
      const what = `Can't add producer on connection ${this.#host.connectionId}`;
      throw new OpenWireError('invalid', `${what}: ${why}`, 'state');
    }
    requireNames(this.#namesLength + nameLength(info));
    this.#namesLength += nameLength(info);
    const { user } = this.#host.access;
    const kept = keptInfo(info);
    const session = sessionText(id);
    this.#byKey.set(key, { info: kept, user, key: producerKey(user, key), session });
    this.#lastId = undefined;
    this.#host.shared.advisories.producer(kept, true);
  }

  /** Returns the producer with an id; undefined if it is not registered, which is permitted. */
  find(id: ProducerId): Producer | undefined {
    if (id === this.#lastId) return this.#last;
    const found = this.#byKey.get(idText(id));
    this.#lastId = id;
    this.#last = found;
    return found;
  }

  /** Returns whether the producer existed. */
  remove(id: ProducerId): boolean {
    const key = idText(id);
    const found = this.#byKey.get(key);
    this.#lastId = undefined;
    if (found === undefined) return false;
    this.#byKey.delete(key);
    this.#namesLength -= nameLength(found.info);
    this.#host.shared.advisories.producer(found.info, false);
    return true;
  }

  /** Removes the producers of a session, or all, in steps. */
  *close(session: string | undefined): Generator<void> {
    this.#host.gate.count(this.#byKey.size / searchedPerUnit);
    const closed = [...this.#byKey.values()].filter(
      (producer) => session === undefined || producer.session === session,
    );
    for (const { producerId } of closed.map(({ info }) => info)) {
      if (producerId !== undefined) this.remove(producerId);
      yield;
    }
  }
}
