// Answers of the management API.

import { RangeExceeded } from '../base/bytes.ts';
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

/** A JSON answer whose text is produced and sent in pieces. */
export function jsonStream(
  stream: AsyncIterable<Uint8Array>,
  headers: Readonly<Record<string, string>> = {},
): StreamingResponse {
  return { status: 200, headers: { ...jsonHeaders, ...headers }, stream };
}

/** An answer without a body: created, or changed. */
export function emptyAnswer(
  status: 201 | 202 | 204,
  headers: Readonly<Record<string, string>> = {},
): HttpResponse {
  return { status, headers: { ...commonHeaders, ...headers }, body: '' };
}

const errors: Readonly<Record<ManagementErrorCode, readonly [status: number, error: string]>> = {
  'bad-request': [400, 'bad_request'],
  'not-authorised': [401, 'not_authorised'],
  'not-allowed': [405, 'method_not_allowed'],
  'not-found': [404, 'Object Not Found'],
  'target-not-found': [404, 'not_found'],
  protected: [412, 'precondition_failed'],
  'invalid-page': [400, 'invalid_pagination_parameters'],
  'page-out-of-range': [400, 'page_out_of_range'],
  busy: [503, 'service_unavailable'],
  'too-many-requests': [429, 'too_many_requests'],
};

const brokerErrors: Readonly<Record<BrokerErrorCode, readonly [status: number, error: string]>> = {
  'not-found': [404, 'not_found'],
  'precondition-failed': [400, 'bad_request'],
  'resource-locked': [400, 'bad_request'],
  'access-refused': [401, 'not_authorised'],
  'not-allowed': [400, 'bad_request'],
  'resource-error': [503, 'service_unavailable'],
  'not-implemented': [400, 'bad_request'],
};

/**
 * The answer to an expected error; undefined for any other.
 *
 * @param isDeletion whether the request deletes: then what is missing is not named, as in RabbitMQ
 */
export function errorAnswer(thrown: unknown, isDeletion = false): HttpResponse | undefined {
  if (thrown instanceof ManagementError) {
    const { code, message, subject, retryAfterSeconds } = thrown;
    const reason = subject === undefined ? message : [message, subject];
    const headers = retryAfterSeconds && { 'Retry-After': String(retryAfterSeconds) };
    return failure(errors[code], reason, headers || undefined);
  }
  if (thrown instanceof BrokerError) {
    const isMissing = isDeletion && thrown.code === 'not-found';
    if (isMissing) return failure(errors['not-found'], 'Not Found');
    return failure(brokerErrors[thrown.code], thrown.message);
  }
  if (thrown instanceof RangeExceeded) return failure(errors['bad-request'], thrown.message);
  return undefined;
}

function failure(
  [status, error]: readonly [status: number, error: string],
  reason: string | readonly string[],
  headers: Readonly<Record<string, string>> = {},
): HttpResponse {
  return jsonAnswer({ error, reason }, status, headers);
}

/** The answer to a request without valid credentials. */
export const loginFailed: HttpResponse = jsonAnswer(
  { error: 'not_authorized', reason: 'Login failed' },
  401,
  { 'WWW-Authenticate': 'Basic realm="RabbitMQ Management"' },
);

/** The answer to a request for a bug of this program, which is reported elsewhere. */
export const internalError: HttpResponse = jsonAnswer(
  { error: 'internal_server_error', reason: 'Internal Server Error' },
  500,
);
