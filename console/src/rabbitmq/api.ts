// Calls of the management API with the password of the person.

import { ApiError, type Query, send, WrongPassword } from '../broker/request.ts';
import { basicOf, type Session } from '../broker/session.ts';

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

async function ask(
  method: string,
  parts: readonly string[],
  { query, body, text, headers, accepts }: Request,
  authorization?: string,
): Promise<Response> {
  const sent = text ?? (body === undefined ? undefined : JSON.stringify(body));
  const contentType = sent === undefined ? undefined : 'application/json';
  const response = await send({
    ...{ method, parts: ['api', ...parts], query, body: sent, contentType, headers },
    ...(authorization !== undefined && { authorization }),
  });
  if (response.ok || response.status === accepts) return response;
  throw await errorOf(response);
}

async function errorOf(response: Response): Promise<ApiError> {
  const answer = await response.json().catch(() => ({}));
  const { error = 'Error', reason } = answer as { error?: string; reason?: string | string[] };
  const text = Array.isArray(reason) ? reason.join(': ') : reason;
  const message = text ?? `The broker answered with status ${response.status}.`;
  const Kind = error === loginFailed ? WrongPassword : ApiError;
  return new Kind(String(error), message, response.status);
}

/**
 * Asks the management API.
 *
 * @param parts the parts of the path below `/api`, not encoded
 * @throws {ApiError} with the text of the broker's error
 */
export async function call<Value = undefined>(
  method: string,
  parts: readonly string[],
  request: Request = {},
): Promise<Value> {
  const response = await ask(method, parts, request);
  const text = await response.text();
  return text === '' ? (undefined as Value) : JSON.parse(text);
}

/** Asks for a file. @throws {ApiError} */
export async function download(parts: readonly string[]): Promise<Blob> {
  return (await ask('GET', parts, {})).blob();
}

/** Checks a password, and begins no session. @throws {ApiError} */
export async function signIn(name: string, password: string): Promise<Session> {
  const authorization = basicOf(name, password);
  const response = await ask('GET', ['whoami'], {}, authorization);
  const answer: { readonly name: string; readonly tags: readonly string[] } = await response.json();
  return { name: answer.name, tags: answer.tags, authorization };
}
