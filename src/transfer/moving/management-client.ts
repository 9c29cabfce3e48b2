// A client of RabbitMQ's management HTTP API, of RabbitMQ or of this program.

import { type IncomingMessage, request as requestPlain } from 'node:http';
import { Agent, request as requestTls } from 'node:https';
import type { Clock } from '../../base/clock.ts';
import type { JsonValue } from '../../broker/rabbitmq/model.ts';
import { isLoopback } from '../../broker/rabbitmq/shovels/amqp-uri.ts';
import { trustingContext } from '../../net/trust.ts';
import { TransferError } from '../errors.ts';

/** Where the API is, and who asks. */
export interface ManagementAccess {
  /** `https://host:15671`; `http://` only on this machine. */
  readonly url: URL;
  readonly username: string;
  readonly password: string;
  /** Certificates of authorities besides the public ones, PEM. */
  readonly authorities: readonly string[];
}

/** An answer. */
export interface ManagementReply {
  readonly status: number;
  /** The JSON of the answer; null if there is none. */
  readonly value: JsonValue;
}

/** Maximum size of an answer, bytes. */
const answerBytesMax = 256 * 1024 * 1024;
/** Maximum time for an answer, milliseconds. */
const timeoutMs = 120_000;
/** Time for which a connection without a request is kept, milliseconds. */
const idleMs = 5000;

/** Sends requests to the API. */
export class ManagementClient {
  readonly #access: ManagementAccess;
  readonly #clock: Clock;
  /** Made by the first request over TLS. */
  #agent: Agent | undefined;

  /** @throws {TransferError} `connection-failed` for plaintext to another machine */
  constructor(access: ManagementAccess, clock: Clock) {
    const { protocol, hostname } = access.url;
    if (protocol !== 'https:' && !(protocol === 'http:' && isLoopback(hostname))) {
      const why = `${access.url.origin} is not encrypted; https is required to other machines`;
      throw new TransferError('connection-failed', why);
    }
    this.#access = access;
    this.#clock = clock;
  }

  /** Keeps connections of this client alone: those of others may trust other authorities. */
  get #tlsAgent(): Agent {
    this.#agent ??= new Agent({
      secureContext: trustingContext(this.#access.authorities),
      keepAlive: true,
      timeout: idleMs,
    });
    return this.#agent;
  }

  /**
   * Gets a value.
   *
   * @param path below `/api`, such as `/queues?page=1`
   * @throws {TransferError} `connection-failed`, `login-refused`; `not-supported` for any status but 200
   */
  async get(path: string): Promise<JsonValue> {
    const { status, value } = await this.send('GET', path);
    if (status === 200) return value;
    throw new TransferError('not-supported', `GET ${path} was answered with status ${status}`);
  }

  /**
   * Sends a request with a JSON body.
   *
   * @throws {TransferError} `connection-failed`, `login-refused`
   */
  send(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    path: string,
    body?: JsonValue,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<ManagementReply> {
    const { url, username, password } = this.#access;
    const text = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const send = url.protocol === 'https:' ? requestTls : requestPlain;
    return new Promise((resolve, reject) => {
      const fail = (why: string, cause?: unknown) => {
        timer.clear();
        sent.destroy();
        reject(new TransferError('connection-failed', `${url.origin}: ${why}`, { cause }));
      };
      const sent = send(
        {
          host: url.hostname.replace(/^\[|\]$/g, ''),
          port: url.port === '' ? undefined : url.port,
          method,
          path: `${url.pathname.replace(/\/$/, '')}/api${path}`,
          headers: {
            ...headers,
            Authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`,
            ...(text !== undefined && {
              'Content-Type': 'application/json',
              'Content-Length': text.length,
            }),
          },
          ...(send === requestTls && { agent: this.#tlsAgent }),
        },
        (response) => {
          receive(response).then(
            (reply) => {
              timer.clear();
              if (reply.status === 401) {
                const who = `the user '${username}' with its password, or its tags`;
                reject(new TransferError('login-refused', `${url.origin} refuses ${who}`));
              } else resolve(reply);
            },
            (error: unknown) => fail(error instanceof Error ? error.message : String(error), error),
          );
        },
      );
      const timer = this.#clock.setTimeout(
        () => fail(`no answer within ${timeoutMs} ms`),
        timeoutMs,
      );
      sent.on('error', (error) => fail(error.message, error));
      sent.end(text);
    });
  }
}

async function receive(response: IncomingMessage): Promise<ManagementReply> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > answerBytesMax) throw new Error(`an answer has more than ${answerBytesMax} bytes`);
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString();
  const status = response.statusCode ?? 0;
  if (text === '') return { status, value: null };
  try {
    return { status, value: JSON.parse(text) as JsonValue };
  } catch {
    return { status, value: text.slice(0, 1000) };
  }
}
