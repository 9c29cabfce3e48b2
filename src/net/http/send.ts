// Sending of responses.

import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { type Duplex, pipeline, Readable } from 'node:stream';
import { type HttpResponse, jsonResponse, type StreamingResponse } from './message.ts';

/** Default headers of responses. */
const defaultHeaders = { 'Cache-Control': 'no-store' } as const;

/** Sends a response, unless the peer has disconnected. */
export function send(response: ServerResponse, answer: HttpResponse | StreamingResponse): void {
  if ('stream' in answer) {
    sendStream(response, answer);
    return;
  }
  if (response.destroyed) return;
  const body = Buffer.from(answer.body as string); // Buffers are sent unchanged, strings as UTF-8
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
  // pipeline() destroys both if either fails, so the peer detects an incomplete response.
  else pipeline(source, response, () => {});
}

/** Sends a response once it is available. */
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
 * Sends a response and closes the connection immediately. Otherwise data that was already received
 * would be parsed to its end, which is expensive for tiny chunks.
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

/** A complete response as bytes, for connections that Node's HTTP server does not manage. */
export function rawResponse({ status, headers, body }: HttpResponse): Buffer {
  const bytes = Buffer.from(body as string); // Buffers are sent unchanged, strings as UTF-8
  const all = { ...headers, 'Content-Length': bytes.length, Connection: 'close' };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n`;
  return Buffer.concat([Buffer.from(head, 'latin1'), bytes]);
}

function message(status: number, text: string): Buffer {
  const { headers, body } = jsonResponse(status, { message: text });
  return rawResponse({ status, headers, body: `${body as string}\n` });
}

/** The answer to a peer that does not use TLS, usually a client with an `http://` URL. */
export const plainAnswer = message(
  400,
  'This port accepts only HTTPS with TLS 1.2 or 1.3, but the client did not send a TLS handshake.',
);

/** Answers a request that Node could not parse, and closes the connection. */
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
  } else socket.end(message(400, 'The request is not valid HTTP/1.1.'));
}

/** Refuses an upgrade and closes the connection. */
export function refuseUpgrade(socket: Duplex, answer: HttpResponse): void {
  socket.end(rawResponse(answer));
}
