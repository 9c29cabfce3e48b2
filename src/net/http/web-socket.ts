import { type WebSocket, WebSocketServer } from 'ws';
import { webSocketLimits } from '../limits.ts';
import type { HttpResponse, RequestHead } from './message.ts';
import { jsonResponse } from './message.ts';
import type { UpgradeHandler } from './request-handler.ts';

/** Fragments of one message: each costs memory however few bytes it has. */
const { fragmentCountMax } = webSocketLimits;

/** What a route for WebSocket connections is made of. */
export interface WebSocketRoute {
  /**
   * The subprotocols that are spoken, the preferred first. A peer must offer one of them; where the
   * list is empty, none is agreed on.
   */
  readonly protocols: readonly string[];
  /** Bytes of a message, all its fragments together; a peer that sends more is cut off with 1009. */
  readonly messageBytesMax: number;
  /** Refuses a request that asks for a connection; left out, whoever asks gets one. */
  readonly refuse?: (head: RequestHead) => HttpResponse | undefined;
  /**
   * Speaks with a peer.
   *
   * @param admitted to be called once the peer has logged in; until then the limits for strangers hold
   */
  readonly opened: (socket: WebSocket, head: RequestHead, admitted: () => void) => void;
}

/**
 * Answers requests that ask for a WebSocket connection (RFC 6455). Messages are not compressed: one
 * that is small on the wire could grow without a limit.
 */
export function webSocketHandler(route: WebSocketRoute): UpgradeHandler {
  const { protocols, messageBytesMax, opened } = route;
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: messageBytesMax,
    maxFragments: fragmentCountMax,
    maxBufferedChunks: fragmentCountMax,
    handleProtocols: (offered) => protocols.find((each) => offered.has(each)) ?? false,
  });
  return {
    admit(head) {
      const refusal = route.refuse?.(head);
      if (refusal) return refusal;
      const offered = (head.headers.get('sec-websocket-protocol') ?? '').split(/\s*,\s*/);
      if (protocols.length === 0 || protocols.some((each) => offered.includes(each))) {
        return undefined;
      }
      const message = `A subprotocol is needed: ${protocols.join(', ')}`;
      return jsonResponse(400, { message });
    },
    upgrade({ incoming, head, socket, firstBytes, admitted }) {
      // What is no handshake is refused by the library, which ends the socket.
      server.handleUpgrade(incoming, socket, firstBytes, (opening) => {
        // A peer that breaks the protocol is cut off by the library; it must not end the process.
        opening.on('error', () => {});
        opened(opening, head, admitted);
      });
    },
  };
}
