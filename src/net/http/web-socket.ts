// WebSocket connections on HTTP routes.

import type { WebSocket } from 'ws';
import { webSocketLimits } from '../limits.ts';
import { answerPings, newWebSocketServer } from '../web-socket/server.ts';
import type { HttpResponse, RequestHead } from './message.ts';
import { jsonResponse } from './message.ts';
import type { UpgradeHandler } from './request-handler.ts';

/** Maximum number of fragments of a message. Each costs memory regardless of its size. */
const { fragmentCountMax } = webSocketLimits;

/** The settings of a route for WebSocket connections. */
export interface WebSocketRoute {
  /**
   * The supported subprotocols, in order of preference. The client must offer one of them. With an
   * empty list, none is negotiated.
   */
  readonly protocols: readonly string[];
  /**
   * Maximum size of a message including all fragments. A larger one closes the connection with
   * 1009.
   */
  readonly messageBytesMax: number;
  /** Decides on the request. Defaults to accepting all requests. */
  readonly refuse?: (head: RequestHead) => HttpResponse | undefined;
  /**
   * Handles a connection.
   *
   * @param admitted to be called once the peer has logged in; until then the limits for
   *   unauthenticated peers apply
   */
  readonly opened: (socket: WebSocket, head: RequestHead, admitted: () => void) => void;
}

/**
 * Answers requests for WebSocket connections (RFC 6455). Compression is disabled, because a small
 * compressed message could expand without limit.
 */
export function webSocketHandler(route: WebSocketRoute): UpgradeHandler {
  const { protocols, messageBytesMax, opened } = route;
  const limits = { messageBytesMax, fragmentCountMax };
  const server = newWebSocketServer(
    limits,
    (offered) => protocols.find((each) => offered.has(each)) ?? false,
  );
  return {
    admit(head) {
      const refusal = route.refuse?.(head);
      if (refusal) return refusal;
      const offered = (head.headers.get('sec-websocket-protocol') ?? '').split(/\s*,\s*/);
      if (protocols.length === 0 || protocols.some((each) => offered.includes(each))) {
        return undefined;
      }
      const message = `A subprotocol is required: ${protocols.join(', ')}`;
      return jsonResponse(400, { message });
    },
    upgrade({ incoming, head, socket, firstBytes, admitted }) {
      // The library answers invalid handshakes and closes the socket.
      server.handleUpgrade(incoming, socket, firstBytes, (opening) => {
        // The library closes connections that violate the protocol; the error must not end the
        // process.
        opening.on('error', () => {});
        answerPings(opening);
        opened(opening, head, admitted);
      });
    },
  };
}
