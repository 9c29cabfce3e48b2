// Authorisation of calls on keys.

import { judge, type Policy, type PolicyPrincipal, type Verdict } from '../../identity/policy.ts';
import { isServiceCall, isServicePrincipal, type KmsCall, withoutRegion } from '../call.ts';
import { KmsError } from '../errors.ts';
import { constraintsAllow } from '../grants/grant-constraints.ts';
import type { KmsJournal } from '../kms-journal.ts';
import type { EncryptionContext, GrantRecord, KeyRecord } from '../records.ts';
import { readKeyPolicy } from './key-policies.ts';
import { type OperationValues, requestValues } from './request-values.ts';

/**
 * Evaluates the caller's own policies for an action (`kms:Decrypt`) on a key. It is consulted only
 * if the key policy delegates to the account.
 */
export type IdentityPolicyEvaluator = (
  call: KmsCall,
  action: string,
  keyArn: string,
) => 'allowed' | 'denied' | 'silent';

/** A requested use of a key. */
export interface AuthorisationRequest {
  /**
   * The action in the form that grants and permissions use: `Decrypt`, `ReEncryptFrom`,
   * `PutKeyPolicy`.
   */
  readonly action: string;
  readonly key: KeyRecord;
  /** The encryption context; for CreateGrant, the pairs of its constraint. */
  readonly context?: EncryptionContext | undefined;
  readonly values?: OperationValues;
}

/** The reason why a call is allowed: a policy, or these grants. */
export interface AuthorisationDecision {
  readonly byPolicy: boolean;
  readonly grants: readonly GrantRecord[];
}

/**
 * Decides who may use a key. A call is allowed if nothing denies it, and the key policy allows it
 * directly, or the key policy delegates to the account and the caller's own policies allow it, or a
 * grant allows it. The account has no access except through the key policy.
 *
 * @see AWS KMS developer guide, "Determining access to AWS KMS keys"
 */
export class Authoriser {
  readonly #journal: KmsJournal;
  readonly #identity: IdentityPolicyEvaluator;
  /** Parsed policies. Records are immutable, so each policy is parsed once. */
  readonly #policies = new WeakMap<KeyRecord, Policy>();

  constructor(journal: KmsJournal, identity: IdentityPolicyEvaluator) {
    this.#journal = journal;
    this.#identity = identity;
  }

  /** @throws {KmsError} 'AccessDeniedException' */
  authorise(call: KmsCall, ask: AuthorisationRequest): AuthorisationDecision {
    const { key, action } = ask;
    const verdict = this.#verdict(call, ask);
    if (verdict === 'denied')
      throw denied(call, ask, 'with an explicit deny in a resource-based policy');
    const identity = this.#identity(call, `kms:${action}`, key.arn);
    if (identity === 'denied')
      throw denied(call, ask, 'with an explicit deny in an identity-based policy');
    if (verdict === 'allowed' || (verdict === 'delegated' && identity === 'allowed')) {
      return { byPolicy: true, grants: [] };
    }
    const grants = [...this.#journal.grantsOf(key.id)].filter((grant) =>
      this.#applies(grant, call, ask),
    );
    if (grants.length > 0) return { byPolicy: false, grants };
    const kind = verdict === 'delegated' ? 'identity-based' : 'resource-based';
    throw denied(call, ask, `because no ${kind} policy allows the kms:${action} action`);
  }

  /** Whether a policy explicitly denies the action. */
  isDenied(call: KmsCall, ask: AuthorisationRequest): boolean {
    return (
      this.#verdict(call, ask) === 'denied' ||
      this.#identity(call, `kms:${ask.action}`, ask.key.arn) === 'denied'
    );
  }

  /**
   * Whether the caller is the principal that a grant names, directly or through its role or
   * account.
   */
  isPrincipal(principal: string, call: KmsCall, ask: AuthorisationRequest): boolean {
    const { caller } = call;
    if (isServiceCall(call)) {
      return (
        isServicePrincipal(principal) && withoutRegion(principal) === withoutRegion(caller.arn)
      );
    }
    if (principal === caller.arn || principal === caller.session?.roleArn) return true;
    if (principal !== `arn:aws:iam::${caller.accountId}:root`) return false;
    return this.#identity(call, `kms:${ask.action}`, ask.key.arn) === 'allowed';
  }

  #verdict(call: KmsCall, ask: AuthorisationRequest): Verdict {
    const { key, action, context = {}, values = {} } = ask;
    return judge(this.#policyOf(key), {
      action: `kms:${action}`,
      resource: key.arn,
      principal: principalOf(call),
      values: requestValues(call, key, context, values),
    });
  }

  #applies(grant: GrantRecord, call: KmsCall, ask: AuthorisationRequest): boolean {
    return (
      grant.operations.includes(ask.action) &&
      this.isPrincipal(grant.grantee, call, ask) &&
      constraintsAllow(grant, ask.action, ask.context ?? {})
    );
  }

  #policyOf(key: KeyRecord): Policy {
    const known = this.#policies.get(key);
    if (known) return known;
    const policy = readKeyPolicy(key.policy);
    this.#policies.set(key, policy);
    return policy;
  }
}

/**
 * Allows everything that a key policy delegates to the root user. No other identity has policies.
 */
export const rootUserPolicies: IdentityPolicyEvaluator = (call) => {
  return call.caller.type === 'root' ? 'allowed' : 'silent';
};

function principalOf(call: KmsCall): PolicyPrincipal {
  const { caller } = call;
  const isService = isServiceCall(call);
  const arns = caller.session ? [caller.arn, caller.session.roleArn] : [caller.arn];
  return {
    accountId: caller.accountId,
    arns: isService ? [] : arns,
    service: isService ? caller.arn : undefined,
    isRoot: caller.type === 'root',
  };
}

function denied(call: KmsCall, { key, action }: AuthorisationRequest, why: string): KmsError {
  return new KmsError(
    'AccessDeniedException',
    `User: ${call.caller.arn} is not authorized to perform: kms:${action} on resource: ${key.arn} ${why}`,
  );
}
