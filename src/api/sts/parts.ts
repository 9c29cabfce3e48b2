// Code that the STS operations share: their dependencies, permissions, and answers.

import { AwsError } from '../../aws/errors.ts';
import type { Permissions, Result } from '../../aws/service.ts';
import type { Shape } from '../../aws/shapes/shape.ts';
import { recordShape } from '../../aws/shapes/shape-writer.ts';
import type { CallContext } from '../../calls/call-context.ts';
import type { Caller } from '../../calls/caller.ts';
import { IamError, type IamErrorCode } from '../../identity/accounts/errors.ts';
import type { Iam } from '../../identity/accounts/iam.ts';
import type { RoleRecord } from '../../identity/accounts/records.ts';
import { asChange, type IamResult } from '../../identity/accounts/result.ts';
import type { TemporaryKey } from '../../identity/accounts/sessions/session-issuing.ts';
import { tokenCharactersMax } from '../../identity/accounts/sessions/session-tokens.ts';
import type { IdTokens } from '../../identity/federation/id-tokens.ts';
import type { RoleTrust } from '../../identity/federation/role-trust.ts';

/** The parts that the operations of STS need. */
export interface StsParts {
  readonly iam: Iam;
  /** Verifies the tokens of OIDC providers. */
  readonly idTokens: IdTokens;
  readonly trust: RoleTrust;
  /** The address of the API, without a slash at the end. */
  readonly apiUrl: () => string;
}

/** The role with an ARN; undefined if there is none. */
export function roleOf({ iam }: Pick<StsParts, 'iam'>, roleArn: string): RoleRecord | undefined {
  const role = iam.journal.roles.named(roleArn.slice(roleArn.lastIndexOf('/') + 1));
  return role && iam.arnOf('role', role) === roleArn ? role : undefined;
}

/**
 * The permissions of an action that credentials of a federated user, and of a user without a second
 * factor, may not perform.
 *
 * @throws {AwsError} 'AccessDenied'
 */
export function onSts(
  action: string,
  resources: readonly string[],
  { caller }: CallContext,
): Permissions {
  refuseWeakSession(action, caller);
  return [{ action, resources }];
}

/** @throws {AwsError} 'AccessDenied' */
export function refuseWeakSession(action: string, { type, temporary }: Caller): void {
  if (temporary === undefined || type === 'assumed-role') return;
  if (type !== 'federated-user' && temporary.mfaAtMs !== undefined) return;
  const name = action.slice(action.indexOf(':') + 1);
  throw new AwsError('AccessDenied', `Cannot call ${name} with session credentials`, {
    status: 403,
  });
}

/**
 * Checks the second factor of a user or the root user, if the request has one.
 *
 * @returns the change that prevents a second use of the code, and the time of the check
 * @throws {IamError} 'AccessDenied'
 */
export function secondFactor(
  { iam }: StsParts,
  serial: string | undefined,
  code: string | undefined,
  { caller, nowMs }: CallContext,
): IamResult<number | undefined> {
  if (serial === undefined && code === undefined) return { output: undefined, changes: [] };
  // The id of the root user, as the owner of devices, is that of the account.
  const hasDevices = caller.type === 'user' || caller.type === 'root';
  const ownerId = hasDevices ? caller.principalId : '';
  const { changes } = iam.devices.check(ownerId, serial, code, nowMs);
  return { output: nowMs, changes };
}

/** Temporary credentials in the form of the API. */
export function credentialsView({ accessKeyId, secret, token, expiresMs }: TemporaryKey) {
  return {
    AccessKeyId: accessKeyId,
    SecretAccessKey: secret,
    SessionToken: token,
    Expiration: expiresMs,
  };
}

/**
 * Returns issued credentials. The trail records to whom they were issued and their access key,
 * although the call changes nothing.
 */
export function issued<Output>(
  shape: Shape<Output>,
  output: Output,
  { changes }: Pick<IamResult<unknown>, 'changes'>,
): Result<Output> {
  return { output, changes: changes.map(asChange), auditResponse: recordShape(shape, output) };
}

/** The size of session policies and tags, if there are any. */
export function packedView({ packedPercent }: TemporaryKey) {
  return packedPercent === undefined ? {} : { PackedPolicySize: packedPercent };
}

/** The size of the session token. */
export function tokenSizeView({ token }: TemporaryKey) {
  return {
    SessionTokenUtilization: Math.ceil((token.length * 100) / tokenCharactersMax),
    SessionTokenSize: token.length,
  };
}

const forbidden: ReadonlySet<IamErrorCode> = new Set([
  'AccessDenied',
  'IDPRejectedClaim',
  'OutboundWebIdentityFederationDisabledException',
  'SessionDurationEscalationException',
]);

/**
 * Converts errors of accounts to AWS errors.
 *
 * @param caller whom an unsigned operation has authenticated before the error
 */
export function translate(error: Error, caller?: Caller): AwsError | undefined {
  if (!(error instanceof IamError)) return undefined;
  const status = forbidden.has(error.code) ? 403 : 400;
  const options = { status, cause: error, ...(caller && { caller }) };
  return new AwsError(error.code, error.message, options);
}
