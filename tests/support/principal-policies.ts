// Policies of users and roles for tests.

import { compilePolicy } from '../../src/identity/policies/compile-policy.ts';
import type { CompiledPolicy, PolicyKind } from '../../src/identity/policies/compiled-policy.ts';
import {
  type PrincipalPolicies,
  type PrincipalPolicySource,
  rootUserOnly,
} from '../../src/identity/policies/principal-policies.ts';

/** Compiles a policy with these statements. */
export function policyOf(kind: PolicyKind, ...statements: readonly object[]): CompiledPolicy {
  const text = JSON.stringify({ Version: '2012-10-17', Statement: statements });
  return compilePolicy(text, kind, { id: kind, type: 'none' });
}

/** A statement that allows actions on resources. */
export function allow(action: string | readonly string[], resource: string | string[] = '*') {
  return { Effect: 'Allow', Action: action, Resource: resource };
}

/** A statement that denies actions on resources. */
export function deny(action: string | readonly string[], resource: string | string[] = '*') {
  return { Effect: 'Deny', Action: action, Resource: resource };
}

/**
 * Policies of callers by their ARNs, and those of the root user. A caller that is not listed has
 * none.
 */
export function principalsWith(
  policies: Readonly<Record<string, Partial<PrincipalPolicies>>>,
): PrincipalPolicySource {
  return {
    policiesOf: (caller) => {
      const listed = policies[caller.arn];
      if (listed === undefined) return rootUserOnly.policiesOf(caller);
      return { identity: [], isAccountRoot: false, ...listed };
    },
  };
}
