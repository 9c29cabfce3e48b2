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

/** Where the API is, and who calls it. */
export interface ApiAccess {
  readonly endpoint: string;
  readonly region: string;
  /** The certificate of the API's authority, PEM. */
  readonly authority: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

/** The access of the root user, as the running service tells it. */
export async function rootAccess(environment: Environment): Promise<ApiAccess> {
  return {
    endpoint: environment.AWS_ENDPOINT_URL ?? '',
    region: environment.AWS_REGION ?? '',
    authority: await readFile(environment.AWS_CA_BUNDLE ?? '', 'utf8'),
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
export async function callApi(
  access: ApiAccess,
  service: string,
  path: string,
  input: object,
): Promise<unknown> {
  const body = JSON.stringify(input);
  const { status, body: text } = await post(access, service, path, 'application/json', body);
  const answer = parsed(text);
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
export function post(
  access: ApiAccess,
  service: string,
  path: string,
  contentType: string,
  body: string,
): Promise<Answer> {
  const url = new URL(path, access.endpoint);
  const unsigned = { method: 'POST', path: url.pathname, host: url.host, body, contentType };
  const headers = signedHeaders(unsigned, { ...access, service }, systemClock.nowMs());
  return send(url, headers, body, access.authority).catch((cause: Error) => {
    throw new CliError('call-failed', `${url.host} did not answer: ${cause.message}`, { cause });
  });
}

function send(
  url: URL,
  headers: Readonly<Record<string, string>>,
  body: string,
  ca: string,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', headers, ca, timeout: timeoutMs }, (response) => {
      const parts: Buffer[] = [];
      let size = 0;
      response.on('data', (part: Buffer) => {
        size += part.length;
        if (size > answerBytesMax) sent.destroy(new Error('the answer is too long'));
        else parts.push(part);
      });
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(parts).toString('utf8') }),
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
