// A running shovel: it connects both sides, forwards messages, and connects again after failures.

import type { Duplex } from 'node:stream';
import type { Clock, Timer } from '../../base/clock.ts';
import { WaxwingError } from '../../base/errors.ts';
import type { Random } from '../../base/random.ts';
import { argumentsFromJson } from '../../broker/rabbitmq/json-arguments.ts';
import type { JsonObject, JsonValue } from '../../broker/rabbitmq/model.ts';
import { type AmqpUri, hasMasked, parseShovelUri } from '../../broker/rabbitmq/shovels/amqp-uri.ts';
import {
  readShovel,
  type ShovelDefinition,
  type ShovelSource,
} from '../../broker/rabbitmq/shovels/shovel-definition.ts';
import type { ClientChannel } from '../amqp/channel.ts';
import { AmqpClient } from '../amqp/client.ts';
import { dial } from '../amqp/dial.ts';
import { TransferError } from '../errors.ts';
import { Forwarding, type WaitingBytes } from '../forwarding.ts';
import { PublishedMessages } from './published-messages.ts';

/** What a shovel needs of its surroundings. */
export interface ShovelHost {
  readonly clock: Clock;
  readonly random: Random;
  /** Certificates of authorities besides the public ones, PEM. */
  readonly authorities: readonly string[];
  readonly brokerName: string;
  readonly waiting: WaitingBytes;
  /** Connects to this broker itself, in a virtual host, without a log-in. */
  connectLocally(vhost: string): Duplex;
}

/** Events of a shovel. */
export interface ShovelEvents {
  changed(state: ShovelState): void;
  moved(): void;
  /** The shovel has moved the number of messages after which it is deleted. */
  completed(): void;
}

/** The state of a shovel. */
export type ShovelState =
  | { readonly name: 'starting' }
  | { readonly name: 'running'; readonly sourceUri: string; readonly destinationUri: string }
  | { readonly name: 'terminated'; readonly reason: string };

/** Maximum time to connect one side, milliseconds. */
const connectMsMax = 30_000;
/** Pause after a destination refused a message, milliseconds: it is probably full. */
const refusedPauseMs = 1000;
/** Maximum size of the arguments of a queue or consumer, bytes. */
const argumentsBytesMax = 16 * 1024;

/** Both sides of a shovel that is connected. */
interface Connected {
  readonly source: AmqpClient;
  readonly destination: AmqpClient;
  readonly forwarding: Forwarding;
}

/** A shovel, which runs from `start` to `stop`. */
export class Shovel {
  readonly vhost: string;
  readonly name: string;
  readonly #value: JsonValue;
  readonly #host: ShovelHost;
  readonly #events: ShovelEvents;
  #clients: AmqpClient[] = [];
  #connected: Connected | undefined = undefined;
  #again: Timer | undefined = undefined;
  #pause: Timer | undefined = undefined;
  #isStopped = false;
  /** Incremented with each attempt, so that what an earlier one reports has no effect. */
  #attempt = 0;

  /** @param value the value of the parameter, with passwords */
  constructor(
    { vhost, name, value }: { vhost: string; name: string; value: JsonValue },
    host: ShovelHost,
    events: ShovelEvents,
  ) {
    this.vhost = vhost;
    this.name = name;
    this.#value = value;
    this.#host = host;
    this.#events = events;
  }

  /** Connects and begins to forward. */
  start(): void {
    const attempt = ++this.#attempt;
    this.#events.changed({ name: 'starting' });
    let definition: ShovelDefinition;
    try {
      // It was checked when it was set, by this or an earlier release.
      definition = readShovel(this.name, this.#value as JsonObject);
      if (hasMasked(this.#value)) {
        throw new TransferError('login-refused', 'a password is masked: set the shovel again');
      }
    } catch (error) {
      this.#events.changed({ name: 'terminated', reason: reasonOf(error) });
      return;
    }
    this.#connect(definition, attempt).catch((error: unknown) => {
      this.#failed(definition, attempt, reasonOf(error));
    });
  }

