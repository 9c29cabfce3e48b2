// Shovels: the values of runtime parameters of the component `shovel`.

import { BrokerError } from '../../errors.ts';
import type { JsonObject, JsonValue } from '../model.ts';
import { parseAmqpUri, parseShovelUri } from './amqp-uri.ts';

/** When a message is acknowledged at the source. */
export type AckMode = 'on-confirm' | 'on-publish' | 'no-ack';

/** Where a shovel takes messages. */
export interface ShovelSource {
  /** URIs, of which one is used at random. */
  readonly uris: readonly string[];
  /** The queue; undefined for a queue of the shovel that is bound to `exchange`. */
  readonly queue: string | undefined;
  readonly exchange: string;
  readonly exchangeKey: string;
  /** Maximum number of messages that are not acknowledged. */
  readonly prefetchCount: number;
  /** The number of messages after which the shovel deletes itself. */
  readonly deleteAfter: 'never' | 'queue-length' | number;
  /** Arguments of the consumer, and of the queue if it does not exist. */
  readonly consumerArguments: JsonObject;
  readonly queueArguments: JsonObject;
}

/** Where a shovel publishes messages. */
export interface ShovelDestination {
  readonly uris: readonly string[];
  readonly queue: string | undefined;
  /** Undefined for the exchange that the message was published to. */
  readonly exchange: string | undefined;
  /** Undefined for the routing key of the message. */
  readonly exchangeKey: string | undefined;
  readonly queueArguments: JsonObject;
  readonly addsForwardHeaders: boolean;
  readonly addsTimestampHeader: boolean;
  /** Properties of messages that are replaced, by their names in RabbitMQ. */
  readonly properties: JsonObject;
}

/** A shovel. */
export interface ShovelDefinition {
  readonly source: ShovelSource;
  readonly destination: ShovelDestination;
  readonly ackMode: AckMode;
  /** Seconds until a shovel that failed connects again; 0 for never. */
  readonly reconnectDelaySeconds: number;
}

/** Maximum number of URIs of one side. */
const uriCountMax = 32;
/** Maximum number of messages that are not acknowledged, which is what AMQP can express. */
const prefetchCountMax = 65_535;
const prefetchCountDefault = 1000;
const reconnectSecondsDefault = 5;
const reconnectSecondsMax = 86_400;

const ackModes: readonly AckMode[] = ['on-confirm', 'on-publish', 'no-ack'];

/** The properties that `dest-publish-properties` may replace. */
export const shovelProperties = [
  'content_type',
  'content_encoding',
  'delivery_mode',
  'priority',
  'correlation_id',
  'reply_to',
  'expiration',
  'message_id',
  'timestamp',
  'type',
  'user_id',
  'app_id',
  'cluster_id',
] as const;

/** The keys of a shovel. Two names of a key mean the same. */
const keys: ReadonlySet<string> = new Set([
  'src-protocol',
  'src-uri',
  'src-queue',
  'src-queue-args',
  'src-consumer-args',
  'src-exchange',
  'src-exchange-key',
  'src-prefetch-count',
  'prefetch-count',
  'src-delete-after',
  'delete-after',
  'dest-protocol',
  'dest-uri',
  'dest-queue',
  'dest-queue-args',
  'dest-exchange',
  'dest-exchange-key',
  'dest-add-forward-headers',
  'add-forward-headers',
  'dest-add-timestamp-header',
  'add-timestamp-header',
  'dest-publish-properties',
  'publish-properties',
  'ack-mode',
  'reconnect-delay',
]);

/**
 * Reads and checks a shovel.
 *
 * @param name the name of the shovel, for errors
 * @throws {BrokerError} `precondition-failed`; the text contains no password
 */
export function readShovel(name: string, value: JsonObject): ShovelDefinition {
  const fields = new Fields(name, value);
  fields.requireKnown(keys);
  for (const side of ['src-protocol', 'dest-protocol']) {
    const protocol = fields.text(side) ?? 'amqp091';
    if (protocol !== 'amqp091') {
      throw invalid(`${side} of ${name} is '${shown(protocol)}'; only 'amqp091' is supported`);
    }
  }
  const ackMode = fields.text('ack-mode') ?? 'on-confirm';
  const mode = ackModes.find((known) => known === ackMode);
  if (mode === undefined) {
    throw invalid(
      `ack-mode of ${name} should be one of ${ackModes.join(', ')}, actually was '${shown(ackMode)}'`,
    );
  }
  return {
    source: readSource(name, fields),
    destination: readDestination(name, fields),
    ackMode: mode,
    reconnectDelaySeconds:
      fields.number('reconnect-delay', 0, reconnectSecondsMax) ?? reconnectSecondsDefault,
  };
}

/**
 * The virtual hosts of this broker that a shovel connects to without a log-in, where it may do
 * everything.
 */
export function localVhostsOf({ source, destination }: ShovelDefinition): readonly string[] {
  return [...source.uris, ...destination.uris].flatMap((text) => {
    const { endpoint, vhost } = parseAmqpUri(text);
    return endpoint === undefined ? [vhost] : [];
  });
}

