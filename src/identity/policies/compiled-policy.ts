// Policies in the form in which they are evaluated.

import type { Conditions } from './conditions.ts';
import type { ActionPatterns, ResourcePatterns } from './names.ts';
import type { Principals } from './principals.ts';

/**
 * What a policy is attached to, which decides its grammar:
 * - `identity`: a user, group or role; no principals
 * - `resource`: a resource, such as a KMS key
 * - `trust`: a role; it says who may assume the role
 * - `session`: a session, which it limits
 * - `boundary`: a user or role, which it limits
 */
export type PolicyKind = 'identity' | 'resource' | 'trust' | 'session' | 'boundary';

/** The origin of a policy, in the words of `SimulatePrincipalPolicy`. */
export interface PolicySource {
  /** The name of a managed policy; `user_NAME_POLICY` for an inline policy. */
  readonly id: string;
  readonly type: 'user' | 'group' | 'role' | 'aws-managed' | 'user-managed' | 'resource' | 'none';
}

/** A valid policy, or one that denies everything because its document is not valid. */
export interface CompiledPolicy {
  readonly kind: PolicyKind;
  readonly source: PolicySource;
  readonly statements: readonly CompiledStatement[];
  readonly denies: readonly CompiledStatement[];
  readonly allows: readonly CompiledStatement[];
  /** Why the document is not valid; undefined if it is valid. */
  readonly broken: string | undefined;
}

/** A statement. */
export interface CompiledStatement {
  readonly sid: string | undefined;
  /** Position in the policy, from 0. */
  readonly index: number;
  readonly effect: 'Allow' | 'Deny';
  readonly actions: ActionPatterns;
  /** Undefined in trust policies, and in resource policies where it is missing. */
  readonly resources: ResourcePatterns | undefined;
  /** Set only in resource and trust policies. */
  readonly principals: Principals | undefined;
  readonly conditions: Conditions;
  readonly start: Position;
  /** The position after the statement's last character. */
  readonly end: Position;
}

/** A position in a policy document. Lines and columns count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}
