// Answers of the management API.

import { BrokerError, type BrokerErrorCode } from '../broker/errors.ts';
import type { HttpResponse, StreamingResponse } from '../net/http/message.ts';
import { ManagementError, type ManagementErrorCode } from './errors.ts';

/** An answer to a request. */
export type Answer = HttpResponse | StreamingResponse;

/** Headers of every answer. The answers are data, and never a page. */
const commonHeaders = {
  'Cache-Control': 'no-cache',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
} as const;

const jsonHeaders = { ...commonHeaders, 'Content-Type': 'application/json' } as const;

/** An answer in JSON. */
export function jsonAnswer(
  value: unknown,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): HttpResponse {
  return { status, headers: { ...jsonHeaders, ...headers }, body: JSON.stringify(value) };
}

/** An answer in JSON whose text comes in pieces. */
export function jsonStream(
  stream: AsyncIterable<Uint8Array>,
  headers: Readonly<Record<string, string>> = {},
): StreamingResponse {
  return { status: 200, headers: { ...jsonHeaders, ...headers }, stream };
}

/** An answer without a body: created, or changed. */
export function emptyAnswer(
  status: 201 | 204,
  headers: Readonly<Record<string, string>> = {},
): HttpResponse {
  return { status, headers: { ...commonHeaders, ...headers }, body: '' };
}

const errors: Readonly<Record<ManagementErrorCode, readonly [status: number, error: string]>> = {
  'bad-request': [400, 'bad_request'],
  'not-authorised': [401, 'not_authorised'],
  'not-found': [404, 'Object Not Found'],
  'page-out-of-range': [400, 'page_out_of_range'],
  'too-large': [413, 'bad_request'],
  busy: [503, 'service_unavailable'],
};

const brokerErrors: Readonly<Record<BrokerErrorCode, ManagementErrorCode>> = {
  'not-found': 'not-found',
  'precondition-failed': 'bad-request',
  'resource-locked': 'bad-request',
  'access-refused': 'bad-request',
  'not-allowed': 'bad-request',
  'resource-error': 'busy',
};

/** The answer to an expected error; undefined for any other. */
export function errorAnswer(thrown: unknown): HttpResponse | undefined {
  if (thrown instanceof ManagementError) return failure(thrown.code, thrown.message);
  if (!(thrown instanceof BrokerError)) return undefined;
  const code = brokerErrors[thrown.code];
  return failure(code, code === 'not-found' ? 'Not Found' : thrown.message);
}

function failure(code: ManagementErrorCode, reason: string): HttpResponse {
  const [status, error] = errors[code];
  return jsonAnswer({ error, reason }, status);
}

/** The answer to a request without valid credentials. */
export const loginFailed: HttpResponse = jsonAnswer(
  { error: 'not_authorised', reason: 'Login failed' },
  401,
  { 'WWW-Authenticate': 'Basic realm="RabbitMQ Management"' },
);

/** The answer to a request for a bug of this program, which is reported elsewhere. */
export const internalError: HttpResponse = jsonAnswer(
  { error: 'internal_server_error', reason: 'Internal Server Error' },
  500,
);
