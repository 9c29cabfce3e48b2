// Calls of the management API with the password of the person.

import { basicOf, currentSession, type Session } from './session/session.ts';

/** A refusal of the management API: its error and its reason. */
export class ApiError extends Error {
  readonly status: number;

  constructor(name: string, message: string, status: number) {
    super(message);
    this.name = name;
    this.status = status;
  }
}

/** Parameters of a query. Those that are undefined or empty are left out. */
export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** The parts of a request besides its method and path. */
interface Request {
  readonly query?: Query;
  /** Is sent as JSON. */
  readonly body?: unknown;
  /** JSON text, which is sent as it is, so that its numbers stay exact. */
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Statuses besides those of success whose body is the answer. */
  readonly accepts?: number;
}

/** The name of RabbitMQ for a password that is wrong, unlike for a right that is missing. */
const loginFailed = 'not_authorized';

/** Whether an error means that the broker no longer accepts the password. */
export function endsSession(error: Error): boolean {
  return error.name === loginFailed;
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
  return `/api/${parts.map(encodeURIComponent).join('/')}`;
}

function queryOf(query: Query): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return text === '' ? '' : `?${text}`;
}

async function send(
  authorization: string,
  method: string,
  parts: readonly string[],
  { query = {}, body, text, headers = {}, accepts }: Request,
): Promise<Response> {
  const sent = text ?? (body === undefined ? null : JSON.stringify(body));
  const response = await fetch(`${pathOf(parts)}${queryOf(query)}`, {
    method,
    // Without this, a browser would ask for a password by itself, and keep it.
    credentials: 'omit',
    cache: 'no-store',
    redirect: 'error',
    referrerPolicy: 'no-referrer',
    headers: {
      ...headers,
      ...(sent !== null && { 'Content-Type': 'application/json' }),
      Authorization: authorization,
    },
    body: sent,
  });
  if (response.ok || response.status === accepts) return response;
  throw await errorOf(response);
}

async function errorOf(response: Response): Promise<ApiError> {
  const answer = await response.json().catch(() => ({}));
  const { error = 'Error', reason } = answer as { error?: string; reason?: string | string[] };
  const text = Array.isArray(reason) ? reason.join(': ') : reason;
  const message = text ?? `The broker answered with status ${response.status}.`;
  return new ApiError(String(error), message, response.status);
}

/**
 * Asks the management API.
 *
 * @param parts the parts of the path below `/api`, not encoded
 * @throws {ApiError} with the words of the broker
 */
export async function call<Value = undefined>(
  method: string,
  parts: readonly string[],
  request: Request = {},
): Promise<Value> {
  const { authorization = '' } = currentSession() ?? {};
  const response = await send(authorization, method, parts, request);
  const text = await response.text();
  return text === '' ? (undefined as Value) : JSON.parse(text);
}

/** Asks for a file. @throws {ApiError} */
export async function download(parts: readonly string[]): Promise<Blob> {
  const { authorization = '' } = currentSession() ?? {};
  return (await send(authorization, 'GET', parts, {})).blob();
}

/** Checks a password, and begins no session. @throws {ApiError} */
export async function signIn(name: string, password: string): Promise<Session> {
  const authorization = basicOf(name, password);
  const response = await send(authorization, 'GET', ['whoami'], {});
  const answer: { readonly name: string; readonly tags: readonly string[] } = await response.json();
  return { name: answer.name, tags: answer.tags, authorization };
}
