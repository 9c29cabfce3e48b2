import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { HttpResponse, RequestHead, StreamingResponse } from './message.ts';

/** Variable parts of a path by the names that the route gives them, decoded. */
export type Labels = ReadonlyMap<string, string>;

/** What is known of a request before its body is read. */
export interface Admission {
  /** What to answer without reading the body; undefined where the request may go on. */
  readonly refusal: HttpResponse | undefined;
  /** Whether it is known who sent the request. May become true while {@link answer} runs. */
  readonly isProven: boolean;
  /** Answers the request; every failure is an answer too, so this never rejects. */
  answer(body: Buffer): Promise<HttpResponse | StreamingResponse>;
}

/** Why the server did not read the body of a request. */
export type Rejection =
  /** It is larger than allowed. */
  | 'too-large'
  /** It comes in chunks, and its sender is not known. */
  | 'length-required'
  /** The memory for bodies of unknown senders is in use. */
  | 'throttled';

/** Answers the requests of a route. No function may throw. */
export interface RequestHandler {
  /** Bytes of a body; the listener's limit where left out. */
  readonly bodyBytesMax?: number;
  /** Looks at a request before its body is read, so that nothing of a stranger's body need be kept. */
  admit(head: RequestHead, labels: Labels): Admission;
  /**
   * Answers a request whose body was not read, in the words of the API that it is for.
   *
   * @param limitBytes how many bytes are allowed
   */
  reject(head: RequestHead, rejection: Rejection, limitBytes: number): HttpResponse;
}

/** Answers requests for files: GET and HEAD only, whoever asks. */
export interface SiteHandler {
  /** @param next answers what is not there */
  serve(incoming: IncomingMessage, response: ServerResponse, next: () => void): void;
}

/** A connection that is to speak another protocol than HTTP from now on. */
export interface Upgrade {
  /** The request that asked for it; its `Upgrade` header says for what. */
  readonly incoming: IncomingMessage;
  readonly head: RequestHead;
  readonly socket: Duplex;
  /** What the peer has sent after the request. */
  readonly firstBytes: Buffer;
  /** To be called once the peer has logged in. Until then the limits for strangers hold. */
  readonly admitted: () => void;
}

/** Takes connections over that ask to be upgraded. No function may throw. */
export interface UpgradeHandler {
  /** Decides by the request's head; a response refuses. */
  admit(head: RequestHead, labels: Labels): HttpResponse | undefined;
  /** Answers the request and speaks the other protocol; ends the socket. */
  upgrade(upgrade: Upgrade): void;
}
