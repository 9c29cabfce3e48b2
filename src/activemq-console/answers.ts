// Answers of the console.

import { BrokerError, type BrokerErrorCode } from '../broker/errors.ts';
import { ManagementError } from '../management/errors.ts';
import type { HttpResponse, StreamingResponse } from '../net/http/message.ts';
import { ConsoleError, type ConsoleErrorCode } from './errors.ts';

/** An answer to a request. */
export type Answer = HttpResponse | StreamingResponse;

/** Headers of every answer. No browser shows anything of it, or lets another site use it. */
const commonHeaders = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
} as const;

const xmlHeaders = { ...commonHeaders, 'Content-Type': 'text/xml; charset=utf-8' } as const;
const jsonHeaders = { ...commonHeaders, 'Content-Type': 'application/json' } as const;

/** An XML document whose text comes in pieces. */
export function xmlStream(stream: AsyncIterable<Uint8Array>): StreamingResponse {
  return { status: 200, headers: xmlHeaders, stream };
}

/** A JSON answer whose text is produced and sent in pieces. */
export function jsonStream(stream: AsyncIterable<Uint8Array>): StreamingResponse {
  return { status: 200, headers: jsonHeaders, stream };
}

/** An answer in JSON. */
export function jsonAnswer(value: unknown, status = 200): HttpResponse {
  return { status, headers: jsonHeaders, body: JSON.stringify(value) };
}

/** Leads to another page. */
export function seeOther(path: string): HttpResponse {
  return { status: 303, headers: { ...commonHeaders, Location: path }, body: '' };
}

/** An error in JSON. */
export function failure(
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): HttpResponse {
  const answer = jsonAnswer({ error: text }, status);
  return { ...answer, headers: { ...answer.headers, ...headers } };
}

/** The answer to a request without valid credentials. */
export const loginFailed: HttpResponse = failure(
  401,
  'Log in with the name and password of a user of this broker that has console access.',
  { 'WWW-Authenticate': 'Basic realm="ActiveMQRealm", charset="UTF-8"' },
);

/** The answer to a user without access to the console. */
export const noConsoleAccess: HttpResponse = failure(
  403,
  'This user has no access to the console. An administrator can grant it: consoleAccess of the ' +
    'user or, with LDAP, membership of the group amazonmq-console-admins.',
);

const statuses: Readonly<Record<ConsoleErrorCode, number>> = {
  'bad-request': 400,
  forbidden: 403,
  'not-found': 404,
  conflict: 409,
  busy: 503,
};

const brokerStatuses: Readonly<Record<BrokerErrorCode, number>> = {
  'not-found': 404,
  'precondition-failed': 409,
  'resource-locked': 409,
  'access-refused': 403,
  'not-allowed': 403,
  'resource-error': 503,
  'not-implemented': 400,
};

/** The answer to an expected error; undefined for any other. */
export function errorAnswer(thrown: unknown): HttpResponse | undefined {
  if (thrown instanceof ConsoleError) return failure(statuses[thrown.code], thrown.message);
  if (thrown instanceof BrokerError) return failure(brokerStatuses[thrown.code], thrown.message);
  if (thrown instanceof ManagementError) return failure(503, thrown.message);
  return undefined;
}
