// Calls the API of the running service from a command.

import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { signedHeaders } from '../aws/signing/sign-request.ts';
import { systemClock } from '../base/clock.ts';
import type { Environment } from '../server/environment.ts';
import { CliError } from './errors.ts';

/** Maximum size of an answer, bytes. */
const answerBytesMax = 16 * 1024 * 1024;
/** Maximum time without data from the service, milliseconds. */
const timeoutMs = 60_000;

interface Answer {
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
  readonly query: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Sends a signed POST request with a JSON body.
 *
 * @param environment from the running service
 * @param service the service's signing name
 * @param path percent-encoded
 * @returns the parsed answer
 * @throws {CliError} `call-failed`
 */
export function callApi(
  environment: Environment,
  service: string,
  path: string,
  input: object,
): Promise<unknown> {
  return callJson(environment, { service, path, headers: {} }, input);
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
  environment: Environment,
  service: string,
  target: string,
  input: object,
): Promise<unknown> {
  const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': target };
  return callJson(environment, { service, path: '/', headers }, input);
}

async function callJson(
  environment: Environment,
  sent: Pick<Sent, 'service' | 'path' | 'headers'>,
  input: object,
): Promise<unknown> {
  const body = JSON.stringify(input);
  const answer = await send(environment, { ...sent, method: 'POST', query: '', body });
  const value = parsed(answer.body.toString('utf8'));
  if (answer.status === 200) return value;
  const { message } = (value ?? {}) as { readonly message?: unknown };
  const why = typeof message === 'string' ? message : `status ${answer.status}`;
  throw new CliError('call-failed', why);
}

/**
 * Reads an object or a listing of the files of trails.
 *
 * @param path `/BUCKET` or `/BUCKET/KEY`
 * @param query parameters by name
 * @throws {CliError} `call-failed`
 */
export async function getObject(
  environment: Environment,
  path: string,
  query: Readonly<Record<string, string>>,
): Promise<Pick<Answer, 'headers' | 'body'>> {
  const answer = await send(environment, {
    method: 'GET',
    service: 's3',
    path,
    query: new URLSearchParams(query).toString(),
    body: '',
    headers: {},
  });
  if (answer.status === 200) return answer;
  const [, why] = /<Message>([^<]*)</.exec(answer.body.toString('utf8')) ?? [];
  throw new CliError('call-failed', `${path}: ${why ?? `status ${answer.status}`}`);
}

async function send(environment: Environment, sent: Sent): Promise<Answer> {
  const { method, service, path, query, body } = sent;
  const url = new URL(path, environment.AWS_ENDPOINT_URL);
  url.search = query;
  const headers = signedHeaders(
    { method, path, query, host: url.host, body, headers: sent.headers },
    {
      accessKeyId: environment.AWS_ACCESS_KEY_ID ?? '',
      secretAccessKey: environment.AWS_SECRET_ACCESS_KEY ?? '',
      region: environment.AWS_REGION ?? '',
      service,
    },
    systemClock.nowMs(),
  );
  const ca = await readFile(environment.AWS_CA_BUNDLE ?? '', 'utf8');
  return exchange(url, method, headers, body, ca).catch((cause: Error) => {
    throw new CliError('call-failed', `${url.host} did not answer: ${cause.message}`, { cause });
  });
}

function exchange(
  url: URL,
  method: string,
  headers: Readonly<Record<string, string>>,
  body: string,
  ca: string,
): Promise<Answer> {
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
