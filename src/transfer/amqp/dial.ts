// Connections to AMQP servers: TLS, or plaintext on this machine.

import { connect as connectPlain, isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import type { Clock } from '../../base/clock.ts';
import type { AmqpEndpoint } from '../../broker/rabbitmq/shovels/amqp-uri.ts';
import { isLoopback } from '../../broker/rabbitmq/shovels/amqp-uri.ts';
import { trustingContext } from '../../net/trust.ts';
import { TransferError } from '../errors.ts';

/** The settings of connections. */
export interface DialOptions {
  /** Certificates of authorities besides the public ones, PEM. */
  readonly authorities: readonly string[];
  readonly clock: Clock;
  /** Maximum time for the connection and its TLS handshake, milliseconds. */
  readonly timeoutMs: number;
}

/**
 * Connects to a server. The certificate of a TLS server is verified against its name.
 *
 * @throws {TransferError} `connection-failed`
 */
export function dial(
  to: AmqpEndpoint,
  { authorities, clock, timeoutMs }: DialOptions,
): Promise<Duplex> {
  const { host, port, isTls } = to;
  const name = `${host}:${port}`;
  return new Promise((resolve, reject) => {
    if (!isTls && !isLoopback(host)) {
      reject(new TransferError('connection-failed', `${name} is another machine: TLS is required`));
      return;
    }
    const serverName = to.serverName ?? (isIP(host) === 0 ? host : undefined);
    const socket = isTls
      ? connectTls({
          host,
          port,
          secureContext: trustingContext(authorities),
          rejectUnauthorized: true,
          ...(serverName !== undefined && { servername: serverName }),
        })
      : connectPlain({ host, port });
    const fail = (why: string, cause?: unknown) => {
      timer.clear();
      socket.destroy();
      reject(
        new TransferError('connection-failed', `cannot connect to ${name}: ${why}`, { cause }),
      );
    };
    const timer = clock.setTimeout(() => fail(`no connection within ${timeoutMs} ms`), timeoutMs);
    const failed = (error: Error) => fail(error.message, error);
    socket.on('error', failed);
    socket.once(isTls ? 'secureConnect' : 'connect', () => {
      timer.clear();
      socket.off('error', failed);
      // The client listens for errors from the next step on.
      socket.on('error', () => {});
      socket.setNoDelay(true);
      socket.setKeepAlive(true, 60_000);
      resolve(socket);
    });
  });
}
