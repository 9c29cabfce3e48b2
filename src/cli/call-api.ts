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
  readonly body: string;
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
export async function callApi(
  environment: Environment,
  service: string,
  path: string,
  input: object,
): Promise<unknown> {
  const url = new URL(path, environment.AWS_ENDPOINT_URL);
  const body = JSON.stringify(input);
  const headers = signedHeaders(
    { method: 'POST', path: url.pathname, host: url.host, body },
    {
      accessKeyId: environment.AWS_ACCESS_KEY_ID ?? '',
      secretAccessKey: environment.AWS_SECRET_ACCESS_KEY ?? '',
      region: environment.AWS_REGION ?? '',
      service,
    },
    systemClock.nowMs(),
  );
  const ca = await readFile(environment.AWS_CA_BUNDLE ?? '', 'utf8');
  const { status, body: text } = await send(url, headers, body, ca).catch((cause: Error) => {
    throw new CliError('call-failed', `${url.host} did not answer: ${cause.message}`, { cause });
  });
  const answer = parsed(text);
  if (status === 200) return answer;
  const { message } = (answer ?? {}) as { readonly message?: unknown };
  const why = typeof message === 'string' ? message : `status ${status}`;
  throw new CliError('call-failed', why);
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
