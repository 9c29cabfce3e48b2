// Validation of CreateGrant requests.

import { isAwsPrincipal } from '../../identity/policies/statements.ts';
import type { OperationValues } from '../access/request-values.ts';
import { isServiceCall, isServicePrincipal, type KmsCall } from '../call.ts';
import { canonicalContext } from '../ciphers/encryption-context.ts';
import { KmsError } from '../errors.ts';
import { isSymmetric } from '../key-specs.ts';
import type { GrantConstraints, GrantRecord, KeyRecord } from '../records.ts';
import { grantOperationsOf } from './grant-constraints.ts';

const constraintPairsMax = 8;
const constraintValueLengthMax = 384;

/** A CreateGrant request. */
export interface GrantRequest {
  readonly KeyId: string;
  readonly GranteePrincipal?: string | undefined;
  readonly GranteeServicePrincipal?: string | undefined;
  readonly RetiringPrincipal?: string | undefined;
  readonly RetiringServicePrincipal?: string | undefined;
  readonly Operations: readonly string[];
  readonly Constraints?: GrantConstraints | undefined;
  readonly GrantTokens?: readonly string[] | undefined;
  readonly Name?: string | undefined;
}

/**
 * Validates a request and returns its grant.
 *
 * @param id 64 lower-case hexadecimal digits
 * @throws {KmsError} 'ValidationException', 'InvalidArnException'
 */
export function grantOf(
  call: KmsCall,
  key: KeyRecord,
  request: GrantRequest,
  id: string,
): GrantRecord {
  const grantee = granteeOf(call, request);
  const retiring = retiringOf(call, request);
  const constraints = constraintsOf(key, request.Constraints);
  return {
    id,
    keyId: key.id,
    name: request.Name ?? '',
    createdMs: call.nowMs,
    grantee,
    ...(request.GranteeServicePrincipal !== undefined && { granteeIsService: true }),
    ...(retiring !== undefined && { retiring }),
    ...(request.RetiringServicePrincipal !== undefined && { retiringIsService: true }),
    issuingAccount: call.caller.accountId,
    operations: operationsOf(key, request.Operations),
    ...(constraints && { constraints }),
  };
}

/** The condition key that tells whether a service makes the call, for itself or for a caller. */
export function awsResourceValue(call: KmsCall): OperationValues {
  const byService = isServiceCall(call) || call.invokedBy !== undefined;
  return { 'kms:GrantIsForAWSResource': String(byService) };
}

/** The condition keys of a CreateGrant request. */
export function grantValues(call: KmsCall, request: GrantRequest): OperationValues {
  const { equals, subset } = pairsOf(request.Constraints);
  const subsetType = subset ? 'EncryptionContextSubset' : undefined;
  return {
    ...awsResourceValue(call),
    'kms:GrantOperations': request.Operations,
    'kms:GrantConstraintType': equals ? 'EncryptionContextEquals' : subsetType,
    'kms:GranteePrincipal': request.GranteeServicePrincipal ?? request.GranteePrincipal,
    'kms:RetiringPrincipal': request.RetiringServicePrincipal ?? request.RetiringPrincipal,
  };
}

function granteeOf(call: KmsCall, request: GrantRequest): string {
  const { GranteePrincipal: principal, GranteeServicePrincipal: service } = request;
  const grantee = service ?? principal;
  if (grantee === undefined || (service !== undefined && principal !== undefined)) {
    throw new KmsError(
      'ValidationException',
      'Exactly one of GranteePrincipal and GranteeServicePrincipal must be specified.',
    );
  }
  if (service === undefined) return requirePrincipal(call, grantee);
  const hasRetiring = request.RetiringPrincipal ?? request.RetiringServicePrincipal;
  if (request.Constraints?.SourceArn === undefined || hasRetiring === undefined) {
    throw new KmsError(
      'ValidationException',
      'A GranteeServicePrincipal requires a SourceArn constraint and a retiring principal.',
    );
  }
  return requireService(service);
}