function readSource(name: string, fields: Fields): ShovelSource {
  const queue = fields.text('src-queue');
  const exchange = fields.text('src-exchange');
  if (queue === undefined && exchange === undefined) {
    throw invalid("Must specify 'src-exchange' or 'src-queue'");
  }
  if (queue !== undefined && exchange !== undefined) {
    throw invalid("Cannot specify 'src-exchange' and 'src-queue'");
  }
  if (queue === '') throw invalid(`src-queue of ${name} is empty`);
  return {
    uris: fields.uris('src-uri'),
    queue,
    exchange: exchange ?? '',
    exchangeKey: fields.text('src-exchange-key') ?? '',
    prefetchCount:
      fields.number('src-prefetch-count', 0, prefetchCountMax) ??
      fields.number('prefetch-count', 0, prefetchCountMax) ??
      prefetchCountDefault,
    deleteAfter:
      fields.deleteAfter('src-delete-after') ?? fields.deleteAfter('delete-after') ?? 'never',
    consumerArguments: fields.object('src-consumer-args'),
    queueArguments: fields.object('src-queue-args'),
  };
}

function readDestination(name: string, fields: Fields): ShovelDestination {
  const queue = fields.text('dest-queue');
  const exchange = fields.text('dest-exchange');
  if (queue !== undefined && exchange !== undefined) {
    throw invalid("Cannot specify 'dest-exchange' and 'dest-queue'");
  }
  if (queue === '') throw invalid(`dest-queue of ${name} is empty`);
  return {
    uris: fields.uris('dest-uri'),
    queue,
    exchange,
    exchangeKey: fields.text('dest-exchange-key'),
    queueArguments: fields.object('dest-queue-args'),
    addsForwardHeaders:
      fields.flag('dest-add-forward-headers') ?? fields.flag('add-forward-headers') ?? false,
    addsTimestampHeader:
      fields.flag('dest-add-timestamp-header') ?? fields.flag('add-timestamp-header') ?? false,
    properties: fields.properties(),
  };
}

/** The fields of a shovel. Texts of errors follow RabbitMQ. */
class Fields {
  readonly #name: string;
  readonly #value: JsonObject;

  constructor(name: string, value: JsonObject) {
    this.#name = name;
    this.#value = value;
  }

  requireKnown(known: ReadonlySet<string>): void {
    const others = Object.keys(this.#value).filter((key) => !known.has(key));
    const [first] = others;
    if (first === undefined) return;
    throw invalid(`Unrecognised terms '${shown(first)}' in ${this.#name}`);
  }

  #get(key: string): JsonValue | undefined {
    return Object.hasOwn(this.#value, key) ? this.#value[key] : undefined;
  }

  text(key: string): string | undefined {
    const value = this.#get(key);
    if (value === undefined || typeof value === 'string') return value;
    throw this.#wrong(key, 'binary');
  }

  flag(key: string): boolean | undefined {
    const value = this.#get(key);
    if (value === undefined || typeof value === 'boolean') return value;
    throw this.#wrong(key, 'boolean');
  }

  number(key: string, min: number, max: number): number | undefined {
    const value = this.#get(key);
    if (value === undefined) return undefined;
    if (typeof value !== 'number') throw this.#wrong(key, 'number');
    if (Number.isInteger(value) && value >= min && value <= max) return value;
    throw invalid(
      `${key} of ${this.#name} is ${value}; whole numbers from ${min} to ${max} are allowed`,
    );
  }

  deleteAfter(key: string): ShovelSource['deleteAfter'] | undefined {
    const value = this.#get(key);
    if (value === undefined || value === 'never' || value === 'queue-length') return value;
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
    throw invalid(
      `${key} of ${this.#name} should be a number greater than or equal to 0, "never" or "queue-length"`,
    );
  }

  /** An object; RabbitMQ writes empty objects as empty lists in some places. */
  object(key: string): JsonObject {
    const value = this.#get(key) ?? {};
    if (Array.isArray(value) && value.length === 0) return {};
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as JsonObject;
    }
    throw this.#wrong(key, 'a map');
  }

  /** One URI or a list of them. */
  uris(key: string): readonly string[] {
    const value = this.#get(key);
    if (value === undefined) throw invalid(`Key "${key}" not found in ${this.#name}`);
    const list = Array.isArray(value) ? (value as readonly JsonValue[]) : [value];
    if (list.length === 0 || list.length > uriCountMax) {
      throw invalid(
        `${key} of ${this.#name} has ${list.length} URIs; 1 to ${uriCountMax} are allowed`,
      );
    }
    return list.map((each) => {
      if (typeof each !== 'string') throw this.#wrong(key, 'binary');
      parseShovelUri(each);
      return each;
    });
  }

  properties(): JsonObject {
    const own = this.object('dest-publish-properties');
    const properties = Object.keys(own).length > 0 ? own : this.object('publish-properties');
    for (const [property, value] of Object.entries(properties)) {
      if (!shovelProperties.some((known) => known === property)) {
        throw invalid(
          `Unrecognised terms '${shown(property)}' in publish-properties of ${this.#name}`,
        );
      }
      const max = propertyMax[property];
      const isRight =
        max === undefined
          ? typeof value === 'string' && Buffer.byteLength(value) <= 255
          : typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max;
      if (isRight) continue;
      const allowed = max === undefined ? 'text of up to 255 bytes' : `a whole number up to ${max}`;
      throw invalid(`the property ${property} of ${this.#name} should be ${allowed}`);
    }
    return properties;
  }

  #wrong(key: string, expected: string): BrokerError {
    return invalid(`${key} of ${this.#name} should be ${expected}`);
  }
}

/** The properties that are numbers, with their maximum. */
const propertyMax: Readonly<Record<string, number>> = {
  delivery_mode: 2,
  priority: 255,
  timestamp: Number.MAX_SAFE_INTEGER,
};

/** A text of a request in an error. */
function shown(text: string): string {
  return text.slice(0, 100);
}

function invalid(text: string): BrokerError {
  return new BrokerError('precondition-failed', text);
}
