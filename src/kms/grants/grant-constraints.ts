// The operations and constraints of grants.

import { containsPairs, samePairs } from '../ciphers/encryption-context.ts';
import { isSymmetric } from '../key-specs.ts';
import type { EncryptionContext, GrantConstraints, GrantRecord, KeyRecord } from '../records.ts';

/** The operations that a grant on a symmetric key can allow. */
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

/** The operations that a grant on another type of key can allow. */
export const otherGrantOperations = [
  'Sign',
  'Verify',
  'GetPublicKey',
  'GenerateMac',
  'VerifyMac',
  'DeriveSharedSecret',
] as const;

const management = ['CreateGrant', 'RetireGrant', 'DescribeKey'];
const rsaOperations = ['Encrypt', 'Decrypt', 'ReEncryptFrom', 'ReEncryptTo', 'GetPublicKey'];

/** The operations that a grant on a key of another type than symmetric can allow, by usage. */
const operationsByUsage: Readonly<Record<string, readonly string[]>> = {
  ENCRYPT_DECRYPT: [...rsaOperations, ...management],
  SIGN_VERIFY: ['Sign', 'Verify', 'GetPublicKey', ...management],
  GENERATE_VERIFY_MAC: ['GenerateMac', 'VerifyMac', ...management],
  KEY_AGREEMENT: ['DeriveSharedSecret', 'GetPublicKey', ...management],
};

/** The operations that a grant on a key can allow. */
export function grantOperationsOf(key: KeyRecord): readonly string[] {
  return isSymmetric(key) ? symmetricGrantOperations : (operationsByUsage[key.usage] ?? []);
}

/**
 * Whether the constraints of a grant permit a call with this encryption context. A grant with a
 * `SourceArn` constraint never applies, because calls do not name a source resource.
 */
export function constraintsAllow(
  grant: GrantRecord,
  operation: string,
  context: EncryptionContext,
): boolean {
  const { constraints } = grant;
  if (constraints === undefined || operation === 'RetireGrant') return true;
  if (constraints.SourceArn !== undefined) return false;
  // The constraints of the child grant are compared instead. See isNoWider().
  if (operation === 'DescribeKey' || operation === 'CreateGrant') return true;
  const { EncryptionContextEquals: equals, EncryptionContextSubset: subset } = constraints;
  if (equals !== undefined && !samePairs(context, equals)) return false;
  return subset === undefined || containsPairs(context, subset);
}

/** The part of a grant that determines what it allows. */
export type GrantScope = Pick<GrantRecord, 'operations' | 'constraints'>;

/**
 * Whether a child grant allows nothing beyond its parent. Its operations must be a subset. A subset
 * constraint may gain pairs or become an equality constraint; an equality constraint must stay the
 * same.
 */
export function isNoWider(child: GrantScope, parent: GrantScope): boolean {
  if (!child.operations.every((operation) => parent.operations.includes(operation))) return false;
  const { EncryptionContextEquals: equals, EncryptionContextSubset: subset } =
    parent.constraints ?? {};
  const { EncryptionContextEquals: childEquals, EncryptionContextSubset: childSubset } =
    child.constraints ?? {};
  if (equals !== undefined && !(childEquals && samePairs(childEquals, equals))) return false;
  if (subset === undefined) return true;
  // One constraint of the child must require all pairs of the parent.
  return [childEquals, childSubset].some(
    (pairs) => pairs !== undefined && containsPairs(pairs, subset),
  );
}

/** Whether two grants have the same constraints. */
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
