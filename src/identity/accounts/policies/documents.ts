// Checks of policy documents that are about to be stored.

import { IdentityError } from '../../errors.ts';
import { compilePolicy } from '../../policies/compile-policy.ts';
import type { CompiledPolicy, PolicyKind } from '../../policies/compiled-policy.ts';
import { IamError, quotaExceeded } from '../errors.ts';
import { quotas } from '../quotas.ts';

/**
 * Checks a document, and returns its compiled form.
 *
 * @throws {IamError} 'MalformedPolicyDocument'
 */
export function checkDocument(document: string, kind: PolicyKind): CompiledPolicy {
  try {
    return compilePolicy(document, kind);
  } catch (cause) {
    if (!(cause instanceof IdentityError)) throw cause;
    throw new IamError('MalformedPolicyDocument', cause.message, { cause });
  }
}

/**
 * Checks a trust policy, and returns its compiled form.
 *
 * @throws {IamError} 'MalformedPolicyDocument', 'LimitExceeded'
 */
export function checkedTrustPolicy(document: string): CompiledPolicy {
  const max = quotas.trustPolicySize;
  if (sizeOf(document) > max) throw quotaExceeded('ACLSizePerRole', max);
  return checkDocument(document, 'trust');
}

/** The size of a document as quotas count it: without whitespace. */
export function sizeOf(document: string): number {
  return document.replace(/\s/g, '').length;
}
