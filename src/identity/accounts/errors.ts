// The errors of IAM and of the sessions that it issues.

import { WaxwingError } from '../../base/errors.ts';

/**
 * The error codes of IAM. They are those of AWS, because clients depend on them:
 * - `AccessDenied`: a second factor is wrong, or a policy does not allow the call.
 * - `ConcurrentModification`: the entity changed while the call was in progress.
 * - `DeleteConflict`: other objects still depend on the entity.
 * - `EntityAlreadyExists`: the name is in use.
 * - `EntityTemporarilyUnmodifiable`: the entity is being deleted.
 * - `ExpiredTokenException`: the token of an identity provider has expired.
 * - `FeatureDisabled`: web identity tokens are not enabled.
 * - `FeatureEnabled`: web identity tokens are enabled already.
 * - `IDPCommunicationError`: an identity provider cannot be reached, or its answer cannot be used.
 * - `IDPRejectedClaim`: a claim of a token does not fit the registered clients.
 * - `InvalidAuthenticationCode`: a code of an MFA device is wrong.
 * - `InvalidAuthorizationMessageException`: the encoded message was not issued by this service.
 * - `InvalidIdentityToken`: the token of an identity provider is not valid.
 * - `InvalidInput`: values do not fit together.
 * - `InvalidParameterValue`: a tag of a session cannot be passed on.
 * - `InvalidUserType`: the root user cannot be changed like this.
 * - `JWTPayloadSizeExceededException`: the claims of a web identity token are too large.
 * - `LimitExceeded`: a quota is reached.
 * - `MalformedPolicyDocument`: the policy is not valid.
 * - `NoSuchEntity`: the entity does not exist.
 * - `OutboundWebIdentityFederationDisabledException`: web identity tokens are not enabled.
 * - `PackedPolicyTooLarge`: session policies and tags do not fit into a session token.
 * - `PasswordPolicyViolation`: the password does not follow the account's rules.
 * - `PolicyNotAttachable`: the policy belongs to a service.
 * - `ReportNotPresent`: there is no credential report yet.
 * - `ReportExpired`: the credential report is older than four hours.
 * - `SessionDurationEscalationException`: a web identity token would outlive its session.
 * - `Throttling`: too many such requests are in progress.
 * - `UnmodifiableEntity`: only the service that the role is linked to may change it.
 * - `ValidationError`: a value is not valid.
 */
export type IamErrorCode =
  | 'AccessDenied'
  | 'ConcurrentModification'
  | 'DeleteConflict'
  | 'EntityAlreadyExists'
  | 'EntityTemporarilyUnmodifiable'
  | 'ExpiredTokenException'
  | 'FeatureDisabled'
  | 'FeatureEnabled'
  | 'IDPCommunicationError'
  | 'IDPRejectedClaim'
  | 'InvalidAuthenticationCode'
  | 'InvalidAuthorizationMessageException'
  | 'InvalidIdentityToken'
  | 'InvalidInput'
  | 'InvalidParameterValue'
  | 'InvalidUserType'
  | 'JWTPayloadSizeExceededException'
  | 'LimitExceeded'
  | 'MalformedPolicyDocument'
  | 'NoSuchEntity'
  | 'OutboundWebIdentityFederationDisabledException'
  | 'PackedPolicyTooLarge'
  | 'PasswordPolicyViolation'
  | 'PolicyNotAttachable'
  | 'ReportExpired'
  | 'ReportNotPresent'
  | 'SessionDurationEscalationException'
  | 'Throttling'
  | 'UnmodifiableEntity'
  | 'ValidationError';

/** An error with a code and message of IAM or STS. */
export class IamError extends WaxwingError<IamErrorCode> {}

/** The error for an entity that does not exist. */
export function noSuchEntity(message: string): IamError {
  return new IamError('NoSuchEntity', message);
}

/** The error for a quota that is reached: `PoliciesPerUser`, `GroupsPerUser`, … */
export function quotaExceeded(quota: string, max: number): IamError {
  return new IamError('LimitExceeded', `Cannot exceed quota for ${quota}: ${max}`);
}
