import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { type Duplex, pipeline, Readable } from 'node:stream';
import { type HttpResponse, jsonResponse, type StreamingResponse } from './message.ts';

/** What a response says of itself unless it says otherwise. */
const defaultHeaders = { 'Cache-Control': 'no-store' } as const;

/** Sends a response, unless the peer has gone. */
export function send(response: ServerResponse, answer: HttpResponse | StreamingResponse): void {
  if ('stream' in answer) {
    sendStream(response, answer);
    return;
  }
  if (response.destroyed) return;
  const body = Buffer.from(answer.body as string); // bytes stay bytes, a string becomes UTF-8
  response.writeHead(answer.status, {
    ...defaultHeaders,
    ...answer.headers,
    'Content-Length': body.length,
  });
  response.end(body);
}

function sendStream(response: ServerResponse, answer: StreamingResponse): void {
  const source = Readable.from(answer.stream, { objectMode: false });
  if (response.destroyed || response.req.method === 'HEAD') {
    source.destroy();
    if (response.destroyed) return;
  }
  response.writeHead(answer.status, { ...defaultHeaders, ...answer.headers });
  if (source.destroyed) response.end();
  // It destroys both where either fails: the peer sees the connection end without the last chunk.
  else pipeline(source, response, () => {});
}

/** Sends a response once it is there. */
export function sendWhenReady(
  response: ServerResponse,
  answer: Promise<HttpResponse | StreamingResponse>,
): void {
  answer.then(
    (ready) => send(response, ready),
    (error: unknown) => response.destroy(error as Error),
  );
}

/**
 * Answers, and ends the connection in the same call: what has been received already would otherwise
 * be parsed to its end, each chunk of a byte at the cost of a thousand bytes in one piece.
 */
export function cutOff(
  incoming: IncomingMessage,
  response: ServerResponse,
  answer: HttpResponse,
): void {
  response.shouldKeepAlive = false;
  send(response, answer);
  incoming.socket.destroy();
}

/** A whole response as bytes, for a connection that Node's HTTP server does not answer on. */
export function rawResponse({ status, headers, body }: HttpResponse): Buffer {
  const bytes = Buffer.from(body as string); // bytes stay bytes, a string becomes UTF-8
  const all = { ...headers, 'Content-Length': bytes.length, Connection: 'close' };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n`;
  return Buffer.concat([Buffer.from(head, 'latin1'), bytes]);
}

function message(status: number, text: string): Buffer {
  const { headers, body } = jsonResponse(status, { message: text });
  return rawResponse({ status, headers, body: `${body as string}\n` });
}

/** What a peer is told that speaks no TLS, most likely a client with `http://` in its URL. */
export const plainAnswer = message(
  400,
  'This port speaks HTTPS only, with TLS 1.2 or 1.3; what was sent is no TLS handshake.',
);

/** Answers what Node's parser could not read, and ends the connection. */
export function answerUnreadable(
  error: NodeJS.ErrnoException,
  socket: Socket,
  headerBytesMax: number,
): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  if (error.code === 'HPE_HEADER_OVERFLOW') {
    socket.end(message(431, `The headers exceed ${headerBytesMax / 1024} KiB.`));
  } else if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    socket.end(message(408, 'The request took too long to arrive.'));
  } else socket.end(message(400, 'What was sent is not HTTP/1.1.'));
}

/** Refuses an upgrade and ends the connection. */
export function refuseUpgrade(socket: Duplex, answer: HttpResponse): void {
  socket.end(rawResponse(answer));
}
