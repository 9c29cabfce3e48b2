// The interfaces of request handlers.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { HttpResponse, RequestHead, StreamingResponse } from './message.ts';

/** Path parameters by name, decoded. */
export type Labels = ReadonlyMap<string, string>;

/** The decision about a request before its body is read. */
export interface Admission {
  /**
   * The response if the request is refused without reading its body; undefined if it is accepted.
   */
  readonly refusal: HttpResponse | undefined;
  /** Whether the sender is authenticated. May become true while {@link answer} runs. */
  readonly isProven: boolean;
  /** Answers the request. Never rejects; failures are responses too. */
  answer(body: Buffer): Promise<HttpResponse | StreamingResponse>;
}

/** The reason why the body of a request was not read. */
export type Rejection =
  /** The body is larger than allowed. */
  | 'too-large'
  /** The body has chunked encoding, and the sender is not authenticated. */
  | 'length-required'
  /** The memory for bodies of unauthenticated requests is exhausted. */
  | 'throttled';

/** The connection of a request. */
export interface RequestPeer {
  /** Whether the peer has disconnected, so that no answer is needed. */
  readonly destroyed: boolean;
}

/** Answers the requests of a route. No function may throw. */
export interface RequestHandler {
  /** Maximum size of a body, bytes. Defaults to the limit of the listener. */
  readonly bodyBytesMax?: number;
  /**
   * Decides on a request before its body is read, so that the body of a refused request is never
   * stored. A promise never rejects. While it is pending, the connection counts as one whose log-in
   * is being checked, and at most one buffer of the body is received.
   */
  admit(head: RequestHead, labels: Labels, peer: RequestPeer): Admission | Promise<Admission>;
  /**
   * Answers a request whose body was not read, in the format of its API.
   *
   * @param limitBytes the maximum size
   */
  reject(head: RequestHead, rejection: Rejection, limitBytes: number): HttpResponse;
}

/** Answers requests for files: GET and HEAD from anybody. */
export interface SiteHandler {
  /** @param next answers if the file does not exist */
  serve(incoming: IncomingMessage, response: ServerResponse, next: () => void): void;
}

/** A connection that switches to another protocol. */
export interface Upgrade {
  /** The request. Its `Upgrade` header names the protocol. */
  readonly incoming: IncomingMessage;
  readonly head: RequestHead;
  readonly socket: Duplex;
  /** Bytes that the peer sent after the request. */
  readonly firstBytes: Buffer;
  /**
   * Call this once the peer has logged in. Until then the limits for unauthenticated peers
   * apply.
   */
  readonly admitted: () => void;
}

/** Accepts connections that switch to another protocol. No function may throw. */
export interface UpgradeHandler {
  /** Decides on a request by its head. A returned response refuses it. */
  admit(head: RequestHead, labels: Labels): HttpResponse | undefined;
  /** Completes the upgrade and handles the connection, including its end. */
  upgrade(upgrade: Upgrade): void;
}
