// The settings that all WebSocket servers share, and their answers to pings.

import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws';

/** The limits of the messages of a peer. */
export interface MessageLimits {
  /** Maximum size of a message in bytes, all fragments together. The peer is disconnected with 1009. */
  readonly messageBytesMax: number;
  /** Maximum number of fragments of a message. Each one uses memory, regardless of its size. */
  readonly fragmentCountMax: number;
}

/**
 * Creates a server for upgrades of existing sockets (RFC 6455). Messages are not compressed, because
 * small ones could grow without a limit. Pings are answered by {@link answerPings}.
 */
export function newWebSocketServer(
  { messageBytesMax, fragmentCountMax }: MessageLimits,
  handleProtocols: NonNullable<ServerOptions['handleProtocols']>,
): WebSocketServer {
  return new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    autoPong: false,
    maxPayload: messageBytesMax,
    maxFragments: fragmentCountMax,
    maxBufferedChunks: fragmentCountMax,
    handleProtocols,
  });
}

/**
 * Answers pings, one at a time: a peer that sends pings and does not read would otherwise be sent an
 * unlimited number of answers.
 */
export function answerPings(webSocket: WebSocket): void {
  let isPongDue = false;
  webSocket.on('ping', (data) => {
    if (isPongDue) return;
    isPongDue = true;
    webSocket.pong(data, false, () => {
      isPongDue = false;
    });
  });
}
