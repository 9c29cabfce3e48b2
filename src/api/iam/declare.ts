// Code that the IAM operations share: declarations, permissions, answers, and error conversion.

import { AwsError } from '../../aws/errors.ts';
import type { Operation, Outcome, PermissionsOf, Result } from '../../aws/service.ts';
import type { Shape } from '../../aws/shapes/shape.ts';
import type { CallContext } from '../../calls/call-context.ts';
import type { Caller } from '../../calls/caller.ts';
import { IamError, type IamErrorCode } from '../../identity/accounts/errors.ts';
import type { Page } from '../../identity/accounts/pages.ts';
import { asChange, type IamResult } from '../../identity/accounts/result.ts';

/** The parts of an operation of IAM that differ. */
export interface IamOperation<Input, Output> {
  readonly input: Shape<Input>;
  readonly output: Shape<Output>;
  /** The ARNs that the caller needs the action on. */
  readonly resources: (input: Input, call: CallContext) => readonly string[];
  readonly handle: (input: Input, call: CallContext) => Outcome<NoInfer<Output>>;
}

/** Declares an operation of IAM. Those that only read have names with Get, List or Simulate. */
export function iamOperation<Input, Output>(
  name: string,
  { input, output, resources, handle }: IamOperation<Input, Output>,
): Operation<Input, Output> & { readonly permissions: PermissionsOf<Input> } {
  const action = `iam:${name}`;
  return {
    action,
    readOnly: /^(Get|List|Simulate)/.test(name),
    input,
    output,
    permissions: (given, call) => {
      // A service that calls for somebody is not limited by the kind of the session.
      if (call.invokedBy === undefined) refuseWeakSession(call.caller);
      return [{ action, resources: resources(given, call) }];
    },
    handle,
  };
}

/** For actions that are not on a single resource. */
export const everything = (): readonly string[] => [];

/**
 * Refuses temporary credentials that may not call IAM: those of a federated user, and those of a
 * user without a second factor, unless they come from a sign-in to the web console.
 *
 * @throws {AwsError} 'InvalidClientTokenId', as AWS does
 */
export function refuseWeakSession({ type, temporary }: Caller): void {
  if (temporary === undefined || type === 'assumed-role') return;
  const isEnough = temporary.mfaAtMs !== undefined || temporary.isFromConsole === true;
  if (type !== 'federated-user' && isEnough) return;
  throw new AwsError(
    'InvalidClientTokenId',
    'The security token included in the request is invalid',
    { status: 403 },
  );
}

/** Returns the output of an operation together with its changes. */
export function answer<T, Output>(
  result: IamResult<T>,
  outputOf: (output: T) => Output,
): Result<Output> {
  return { output: outputOf(result.output), changes: result.changes.map(asChange) };
}

/** Returns an empty output together with changes. */
export function done(result: IamResult<unknown>): Result<Readonly<Record<string, never>>> {
  return answer(result, () => ({}));
}

/** The members that tell whether a list goes on. */
export function pageMembers({ next }: Page<unknown>): {
  readonly IsTruncated: boolean;
  readonly Marker?: string;
} {
  return next === undefined ? { IsTruncated: false } : { IsTruncated: true, Marker: next };
}

const statuses: Readonly<Record<IamErrorCode, number>> = {
  AccessDenied: 403,
  ConcurrentModification: 409,
  DeleteConflict: 409,
  EntityAlreadyExists: 409,
  EntityTemporarilyUnmodifiable: 409,
  ExpiredTokenException: 400,
  FeatureDisabled: 404,
  FeatureEnabled: 409,
  IDPCommunicationError: 400,
  IDPRejectedClaim: 403,
  InvalidAuthenticationCode: 403,
  InvalidAuthorizationMessageException: 400,
  InvalidIdentityToken: 400,
  InvalidInput: 400,
  InvalidParameterValue: 400,
  InvalidUserType: 400,
  JWTPayloadSizeExceededException: 400,
  LimitExceeded: 409,
  MalformedPolicyDocument: 400,
  NoSuchEntity: 404,
  OutboundWebIdentityFederationDisabledException: 403,
  PackedPolicyTooLarge: 400,
  PasswordPolicyViolation: 400,
  PolicyNotAttachable: 400,
  ReportExpired: 410,
  ReportNotPresent: 410,
  SessionDurationEscalationException: 403,
  Throttling: 400,
  UnmodifiableEntity: 400,
  ValidationError: 400,
};

/** Converts errors of accounts to AWS errors. */
export function translate(error: Error): AwsError | undefined {
  if (!(error instanceof IamError)) return undefined;
  return new AwsError(error.code, error.message, { status: statuses[error.code], cause: error });
}