function retiringOf(call: KmsCall, request: GrantRequest): string | undefined {
  const { RetiringPrincipal: principal, RetiringServicePrincipal: service } = request;
  if (principal !== undefined && service !== undefined) {
    throw new KmsError(
      'ValidationException',
      'At most one of RetiringPrincipal and RetiringServicePrincipal may be specified.',
    );
  }
  if (service !== undefined) return requireService(service);
  return principal === undefined ? undefined : requirePrincipal(call, principal);
}

/** Only services may name service principals here; customers use the separate members for them. */
function requirePrincipal(call: KmsCall, principal: string): string {
  const calledByService = isServiceCall(call) || call.invokedBy !== undefined;
  if (isAwsPrincipal(principal) && principal.startsWith('arn:')) return principal;
  if (calledByService && isServicePrincipal(principal)) return principal;
  throw invalidPrincipal(principal);
}

function requireService(principal: string): string {
  if (isServicePrincipal(principal)) return principal;
  throw invalidPrincipal(principal);
}

function operationsOf(key: KeyRecord, asked: readonly string[]): readonly string[] {
  const allowed = grantOperationsOf(key);
  const wrong = asked.find((operation) => !allowed.includes(operation));
  if (wrong !== undefined) {
    throw new KmsError(
      'ValidationException',
      `Operation ${wrong} is not valid for a grant on a key of KeySpec ${key.spec} and KeyUsage ${key.usage}.`,
    );
  }
  return [...new Set(asked)];
}

/** The pairs of the constraints. An empty map beside one with pairs is no constraint. */
function pairsOf(asked: GrantConstraints | undefined) {
  const { EncryptionContextEquals: equals, EncryptionContextSubset: subset } = asked ?? {};
  return {
    equals: isEmpty(equals) && !isEmpty(subset) ? undefined : equals,
    subset: isEmpty(subset) && !isEmpty(equals) ? undefined : subset,
  };
}

function isEmpty(pairs: Readonly<Record<string, string>> | undefined): boolean {
  return Object.keys(pairs ?? {}).length === 0;
}

function constraintsOf(
  key: KeyRecord,
  asked: GrantConstraints | undefined,
): GrantConstraints | undefined {
  const { SourceArn } = asked ?? {};
  const { equals: EncryptionContextEquals, subset: EncryptionContextSubset } = pairsOf(asked);
  if (EncryptionContextEquals !== undefined && EncryptionContextSubset !== undefined) {
    throw new KmsError(
      'ValidationException',
      'Only one of EncryptionContextEquals and EncryptionContextSubset may be specified.',
    );
  }
  for (const pairs of [EncryptionContextEquals, EncryptionContextSubset]) {
    if (pairs === undefined) continue;
    if (!isSymmetric(key)) {
      throw new KmsError(
        'ValidationException',
        'Encryption context constraints are only valid for symmetric encryption keys.',
      );
    }
    requireConstraint(pairs);
  }
  const constraints = {
    ...(EncryptionContextEquals && { EncryptionContextEquals }),
    ...(EncryptionContextSubset && { EncryptionContextSubset }),
    ...(SourceArn !== undefined && { SourceArn }),
  };
  return Object.keys(constraints).length === 0 ? undefined : constraints;
}

function requireConstraint(pairs: Readonly<Record<string, string>>): void {
  if (isEmpty(pairs)) {
    throw new KmsError('ValidationException', 'An encryption context constraint has no pairs.');
  }
  const values = Object.values(pairs);
  const longest = Math.max(0, ...values.map((value) => value.length));
  const hasPairs = values.length >= 1 && values.length <= constraintPairsMax;
  if (!hasPairs || longest > constraintValueLengthMax) {
    throw new KmsError(
      'ValidationException',
      `A grant constraint has ${values.length} pairs with values of up to ${longest} characters; 1 to ${constraintPairsMax} pairs and ${constraintValueLengthMax} characters are allowed`,
    );
  }
  // Constraint pairs must be a valid encryption context, or the grant could never apply.
  canonicalContext(pairs);
}

function invalidPrincipal(principal: string): KmsError {
  return new KmsError(
    'InvalidArnException',
    `ARN does not refer to a valid principal: ${principal}`,
  );
}
