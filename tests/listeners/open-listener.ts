// Listeners of this process, for tests.

import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import { WebSocket } from 'ws';
import {
  type AdmissionLimits,
  brokerAdmissionLimits,
  webSocketLimits,
} from '../../src/net/limits.ts';
import { type ListenerAccess, TlsListener } from '../../src/net/tls-listener.ts';
import { defaultTlsPolicy } from '../../src/net/tls-policy.ts';
import { WebSocketEndpoint } from '../../src/net/web-socket/endpoint.ts';
import { answerPlain } from '../../src/protocols/amqp091/plain-answer.ts';
import type { Protocol } from '../../src/protocols/protocol.ts';
import { planeCertificates } from '../support/certificates.ts';

const { authority: trusted, servers } = await planeCertificates();

/** The authority of the listeners' certificates, PEM. */
export const authority = trusted;

/** How a listener of a test differs from a broker's. */
export interface ListenerChanges {
  readonly hasWebSocket?: boolean;
  readonly webSocket?: Partial<typeof webSocketLimits>;
  readonly access?: ListenerAccess;
  readonly limits?: Partial<AdmissionLimits>;
}

/** A listener that is not open yet. */
export function newListener(
  protocols: readonly Protocol[],
  { hasWebSocket = false, webSocket = {}, access, limits: changed }: ListenerChanges = {},
): TlsListener {
  const limits = { ...webSocketLimits, ...webSocket };
  return new TlsListener({
    host: '127.0.0.1',
    certificates: servers,
    policy: defaultTlsPolicy,
    limits: { ...brokerAdmissionLimits, ...changed },
    access,
    protocols,
    webSocket: hasWebSocket ? (host) => new WebSocketEndpoint(limits, host) : undefined,
    answerPlain,
  });
}

/** A client's TLS socket. */
export async function tlsTo(port: number): Promise<TLSSocket> {
  const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ca: authority });
  socket.on('error', () => {});
  await once(socket, 'secureConnect');
  return socket;
}

/** A client's WebSocket connection, open. */
export async function webSocketTo(
  port: number,
  subprotocols: readonly string[] = [],
): Promise<WebSocket> {
  const webSocket = new WebSocket(`wss://localhost:${port}/any/path`, [...subprotocols], {
    ca: authority,
  });
  webSocket.on('error', () => {});
  await once(webSocket, 'open');
  return webSocket;
}

/** Everything that comes until the other side ends, as Latin-1. */
export async function allOf(socket: TLSSocket): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on('data', (bytes: Buffer) => chunks.push(bytes));
  await once(socket, 'close');
  return Buffer.concat(chunks).toString('latin1');
}
