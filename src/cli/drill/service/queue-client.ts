// AMQP 1.0 with a queue of a broker of ActiveMQ's type, by rhea.

import { setTimeout as sleep } from 'node:timers/promises';
import rhea, { type Connection, type ConnectionOptions, type EventContext } from 'rhea';

/** Messages that may be delivered before they are accepted. */
const credit = 1000;
/** A queue from which nothing arrives for so long is empty; milliseconds. */
const idleMs = 2000;

/** How a broker is reached. */
export interface QueueAddress {
  /** `amqp+ssl://127.0.0.1:5671` */
  readonly endpoint: string;
  readonly username: string;
  readonly password: string;
  /** The authorities to trust, PEM. */
  readonly ca: string;
  readonly queue: string;
}

/** A connection that uses one queue. It does not reconnect. */
export class QueueClient {
  readonly #connection: Connection;
  readonly #queue: string;

  private constructor(connection: Connection, queue: string) {
    this.#connection = connection;
    this.#queue = queue;
  }

  /** @throws {Error} if nobody listens, or the log-in is refused */
  static async open({ endpoint, queue, ...login }: QueueAddress): Promise<QueueClient> {
    const { hostname: host, port } = new URL(endpoint.replace('amqp+ssl:', 'https:'));
    const options = {
      ...login,
      host,
      port: Number(port),
      transport: 'tls',
      servername: host,
      reconnect: false,
    };
    // Its types miss `ca`.
    const connection = rhea.create_container().connect(options as ConnectionOptions);
    await new Promise<void>((resolve, reject) => {
      connection.once('connection_open', () => resolve());
      connection.once('connection_close', () => reject(new Error('the connection was closed')));
      connection.once('disconnected', ({ error }: EventContext) =>
        reject(error ?? new Error('the connection ended')),
      );
    });
    // Errors end the connection, which `send` and `take` notice.
    for (const event of ['connection_error', 'session_error', 'error'])
      connection.on(event, () => {});
    return new QueueClient(connection, queue);
  }

  /**
   * Sends persistent messages one after the other, each when the one before was accepted.
   *
   * @param confirmed called with each body that was accepted
   * @returns when there are no more bodies, or the connection has ended
   */
  send(bodies: Iterator<string>, confirmed: (body: string) => void): Promise<void> {
    const sender = this.#connection.open_sender(this.#queue);
    return new Promise((resolve) => {
      let sent = '';
      const next = () => {
        const { done, value } = bodies.next();
        if (done === true) return resolve();
        sent = value;
        sender.send({ body: sent, durable: true });
      };
      sender.once('sendable', next);
      sender.on('accepted', () => {
        confirmed(sent);
        next();
      });
      for (const event of ['rejected', 'released', 'sender_close'])
        sender.once(event, () => resolve());
      this.#connection.once('disconnected', () => resolve());
    });
  }

  /** Takes all messages of the queue. */
  async take(): Promise<string[]> {
    const bodies: string[] = [];
    const receiver = this.#connection.open_receiver({
      source: this.#queue,
      credit_window: credit,
      autoaccept: true,
    });
    receiver.on('message', ({ message }: EventContext) => bodies.push(String(message?.body)));
    for (let before = -1; before < bodies.length; ) {
      before = bodies.length;
      await sleep(idleMs);
    }
    return bodies;
  }

  close(): void {
    this.#connection.close();
  }
}
