// Calls of the console's API with the password of the person.

import { ApiError, type Query, queryText, send, WrongPassword } from '../broker/request.ts';
import { basicOf, currentSession, type Session, setSession } from '../broker/session.ts';

/** The fields of an action. Those that are undefined or empty are left out. */
export type Fields = Query;

async function read<Value>(response: Response): Promise<Value> {
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  const { error = `The broker answered with status ${response.status}.` } = answer;
  const Kind = response.status === 401 ? WrongPassword : ApiError;
  throw new Kind('Error', String(error), response.status);
}

/**
 * Reads a resource.
 *
 * @param parts the parts of the path below `/admin/api`, not encoded
 * @throws {ApiError} with the text of the broker's error
 */
export async function get<Value>(parts: readonly string[], query?: Query): Promise<Value> {
  return read(await send({ method: 'GET', parts: ['admin', 'api', ...parts], query }));
}

function sendAction(action: string, fields: Fields): Promise<Response> {
  const { secret = '' } = currentSession() ?? {};
  return send({
    method: 'POST',
    parts: ['admin', `${action}.action`],
    body: queryText(fields),
    contentType: 'application/x-www-form-urlencoded',
    headers: { 'X-CSRF-Secret': secret },
  });
}

/**
 * Performs an action.
 *
 * @throws {ApiError} with the text of the broker's error
 */
export async function act<Value = unknown>(action: string, fields: Fields): Promise<Value> {
  const response = await sendAction(action, fields);
  if (response.status !== 403) return read(response);
  // The secret changes when the broker starts again. A missing right is refused again.
  const session = currentSession();
  const { secret } = await get<SessionAnswer>(['session']);
  if (session === undefined || secret === session.secret) return read(response);
  setSession({ ...session, secret });
  return read(await sendAction(action, fields));
}

interface SessionAnswer {
  readonly user: string;
  readonly secret: string;
}

/** Checks a password, and begins no session. @throws {ApiError} */
export async function signIn(name: string, password: string): Promise<Session> {
  const authorization = basicOf(name, password);
  const parts = ['admin', 'api', 'session'];
  const response = await send({ method: 'GET', parts, authorization });
  const { user, secret } = await read<SessionAnswer>(response);
  return { name: user, tags: [], secret, authorization };
}
