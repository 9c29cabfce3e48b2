// Wills: messages that are published when a connection ends without DISCONNECT.

import { Publication } from '../../../broker/publication.ts';
import type { Ticking } from '../../../broker/turns/turns.ts';
import type { Access } from '../../../broker/users.ts';
import type { Version } from '../codec/packets.ts';
import type { PropertyList } from '../codec/properties.ts';
import type { VhostDialect } from '../dialect.ts';
import { toMqttError } from '../errors.ts';
import { prepare, store } from './messages.ts';

/** Units of work for a will besides its route, of about a microsecond each. */
const publishUnits = 16;

/** The will of a connection. */
export interface Will {
  /** The version of its client. */
  readonly version: Version;
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: number;
  readonly isRetained: boolean;
  readonly properties: PropertyList;
  /** Seconds between the end of the connection and the message. */
  readonly delaySeconds: number;
  /** Its fields in CONNECT: properties (MQTT 5), topic and payload. */
  readonly content: Buffer;
}

/** A will and the client that it belongs to. */
export interface OwnedWill {
  readonly will: Will;
  readonly clientId: string;
  readonly access: Access;
}

/**
 * Publishes a will. The rights are those of its client now. A refusal has nobody to be reported to.
 */
export function publishWill(dialect: VhostDialect, { will, clientId, access }: OwnedWill): void {
  const { broker, terms } = dialect;
  const { topic, payload, isRetained, properties } = will;
  if (dialect.isIgnored(topic)) return;
  const qos = Math.min(will.qos, terms.qosMax);
  const publication = new Publication();
  const { priority } = terms;
  prepare(publication, { qos, isRetained, properties, origin: clientId, priority });
  publication.addPart(payload, 0, payload.length);
  try {
    const target = dialect.target(topic);
    const route = target.route(publication, access, [clientId]);
    broker.background.spend(publishUnits + Math.floor(target.routeUnits));
    const { rest } = store(dialect, target, publication, route, isRetained);
    if (rest !== undefined) broker.background.run(rest);
    target.stored(publication, route);
  } catch (error) {
    if (toMqttError(error).code === 'internal') throw error;
  }
  broker.store.log.sync();
}

/** Something that happens to a session at a time, unless its client connects before. */
export class SessionTimer implements Ticking {
  timerMs = Infinity;
  timerAt = -1;
  readonly #due: () => void;

  constructor(due: () => void) {
    this.#due = due;
  }

  tick(_nowMs: number): void {
    this.#due();
  }
}
