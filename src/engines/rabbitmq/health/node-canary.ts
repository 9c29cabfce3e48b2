// A connection to a node over TLS, by which the node confirms messages to a quorum queue.

import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { systemClock } from '../../../base/clock.ts';
import { isOlder } from '../../../control/offers/offers.ts';
import type { ClientChannel } from '../../../transfer/amqp/channel.ts';
import { AmqpClient } from '../../../transfer/amqp/client.ts';
import { TransferError } from '../../../transfer/errors.ts';
import { healthVhost } from '../../../transfer/health-vhost.ts';
import { healthQueue } from '../nodes/definitions.ts';
import type { NodeAccess } from '../nodes/node-api.ts';
import type { NodeAddress } from '../nodes/node-place.ts';

/** Time for a connection, and for its log-in, milliseconds. */
const connectMs = 5000;
/** Time for a confirm, milliseconds. */
const confirmMs = 5000;
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
  readonly #channel: ClientChannel;

  private constructor(client: AmqpClient, channel: ClientChannel) {
    this.#client = client;
    this.#channel = channel;
  }

  /**
   * Connects to a node, and declares the queue.
   *
   * @param mayCreate whether the queue is created if there is none
   * @throws {TransferError}
   */
  static async open(
    node: NodeAddress,
    { username, password, authority, serverName }: NodeAccess,
    mayCreate: boolean,
  ): Promise<NodeCanary> {
    const stream = await dialNode(node, authority, serverName);
    const client = await AmqpClient.open(stream, {
      clock: systemClock,
      username,
      password,
      vhost: healthVhost,
      connectionName: 'Waxwing health check',
      channelMax: 1,
      timeoutMs: connectMs,
    });
    const late = systemClock.setTimeout(() => client.destroy(), connectMs);
    try {
      const channel = await openQueue(client, node.version, mayCreate);
      await channel.confirmSelect();
      return new NodeCanary(client, channel);
    } catch (error) {
      client.destroy();
      throw error;
    } finally {
      late.clear();
    }
  }

  /**
   * Publishes a message, and waits for its confirm. Must not be called again before that.
   *
   * @throws {TransferError} if there is none in time; the connection is of no use then
   */
  confirm(): Promise<void> {
    const channel = this.#channel;
    return new Promise((resolve, reject) => {
      const fail = (why: string) => {
        timer.clear();
        reject(new TransferError('connection-failed', why));
      };
      const late = () => fail(`no confirm within ${confirmMs} ms`);
      const timer = systemClock.setTimeout(late, confirmMs);
      channel.events = {
        confirmed: () => {
          timer.clear();
          resolve();
        },
        refused: () => fail('the message was refused'),
        // A confirm follows, which comes too late.
        returned: (reason) => fail(`the message reached no queue: ${reason}`),
        delivered: () => {},
        cancelled: () => {},
        ended: ({ message }) => fail(message),
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

  /** Ends the connection. */
  close(): void {
    // Without a goodbye, a node writes a warning to its log.
    void this.#client.close();
  }
}

/**
 * One message at most, for some seconds. Quorum queues know ages from RabbitMQ 3.10; a queue from before an
 * upgrade has none.
 */
async function openQueue(
  client: AmqpClient,
  version: string,
  mayCreate: boolean,
): Promise<ClientChannel> {
  const declare = async (hasAge: boolean) => {
    const channel = await client.openChannel();
    await channel.declareQueue(healthQueue, {
      isPassive: !mayCreate,
      isDurable: true,
      arguments: {
        'x-queue-type': { type: 'longstr', value: 'quorum' },
        'x-max-length': { type: 'signedint', value: 1 },
        ...(hasAge && { 'x-message-ttl': { type: 'signedint', value: messageMs } }),
      },
    });
    return channel;
  };
  if (isOlder(version, '3.10')) return declare(false);
  return declare(true).catch((error: unknown) => {
    if (error instanceof TransferError && error.replyCode === preconditionFailed) {
      return declare(false);
    }
    throw error;
  });
}

/** Connects as the endpoint of a cluster does: nodes want to know the address of the client first. */
function dialNode(
  { address, ports }: NodeAddress,
  authority: string,
  serverName: string,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const plain = connectPlain({ host: address, port: ports.amqps });
    let used: Socket = plain;
    const fail = (why: string) => {
      timer.clear();
      used.destroy();
      plain.destroy();
      reject(new TransferError('connection-failed', `AMQP over TLS: ${why}`));
    };
    const failed = (error: Error) => fail(error.message);
    const timer = systemClock.setTimeout(
      () => fail(`no connection within ${connectMs} ms`),
      connectMs,
    );
    plain.on('error', failed);
    plain.once('connect', () => {
      const { localAddress, remoteAddress, localPort, remotePort } = plain;
      plain.write(`PROXY TCP4 ${localAddress} ${remoteAddress} ${localPort} ${remotePort}\r\n`);
      const stream = connectTls({
        socket: plain,
        ca: authority,
        servername: serverName,
        minVersion: 'TLSv1.2',
        rejectUnauthorized: true,
      });
      used = stream;
      stream.on('error', failed);
      stream.once('secureConnect', () => {
        timer.clear();
        stream.off('error', failed);
        stream.on('error', () => {});
        resolve(stream);
      });
    });
  });
}
