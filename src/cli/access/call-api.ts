// Calls the API of the running service from a command.

import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { signedHeaders } from '../../aws/signing/sign-request.ts';
import { systemClock } from '../../base/clock.ts';
import type { Environment } from '../../server/environment.ts';
import { CliError } from '../errors.ts';

/** Maximum size of an answer, bytes. */
const answerBytesMax = 16 * 1024 * 1024;
/** Maximum time without data from the service, milliseconds. */
const timeoutMs = 60_000;

/** An answer of the API. */
export interface Answer {
  readonly status: number;
  readonly body: string;
}

interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

interface Sent {
  readonly method: 'GET' | 'POST';
  readonly service: string;
  /** Percent-encoded. */
  readonly path: string;
  /** Percent-encoded, without the `?`. */
  readonly query?: string;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Where the API is, and who calls it. */
export interface ApiAccess {
  readonly endpoint: string;
  readonly region: string;
  /** The certificate of the API's authority, PEM, and the file that contains it. */
  readonly authority: string;
  readonly authorityFile: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

/** The access of the root user, as the running service tells it. */
export async function rootAccess(environment: Environment): Promise<ApiAccess> {
  const authorityFile = environment.AWS_CA_BUNDLE ?? '';
  return {
    endpoint: environment.AWS_ENDPOINT_URL ?? '',
    region: environment.AWS_REGION ?? '',
    authority: await readFile(authorityFile, 'utf8'),
    authorityFile,
    accessKeyId: environment.AWS_ACCESS_KEY_ID ?? '',
    secretAccessKey: environment.AWS_SECRET_ACCESS_KEY ?? '',
  };
}

/**
 * Sends a signed POST request with a JSON body.
 *
 * @param service the service's signing name
 * @param path percent-encoded
 * @returns the parsed answer
 * @throws {CliError} `call-failed`
 */
export function callApi(
  access: ApiAccess,
  service: string,
  path: string,
  input: object,
): Promise<unknown> {
  return callJson(access, { method: 'POST', service, path, body: JSON.stringify(input) });
}

/**
 * Calls an operation of a service with a JSON wire.
 *
 * @param service the service's signing name
 * @param target the value of `X-Amz-Target`
 * @returns the parsed answer
 * @throws {CliError} `call-failed`
 */
export function callTarget(
  access: ApiAccess,
  service: string,
  target: string,
  input: object,
): Promise<unknown> {
  const headers = { 'x-amz-target': target };
  const contentType = 'application/x-amz-json-1.1';
  const body = JSON.stringify(input);
  return callJson(access, { method: 'POST', service, path: '/', contentType, headers, body });
}

/**
 * Sends a signed GET request for JSON.
 *
 * @param service the service's signing name
 * @param path percent-encoded
 * @param query parameters by name
 * @returns the parsed answer
 * @throws {CliError} `call-failed`
 */
export function callApiGet(
  access: ApiAccess,
  service: string,
  path: string,
  query: Readonly<Record<string, string>>,
): Promise<unknown> {
  const text = new URLSearchParams(query).toString();
  return callJson(access, { method: 'GET', service, path, query: text, body: '' });
}

async function callJson(access: ApiAccess, sent: Sent): Promise<unknown> {
  const { status, body } = await send(access, sent);
  const answer = parsed(body.toString('utf8'));
  if (status === 200) return answer;
  const { message } = (answer ?? {}) as { readonly message?: unknown };
  const why = typeof message === 'string' ? message : `status ${status}`;
  throw new CliError('call-failed', why);
}

/**
 * Sends a signed POST request.
 *
 * @throws {CliError} `call-failed` if there is no answer
 */
export async function post(
  access: ApiAccess,
  service: string,
  path: string,
  contentType: string,
  body: string,
): Promise<Answer> {
  const answer = await send(access, { method: 'POST', service, path, contentType, body });
  return { status: answer.status, body: answer.body.toString('utf8') };
}

/**
 * Reads an object or a listing of the files of trails.
 *
 * @param path `/BUCKET` or `/BUCKET/KEY`
 * @param query parameters by name
 * @throws {CliError} `call-failed`
 */
export async function getObject(
  access: ApiAccess,
  path: string,
  query: Readonly<Record<string, string>>,
): Promise<Pick<RawAnswer, 'headers' | 'body'>> {
  const text = new URLSearchParams(query).toString();
  const answer = await send(access, { method: 'GET', service: 's3', path, query: text, body: '' });
  if (answer.status === 200) return answer;
  const [, why] = /<Message>([^<]*)</.exec(answer.body.toString('utf8')) ?? [];
  throw new CliError('call-failed', `${path}: ${why ?? `status ${answer.status}`}`);
}

function send(access: ApiAccess, { service, ...sent }: Sent): Promise<RawAnswer> {
  const url = new URL(sent.path, access.endpoint);
  url.search = sent.query ?? '';
  const unsigned = { ...sent, path: url.pathname, host: url.host };
  const headers = signedHeaders(unsigned, { ...access, service }, systemClock.nowMs());
  return exchange(url, headers, sent, access.authority).catch((cause: Error) => {
    throw new CliError('call-failed', `${url.host} did not answer: ${cause.message}`, { cause });
  });
}

function exchange(
  url: URL,
  headers: Readonly<Record<string, string>>,
  { method, body }: Pick<Sent, 'method' | 'body'>,
  ca: string,
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, ca, timeout: timeoutMs }, (response) => {
      const parts: Buffer[] = [];
      let size = 0;
      response.on('data', (part: Buffer) => {
        size += part.length;
        if (size > answerBytesMax) sent.destroy(new Error('the answer is too long'));
        else parts.push(part);
      });
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          // No header that this program reads is repeated.
          headers: response.headers as Record<string, string>,
          body: Buffer.concat(parts),
        }),
      );
    });
    sent.on('timeout', () => sent.destroy(new Error(`no data for ${timeoutMs / 1000} seconds`)));
    sent.on('error', reject);
    sent.end(body);
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // the status tells that the call failed
  }
}
