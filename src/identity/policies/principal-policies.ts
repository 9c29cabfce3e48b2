// The policies of a caller, as the records of users and roles provide them to evaluation.

import type { Caller } from '../../calls/caller.ts';
import type { CompiledPolicy } from './compiled-policy.ts';

/** The policies that apply to a caller, whatever it calls. */
export interface PrincipalPolicies {
  /**
   * Inline and attached policies of the user and its groups, or of the role. Empty for services and
   * anonymous callers. Policies whose documents are not valid are included: they deny everything
   * (see `compileStored`).
   */
  readonly identity: readonly CompiledPolicy[];
  /** The permissions boundary of the user or role. */
  readonly boundary?: CompiledPolicy | undefined;
  /**
   * The policies that were passed when the session was created. One of them must allow the call.
   * Undefined if the session is not limited. An empty list allows nothing, as for a federated user
   * without policies.
   */
  readonly session?: readonly CompiledPolicy[] | undefined;
  /** Whether the caller is the root user of the account, which needs no policy. */
  readonly isAccountRoot: boolean;
}

/** Finds the policies of callers. */
export interface PrincipalPolicySource {
  /**
   * Returns the current policies of a caller. It is called for every request, so implementations
   * keep compiled policies. A user or role that no longer exists has no policies.
   */
  policiesOf(caller: Caller): PrincipalPolicies;
  /**
   * Prepares the policies of a caller, if this takes more than one turn of the event loop. Otherwise
   * returns undefined, so that usual calls do not wait.
   */
  prepare?(caller: Caller): Promise<void> | undefined;
}

const ofRoot: PrincipalPolicies = { identity: [], isAccountRoot: true };
const ofOthers: PrincipalPolicies = { identity: [], isAccountRoot: false };

/** The policies of an account whose only user is its root user. */
export const rootUserOnly: PrincipalPolicySource = {
  policiesOf: ({ type }) => (type === 'root' ? ofRoot : ofOthers),
};
