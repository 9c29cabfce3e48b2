// HTTP requests and responses.

/** A request without its body. */
export interface RequestHead {
  /** Upper case. */
  readonly method: string;
  /** The path as it was sent, percent-encoded, without the query. */
  readonly rawPath: string;
  /** The query as it was sent, without the `?`; empty if there is none. */
  readonly rawQuery: string;
  /** Names in lower case. Values of repeated headers are joined by commas. */
  readonly headers: ReadonlyMap<string, string>;
  /** The peer's IP address. */
  readonly peerAddress: string;
  readonly tls?: { readonly version: string; readonly cipher: string };
}

/** A request with its body. */
export interface HttpRequest extends RequestHead {
  readonly body: Buffer;
}

/** A response before it is written to a socket. `Content-Length` is added when it is written. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** A string is sent as UTF-8. */
  readonly body: string | Buffer;
}

/**
 * A response with a streamed body. The server reads the next chunk after the peer has received the
 * previous ones, and stops when the peer disconnects. If the stream fails, the server closes the
 * connection, so that the peer detects an incomplete response.
 */
export interface StreamingResponse extends Omit<HttpResponse, 'body'> {
  readonly stream: AsyncIterable<Uint8Array>;
}

/** Creates a JSON response. */
export function jsonResponse(
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): HttpResponse {
  const type = { 'Content-Type': 'application/json' };
  return { status, headers: { ...type, ...headers }, body: JSON.stringify(value) };
}
