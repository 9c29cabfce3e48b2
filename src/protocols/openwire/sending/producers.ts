// The producers of a connection.

import type { ProducerId, ProducerInfo } from '../codec/commands.gen.ts';
import { OpenWireError } from '../errors.ts';
import type { OpenWireHost } from '../host.ts';
import { idText, sessionText } from '../ids.ts';
import { countsMax } from '../limits.ts';

/** A registered producer. */
export interface Producer {
  readonly info: ProducerInfo;
  /** The text of its id. */
  readonly key: string;
}

/** The producers of a connection. */
export class Producers {
  readonly #host: OpenWireHost;
  readonly #byKey = new Map<string, Producer>();
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
    this.#byKey.set(key, { info, key });
    this.#lastId = undefined;
    this.#host.shared.advisories.producer(info, true);
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
    this.#host.shared.advisories.producer(found.info, false);
    return true;
  }

  /** Removes the producers of a session, or all. */
  close(session: string | undefined): void {
    for (const { info } of [...this.#byKey.values()]) {
      const { producerId } = info;
      if (producerId === undefined) continue;
      if (session === undefined || sessionText(producerId) === session) this.remove(producerId);
    }
  }
}