  /** Disconnects both sides. Messages without a confirm remain at the source. */
  stop(): void {
    this.#isStopped = true;
    this.#attempt++;
    this.#disconnect();
    this.#again?.clear();
  }

  #disconnect(): void {
    this.#pause?.clear();
    this.#connected?.forwarding.stop();
    this.#connected = undefined;
    for (const client of this.#clients.splice(0)) client.destroy();
  }

  #failed({ reconnectDelaySeconds }: ShovelDefinition, attempt: number, reason: string): void {
    if (attempt !== this.#attempt) return;
    this.#attempt++;
    this.#disconnect();
    this.#events.changed({ name: 'terminated', reason });
    if (reconnectDelaySeconds === 0) return;
    const { clock } = this.#host;
    this.#again = clock.setTimeout(() => this.start(), reconnectDelaySeconds * 1000);
  }

  async #connect(definition: ShovelDefinition, attempt: number): Promise<void> {
    const sourceUri = this.#choose(definition.source.uris);
    const destinationUri = this.#choose(definition.destination.uris);
    const source = await this.#open(sourceUri, attempt, 'source');
    const destination = await this.#open(destinationUri, attempt, 'destination');
    const from = await source.openChannel();
    const { queue, countMax } = await prepareSource(source, from, definition);
    const to = await prepareDestination(destination, definition);
    if (attempt !== this.#attempt) return;
    const forwarding = new Forwarding({
      source: from,
      destination: to,
      ackMode: ackModeOf(definition),
      countMax,
      waiting: this.#host.waiting,
      outgoing: this.#published(definition, sourceUri, destinationUri).of,
      events: {
        moved: () => this.#events.moved(),
        refused: () => this.#refused(source, attempt),
        completed: () => this.#completed(attempt),
        ended: (side, reason) => this.#failed(definition, attempt, `${side}: ${reason}`),
      },
    });
    this.#connected = { source, destination, forwarding };
    const state = { sourceUri: sourceUri.shown, destinationUri: destinationUri.shown };
    this.#events.changed({ name: 'running', ...state });
    if (countMax === 0) {
      this.#completed(attempt);
      return;
    }
    const isAcknowledged = ackModeOf(definition) !== 'no-ack';
    const { consumerArguments } = definition.source;
    await from.consume(queue, {
      isAcknowledged,
      arguments: tableOf(consumerArguments, 'consumer'),
    });
  }

  #published(definition: ShovelDefinition, sourceUri: AmqpUri, destinationUri: AmqpUri) {
    const { brokerName, clock } = this.#host;
    const { vhost, name } = this;
    const uris = { sourceUri: sourceUri.shown, destinationUri: destinationUri.shown };
    const place = { vhost, name, brokerName, ...uris };
    const { source, destination } = definition;
    return new PublishedMessages(source, destination, place, () => clock.nowMs());
  }

  #choose(uris: readonly string[]): AmqpUri {
    const at = uris.length > 1 ? this.#host.random.bytes(2).readUInt16BE(0) % uris.length : 0;
    return parseShovelUri(uris[at] ?? '');
  }

  async #open(uri: AmqpUri, attempt: number, side: string): Promise<AmqpClient> {
    try {
      const client = await this.#openClient(uri);
      if (attempt !== this.#attempt || this.#isStopped) {
        client.destroy();
        throw new TransferError('connection-failed', 'the shovel was stopped');
      }
      this.#clients.push(client);
      return client;
    } catch (error) {
      const { shown } = uri;
      if (!(error instanceof TransferError)) throw error;
      throw new TransferError(error.code, `${side} ${shown}: ${error.message}`, { cause: error });
    }
  }

  async #openClient(uri: AmqpUri): Promise<AmqpClient> {
    const { clock, authorities } = this.#host;
    const { endpoint, username, password, vhost, heartbeatSeconds, channelMax } = uri;
    const timeoutMs =
      uri.timeoutMs === undefined || uri.timeoutMs === 0 ? connectMsMax : uri.timeoutMs;
    const stream =
      endpoint === undefined
        ? this.#host.connectLocally(vhost)
        : await dial(endpoint, { authorities, clock, timeoutMs });
    return AmqpClient.open(stream, {
      clock,
      username,
      password,
      vhost,
      timeoutMs,
      isInternal: endpoint === undefined,
      connectionName: `Shovel ${this.name}`,
      // A connection inside this program cannot become silent.
      heartbeatSeconds: endpoint === undefined ? 0 : heartbeatSeconds,
      channelMax,
    });
  }

  #refused(source: AmqpClient, attempt: number): void {
    if (this.#pause !== undefined) return;
    source.pause(this);
    this.#pause = this.#host.clock.setTimeout(() => {
      this.#pause = undefined;
      if (attempt === this.#attempt) source.resume(this);
    }, refusedPauseMs);
  }

  /** Closes both sides in an orderly way, so that the acknowledgements arrive. */
  #completed(attempt: number): void {
    if (attempt !== this.#attempt) return;
    this.#attempt++;
    const clients = this.#clients.splice(0);
    this.#pause?.clear();
    this.#connected = undefined;
    Promise.all(clients.map((client) => client.close())).then(
      () => this.#events.completed(),
      () => this.#events.completed(),
    );
  }
}

