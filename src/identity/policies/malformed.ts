// Errors of policy documents.

import { IdentityError } from '../errors.ts';

/** How a document is read. */
export interface Reading {
  /** Whether the version of the policy has policy variables. */
  readonly hasVariables: boolean;
  /**
   * Whether values that match nothing are accepted, as earlier releases did: a key whose stored
   * policy were refused could never be used or given another policy.
   */
  readonly isTolerant: boolean;
}

/** Creates the error of a document. The message says what was found and what is allowed. */
export function malformed(message: string): IdentityError {
  return new IdentityError('malformed-policy', message);
}

/**
 * Refuses a value that cannot match anything.
 *
 * @throws {IdentityError} 'malformed-policy', unless such values are accepted
 */
export function refuseValue(message: string, { isTolerant }: Reading): void {
  if (!isTolerant) throw malformed(message);
}
