// Requests to the API of the broker that serves this page.

import { currentSession } from './session.ts';

/** A refusal of the API: its error and its reason. */
export class ApiError extends Error {
  readonly status: number;

  constructor(name: string, message: string, status: number) {
    super(message);
    this.name = name;
    this.status = status;
  }
}

/** The broker does not accept the user name and password. */
export class WrongPassword extends ApiError {}

/** Parameters of a query. Those that are undefined or empty are left out. */
export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** A request. */
export interface ApiRequest {
  readonly method: string;
  /** The parts of the path, not encoded. */
  readonly parts: readonly string[];
  readonly query?: Query | undefined;
  readonly body?: string | undefined;
  readonly contentType?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** By default, that of the session. */
  readonly authorization?: string;
}

/**
 * Whether a name can be a part of the path of a request. Browsers change `.` and `..`, and bytes that
 * are no UTF-8 have no text.
 */
export function isAddressable(name: string): boolean {
  return name !== '.' && name !== '..' && !/\p{Surrogate}/u.test(name);
}

/** The path of a resource. */
function pathOf(parts: readonly string[]): string {
  for (const part of parts) {
    if (isAddressable(part)) continue;
    throw new Error('A browser cannot ask for an object with this name. Use another client.');
  }
  return `/${parts.map(encodeURIComponent).join('/')}`;
}

/** Parameters as text. */
export function queryText(query: Query): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
  return new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
}

/** Sends a request with the password of the person. The answer may be a refusal. */
export function send(request: ApiRequest): Promise<Response> {
  const { method, parts, query = {}, body, contentType, headers = {} } = request;
  const { authorization = currentSession()?.authorization ?? '' } = request;
  const text = queryText(query);
  return fetch(`${pathOf(parts)}${text === '' ? '' : `?${text}`}`, {
    method,
    // Without this, a browser would ask for a password by itself, and keep it.
    credentials: 'omit',
    cache: 'no-store',
    redirect: 'error',
    referrerPolicy: 'no-referrer',
    headers: {
      ...headers,
      ...(contentType !== undefined && { 'Content-Type': contentType }),
      Authorization: authorization,
    },
    body: body ?? null,
  });
}
