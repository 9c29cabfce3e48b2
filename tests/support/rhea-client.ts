// A client of AMQP 1.0: rhea.

import { once } from 'node:events';
import rhea, {
  type Connection,
  type ConnectionOptions,
  type EventContext,
  type Message,
} from 'rhea';

/** Where a client connects to. */
export interface AmqpPort {
  readonly port: number;
  /** The certificate to trust, PEM. */
  readonly ca: string;
}

/** Opens a connection with rhea. */
export async function connectRhea(
  { port, ca }: AmqpPort,
  more: Partial<ConnectionOptions> = {},
): Promise<Connection> {
  const container = rhea.create_container();
  const options = {
    port,
    host: 'localhost',
    transport: 'tls',
    ca,
    username: 'bob',
    password: 'a long password',
    reconnect: false,
    ...more,
  };
  const connection = container.connect(options as ConnectionOptions); // its types miss `ca`
  const refused = new Promise<never>((_, reject) => {
    const fail = ({ error }: EventContext) =>
      reject(error ?? connection.error ?? new Error('disconnected'));
    connection.once('disconnected', fail);
    connection.once('connection_error', fail);
  });
  await Promise.race([once(connection, 'connection_open'), refused]);
  return connection;
}

/** rhea as most programs use it: sends to queues, and takes from them. */
export class RheaClient {
  readonly connection: Connection;
  /** Resolves when the connection is gone, with the reason that the broker gave. */
  readonly ended: Promise<string>;

  private constructor(connection: Connection) {
    this.connection = connection;
    this.ended = new Promise((resolve) => {
      connection.once('connection_error', () => resolve(reasonOf(connection)));
      connection.once('disconnected', () => resolve(reasonOf(connection)));
    });
  }

  static async connect(to: AmqpPort, more: Partial<ConnectionOptions> = {}): Promise<RheaClient> {
    return new RheaClient(await connectRhea(to, more));
  }

  /** Sends durable messages to a queue; resolves when all are accepted. */
  async publish(queue: string, bodies: readonly string[]): Promise<void> {
    const sender = this.connection.open_sender(`queue://${queue}`);
    await once(sender, 'sender_open');
    const accepted = new Promise<void>((resolve, reject) => {
      let count = 0;
      sender.on('accepted', () => {
        if (++count === bodies.length) resolve();
      });
      sender.on('rejected', ({ delivery }: EventContext) => reject(delivery?.remote_state));
    });
    let sentCount = 0;
    const sendMore = (): void => {
      while (sender.sendable() && sentCount < bodies.length) {
        sender.send({ durable: true, body: bodies[sentCount++] });
      }
    };
    sender.on('sendable', sendMore);
    sendMore();
    await accepted;
    sender.close();
  }

  /** Receives all messages of a queue, accepts each, and returns their bodies in order. */
  async take(queue: string): Promise<string[]> {
    const receiver = this.connection.open_receiver({
      source: `queue://${queue}`,
      credit_window: 0,
      autoaccept: true,
    });
    const bodies: string[] = [];
    receiver.on('message', ({ message }: { message: Message }) =>
      bodies.push(String(message.body)),
    );
    receiver.drain = true;
    receiver.add_credit(100_000);
    await once(receiver, 'receiver_drained');
    receiver.close();
    await once(receiver, 'receiver_close');
    return bodies;
  }

  async close(): Promise<void> {
    const closed = once(this.connection, 'connection_close');
    this.connection.close();
    await closed;
  }
}

function reasonOf({ error }: Connection): string {
  return error === undefined
    ? ''
    : ((error as { description?: string }).description ?? String(error));
}