/**
 * With a limited number of messages, those beyond it must stay at the source, which they would not
 * without acknowledgements.
 */
function ackModeOf({ ackMode, source }: ShovelDefinition) {
  return ackMode === 'no-ack' && source.deleteAfter !== 'never' ? 'on-publish' : ackMode;
}

/** Declares what the shovel consumes from, and finds out how many messages it moves. */
async function prepareSource(
  client: AmqpClient,
  channel: ClientChannel,
  definition: ShovelDefinition,
): Promise<{ readonly queue: string; readonly countMax: number }> {
  const { source } = definition;
  const { queue, messageCount } = await sourceQueue(client, channel, source);
  const { deleteAfter, prefetchCount } = source;
  const isLength = deleteAfter === 'queue-length';
  const countMax = isLength ? messageCount : deleteAfter === 'never' ? Infinity : deleteAfter;
  if (ackModeOf(definition) !== 'no-ack') {
    const isFew = countMax < prefetchCount || (prefetchCount === 0 && countMax <= 65_535);
    await channel.setPrefetch(isFew ? Math.max(1, countMax) : prefetchCount);
  }
  return { queue, countMax };
}

async function sourceQueue(client: AmqpClient, channel: ClientChannel, source: ShovelSource) {
  if (source.queue !== undefined) {
    const messageCount = await ensureQueue(client, source.queue, source.queueArguments);
    return { queue: source.queue, messageCount };
  }
  const { queue } = await channel.declareQueue('', { isExclusive: true });
  await channel.bindQueue(queue, source.exchange, source.exchangeKey);
  return { queue, messageCount: 0 };
}

async function prepareDestination(
  client: AmqpClient,
  definition: ShovelDefinition,
): Promise<ClientChannel> {
  const { queue, queueArguments } = definition.destination;
  if (queue !== undefined) await ensureQueue(client, queue, queueArguments);
  const channel = await client.openChannel();
  if (ackModeOf(definition) === 'on-confirm') await channel.confirmSelect();
  return channel;
}

/**
 * Declares a durable queue unless it exists. An existing one may have any properties.
 *
 * @returns the number of its messages that are ready
 */
export async function ensureQueue(
  client: AmqpClient,
  queue: string,
  args: JsonObject,
): Promise<number> {
  const trial = await client.openChannel();
  try {
    const { messageCount } = await trial.declareQueue(queue, { isPassive: true });
    await trial.close();
    return messageCount;
  } catch (error) {
    if (!(error instanceof TransferError) || error.replyCode !== 404) throw error;
  }
  const channel = await client.openChannel();
  const declared = { isDurable: true, arguments: tableOf(args, `queue '${queue}'`) };
  const { messageCount } = await channel.declareQueue(queue, declared);
  await channel.close();
  return messageCount;
}

function tableOf(args: JsonObject, subject: string) {
  return argumentsFromJson(args, subject, argumentsBytesMax);
}

/** The reason of a failure. Errors of this program are thrown on. */
function reasonOf(error: unknown): string {
  if (error instanceof WaxwingError) return error.message;
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
