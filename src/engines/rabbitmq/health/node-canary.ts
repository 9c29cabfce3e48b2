// A connection to a node over TLS, by which the node confirms messages to a quorum queue.

import type { Duplex } from 'node:stream';
import { systemClock } from '../../../base/clock.ts';
import { isOlder } from '../../../control/offers/offers.ts';
import type { ClientChannel } from '../../../transfer/amqp/channel.ts';
import { AmqpClient } from '../../../transfer/amqp/client.ts';
import { TransferError } from '../../../transfer/errors.ts';
import { healthVhost } from '../../../transfer/health-vhost.ts';
import { healthQueue } from '../nodes/definitions.ts';
import type { NodeAccess } from '../nodes/node-api.ts';
import type { NodeAddress } from '../nodes/node-place.ts';
import { dialNode } from './dial-node.ts';

/** Time for a connection, for its log-in, for a declaration, and for a confirm; milliseconds. */
const answerMs = 5000;
/** The age at which a message expires, milliseconds. */
const messageMs = 5000;

/** The reply code for a queue that has other arguments. */
const preconditionFailed = 406;

/** The property flags of a persistent message, and its delivery mode. */
const persistent = Buffer.from([0x10, 0x00, 0x02]);
const body = Buffer.from('health');

/** An open connection to a node. */
export class NodeCanary {
  readonly #client: AmqpClient;
  #channel: ClientChannel | undefined = undefined;
  /** Whether the queue has an age for its messages, as far as known. */
  #hasAge: boolean;

  private constructor(client: AmqpClient, version: string) {
    this.#client = client;
    // Quorum queues know ages from RabbitMQ 3.10.
    this.#hasAge = !isOlder(version, '3.10');
  }

  /**
   * Connects to a node and logs in.
   *
   * @param signal gives the attempt up
   * @throws {TransferError}
   */
  static async open(
    node: NodeAddress,
    { username, password, authority, serverName }: NodeAccess,
    signal: AbortSignal,
  ): Promise<NodeCanary> {
    const to = { host: node.address, port: node.ports.amqps, authority, serverName };
    const stream: Duplex = await dialNode(to, { timeoutMs: answerMs, signal });
    const giveUp = () => stream.destroy();
    signal.addEventListener('abort', giveUp);
    try {
      const client = await AmqpClient.open(stream, {
        clock: systemClock,
        username,
        password,
        vhost: healthVhost,
        connectionName: 'Waxwing health check',
        channelMax: 1,
        timeoutMs: answerMs,
      });
      return new NodeCanary(client, node.version);
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }

  /**
   * Publishes a message, and waits for its confirm. Must not be called again before that.
   *
   * @param mayCreate whether the queue is created if there is none; it is also examined then, because a queue of
   *   another type would confirm too
   * @throws {TransferError} if there is no confirm in time; the connection is of no use then
   */
  async confirm(mayCreate: boolean): Promise<void> {
    if (mayCreate) await this.#within('answer to the declaration of the queue', this.#declare());
    const channel = await this.#within('confirm channel', this.#opened());
    await this.#within('confirm', this.#publish(channel));
  }

  /** The channel, which a node closes when it refuses something. */
  async #opened(): Promise<ClientChannel> {
    if (this.#channel !== undefined) return this.#channel;
    const channel = await this.#client.openChannel();
    await channel.confirmSelect();
    this.#channel = channel;
    return channel;
  }

  /** One message at most, for some seconds. A queue from before an upgrade has no age. */
  async #declare(): Promise<void> {
    try {
      await this.#declareOnce();
    } catch (error) {
      this.#channel = undefined;
      const isOther = error instanceof TransferError && error.replyCode === preconditionFailed;
      if (!isOther || !this.#hasAge) throw error;
      this.#hasAge = false;
      await this.#declareOnce();
    }
  }

  async #declareOnce(): Promise<void> {
    const channel = await this.#opened();
    await channel.declareQueue(healthQueue, {
      isDurable: true,
      arguments: {
        'x-queue-type': { type: 'longstr', value: 'quorum' },
        'x-max-length': { type: 'signedint', value: 1 },
        ...(this.#hasAge && { 'x-message-ttl': { type: 'signedint', value: messageMs } }),
      },
    });
  }

  #publish(channel: ClientChannel): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (why: string) => reject(new TransferError('connection-failed', why));
      channel.events = {
        confirmed: () => resolve(),
        refused: () => fail('the message was refused'),
        // A confirm follows, which comes too late.
        returned: (reason) => fail(`the message reached no queue: ${reason}`),
        delivered: () => {},
        cancelled: () => {},
        ended: (reason) => reject(reason),
      };
      channel.publish({
        exchange: '',
        routingKey: healthQueue,
        isMandatory: true,
        head: persistent,
        parts: [body],
        bodyBytes: body.length,
      });
      if (this.#client.isEnded) fail('the connection has ended');
    });
  }

  /** Waits for something for a limited time. */
  #within<T>(what: string, answer: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const late = () => {
        reject(new TransferError('connection-failed', `no ${what} within ${answerMs} ms`));
        this.#client.destroy();
      };
      const timer = systemClock.setTimeout(late, answerMs);
      answer.then(resolve, reject).finally(() => timer.clear());
    });
  }

  /** Ends the connection. */
  close(): void {
    // Without a goodbye, a node writes a warning to its log.
    void this.#client.close();
  }
}
