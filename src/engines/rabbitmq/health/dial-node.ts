// Connections to the AMQP port of a node, over TLS.

import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { systemClock } from '../../../base/clock.ts';
import { TransferError } from '../../../transfer/errors.ts';

/** A port of a node. */
export interface NodePort {
  /** An IP address. */
  readonly host: string;
  readonly port: number;
  /** The authority of its certificate, PEM. */
  readonly authority: string;
  /** The name in its certificate. */
  readonly serverName: string;
}

/**
 * Connects as the endpoint of a cluster does: nodes want to know the address of the client first.
 *
 * @throws {TransferError} `connection-failed`
 */
export function dialNode(
  { host, port, authority, serverName }: NodePort,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const plain = connectPlain({ host, port, noDelay: true });
    let stream: TLSSocket | undefined;
    const settle = () => {
      timer.clear();
      signal.removeEventListener('abort', abort);
    };
    const fail = (why: string) => {
      settle();
      stream?.destroy();
      plain.destroy();
      reject(new TransferError('connection-failed', `AMQP over TLS: ${why}`));
    };
    const failed = (error: Error) => fail(error.message);
    const abort = () => fail('it was given up');
    const late = () => fail(`no connection within ${timeoutMs} ms`);
    const timer = systemClock.setTimeout(late, timeoutMs);
    signal.addEventListener('abort', abort);
    plain.on('error', failed);
    plain.on('close', () => fail('the node has closed the connection'));
    plain.once('connect', () => {
      plain.write(proxyLine(plain));
      const secure = connectTls({
        socket: plain,
        ca: authority,
        servername: serverName,
        minVersion: 'TLSv1.2',
        rejectUnauthorized: true,
      });
      stream = secure;
      secure.on('error', failed);
      secure.once('secureConnect', () => {
        settle();
        resolve(secure);
      });
    });
    if (signal.aborted) abort();
  });
}

/** The header of the PROXY protocol, version 1, with the addresses of the connection itself. */
function proxyLine(socket: Socket): string {
  const { localFamily, localAddress, localPort, remoteAddress, remotePort } = socket;
  const family = localFamily === 'IPv6' ? 'TCP6' : 'TCP4';
  return `PROXY ${family} ${localAddress} ${remoteAddress} ${localPort} ${remotePort}\r\n`;
}
