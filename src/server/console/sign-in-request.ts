// The request of a browser that signs in to the web console.

import { RequestError } from '../../aws/errors.ts';
import { durationSeconds } from './console-credentials.ts';

/** A sign-in with a password, or with a code, after which a person of a provider chooses a role. */
export type SignInRequest = { readonly seconds: number } & (
  | {
      readonly type: 'password';
      readonly userName: string;
      readonly password: string;
      /** Empty if there is none. */
      readonly mfaCode: string;
    }
  | { readonly type: 'code'; readonly code: string; readonly roleName: string | undefined }
);

/** Maximum lengths of members, characters. */
const lengths = { userName: 64, password: 128, mfaCode: 16, code: 64, roleName: 64 } as const;

/** @throws {RequestError} `unreadable` */
export function signInRequest(body: Buffer): SignInRequest {
  const given = parsed(body);
  const text = (name: keyof typeof lengths): string | undefined => {
    const value = given[name];
    if (value === undefined) return undefined;
    if (typeof value === 'string' && value.length <= lengths[name]) return value;
    throw malformed(`${name} must be a text of at most ${lengths[name]} characters`);
  };
  const seconds = secondsOf(given['durationSeconds']);
  const code = text('code');
  if (code !== undefined) return { type: 'code', code, roleName: text('roleName'), seconds };
  const userName = text('userName');
  const password = text('password');
  if (userName === undefined || password === undefined) {
    throw malformed('the request must have a code, or userName and password');
  }
  const mfaCode = (text('mfaCode') ?? '').replaceAll(' ', '');
  return { type: 'password', userName, password, mfaCode, seconds };
}

function secondsOf(value: unknown): number {
  if (value === undefined) return durationSeconds.default;
  const { min, max } = durationSeconds;
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) {
    return value;
  }
  throw malformed(`durationSeconds must be a whole number from ${min} to ${max}`);
}

function parsed(body: Buffer): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch {
    throw malformed('the body is not JSON');
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return { ...value } as Record<string, unknown>;
  }
  throw malformed('the body is not a JSON object');
}

function malformed(message: string): RequestError {
  return new RequestError('unreadable', message);
}
