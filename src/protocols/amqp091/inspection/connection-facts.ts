// What is kept of a connection for administration.

import { argumentsToJson } from '../../../broker/rabbitmq/json-arguments.ts';
import type { JsonObject } from '../../../broker/rabbitmq/model.ts';
import type { ConnectionStartOk, ConnectionTuneOk } from '../codec/methods.gen.ts';
import type { FieldTable } from '../codec/tables.ts';

/** Most clients send the same properties, so that connections share them. */
const sharedCountMax = 256;
const shared = new Map<string, string>();

function sharedText(text: string): string {
  const found = shared.get(text);
  if (found !== undefined) return found;
  if (shared.size >= sharedCountMax) shared.clear();
  shared.set(text, text);
  return text;
}

/** The property with the name that the client gave to the connection. */
const nameProperty = 'connection_name';

/** What a client states about itself. */
interface Statement {
  readonly of: FieldTable;
  readonly name: string | undefined;
  /** The properties without the name, as JSON. */
  readonly properties: string;
}

/** The last one: a client that connects again has the same table. */
let last: Statement = { of: {}, name: undefined, properties: '{}' };

function statementOf(table: FieldTable): Statement {
  if (table === last.of) return last;
  const { [nameProperty]: name, ...others } = argumentsToJson(table);
  last = {
    of: table,
    name: typeof name === 'string' ? name : undefined,
    properties: sharedText(JSON.stringify(others)),
  };
  return last;
}

/** Facts about a connection that no other part of it needs. */
export class ConnectionFacts {
  /** `PLAIN` */
  mechanism = '';
  /** The name that the client gave. */
  name: string | undefined = undefined;
  channelMax = 0;
  /** Seconds; 0 for none. */
  heartbeatSeconds = 0;
  /** Milliseconds since 1970. */
  connectedAtMs = 0;
  receivedBytes = 0;
  /** The properties of the client without the name, as JSON. */
  #properties = '{}';

  /** Keeps what the client states about itself: at most a frame of 4096 bytes. */
  started({ mechanism, clientProperties }: ConnectionStartOk): void {
    this.mechanism = mechanism;
    const { name, properties } = statementOf(clientProperties);
    this.name = name;
    this.#properties = properties;
  }

  tuned({ channelMax, heartbeat }: ConnectionTuneOk): void {
    this.channelMax = channelMax;
    this.heartbeatSeconds = heartbeat;
  }

  /** The properties of the client. */
  get clientProperties(): JsonObject {
    const others = JSON.parse(this.#properties) as JsonObject; // what `started` wrote
    return this.name === undefined ? others : { ...others, [nameProperty]: this.name };
  }
}
