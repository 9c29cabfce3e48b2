import { once } from 'node:events';
import rhea, { type Connection, type ConnectionOptions, type EventContext } from 'rhea';

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
