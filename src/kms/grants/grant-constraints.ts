import { containsPairs, samePairs } from '../ciphers/encryption-context.ts';
import type { EncryptionContext, GrantConstraints, GrantRecord } from '../records.ts';

/** What a grant may let its grantee do with a symmetric key. */
export const symmetricGrantOperations = [
  'Decrypt',
  'Encrypt',
  'GenerateDataKey',
  'GenerateDataKeyWithoutPlaintext',
  'ReEncryptFrom',
  'ReEncryptTo',
  'CreateGrant',
  'RetireGrant',
  'DescribeKey',
  'GenerateDataKeyPair',
  'GenerateDataKeyPairWithoutPlaintext',
] as const;

/** What a grant may let its grantee do with a key of another kind. */
export const otherGrantOperations = [
  'Sign',
  'Verify',
  'GetPublicKey',
  'GenerateMac',
  'VerifyMac',
  'DeriveSharedSecret',
] as const;

/**
 * True where the grant's constraints let it apply to a call with this encryption context.
 *
 * Grants for a resource (`SourceArn`) apply to no call, since no call here names one.
 */
export function constraintsAllow(
  grant: GrantRecord,
  operation: string,
  context: EncryptionContext,
): boolean {
  const { constraints } = grant;
  if (constraints === undefined || operation === 'RetireGrant') return true;
  if (constraints.SourceArn !== undefined) return false;
  // A child grant's own constraints are compared instead, see isNoWider().
  if (operation === 'DescribeKey' || operation === 'CreateGrant') return true;
  const { EncryptionContextEquals: equals, EncryptionContextSubset: subset } = constraints;
  if (equals !== undefined && !samePairs(context, equals)) return false;
  return subset === undefined || containsPairs(context, subset);
}

/** The part of a grant that says what it allows. */
export type GrantScope = Pick<GrantRecord, 'operations' | 'constraints'>;

/**
 * True where a child allows nothing that its parent does not: the operations are among the
 * parent's; a subset may gain pairs or become an equality, an equality stays as it is.
 */
export function isNoWider(child: GrantScope, parent: GrantScope): boolean {
  if (!child.operations.every((operation) => parent.operations.includes(operation))) return false;
  const { EncryptionContextEquals: equals, EncryptionContextSubset: subset } =
    parent.constraints ?? {};
  const { EncryptionContextEquals: childEquals, EncryptionContextSubset: childSubset } =
    child.constraints ?? {};
  if (equals !== undefined && !(childEquals && samePairs(childEquals, equals))) return false;
  if (subset === undefined) return true;
  // Either constraint of the child must by itself demand all of the parent's pairs.
  return [childEquals, childSubset].some(
    (pairs) => pairs !== undefined && containsPairs(pairs, subset),
  );
}

/** True where two grants have the same constraints. */
export function sameConstraints(
  a: GrantConstraints | undefined,
  b: GrantConstraints | undefined,
): boolean {
  return (
    samePairsOrNone(a?.EncryptionContextEquals, b?.EncryptionContextEquals) &&
    samePairsOrNone(a?.EncryptionContextSubset, b?.EncryptionContextSubset) &&
    a?.SourceArn === b?.SourceArn
  );
}

function samePairsOrNone(
  a: EncryptionContext | undefined,
  b: EncryptionContext | undefined,
): boolean {
  if (a === undefined || b === undefined) return a === b;
  return samePairs(a, b);
}
