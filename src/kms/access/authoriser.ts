import { judge, type Policy, type PolicyPrincipal, type Verdict } from '../../identity/policy.ts';
import { isServiceCall, isServicePrincipal, type KmsCall, withoutRegion } from '../call.ts';
import { KmsError } from '../errors.ts';
import { constraintsAllow } from '../grants/grant-constraints.ts';
import type { KmsJournal } from '../kms-journal.ts';
import type { EncryptionContext, GrantRecord, KeyRecord } from '../records.ts';
import { readKeyPolicy } from './key-policies.ts';
import { type OperationValues, requestValues } from './request-values.ts';

/**
 * What the caller's own policies say of an action (`kms:Decrypt`) on a key. A key's policy decides
 * whether they are asked at all.
 */
export type IdentityJudge = (
  call: KmsCall,
  action: string,
  keyArn: string,
) => 'allowed' | 'denied' | 'silent';

/** What a caller wants to do with a key. */
export interface Ask {
  /** As grants and permissions name it: `Decrypt`, `ReEncryptFrom`, `PutKeyPolicy`. */
  readonly action: string;
  readonly key: KeyRecord;
  /** The encryption context; for CreateGrant the pairs of its constraint. */
  readonly context?: EncryptionContext | undefined;
  readonly values?: OperationValues;
}

/** Why a call is allowed: by policy, or else by these grants. */
export interface Allowance {
  readonly byPolicy: boolean;
  readonly grants: readonly GrantRecord[];
}

/**
 * Decides who may use a key: nobody denies it, and the key's policy allows it directly, or leaves it
 * to the caller's own policies which do, or a grant does. The account has no access but by the key's
 * policy.
 *
 * @see AWS KMS developer guide, "Determining access to AWS KMS keys"
 */
export class Authoriser {
  readonly #journal: KmsJournal;
  readonly #identity: IdentityJudge;
  /** Records never change, so a policy is read once for each. */
  readonly #policies = new WeakMap<KeyRecord, Policy>();

  constructor(journal: KmsJournal, identity: IdentityJudge) {
    this.#journal = journal;
    this.#identity = identity;
  }

  /** @throws {KmsError} 'AccessDeniedException' */
  authorise(call: KmsCall, ask: Ask): Allowance {
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

  /** True where a policy denies it, whatever else may allow it. */
  isDenied(call: KmsCall, ask: Ask): boolean {
    return (
      this.#verdict(call, ask) === 'denied' ||
      this.#identity(call, `kms:${ask.action}`, ask.key.arn) === 'denied'
    );
  }

  /** True where the caller is the principal that a grant names, itself or by its role or account. */
  isPrincipal(principal: string, call: KmsCall, ask: Ask): boolean {
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

  #verdict(call: KmsCall, ask: Ask): Verdict {
    const { key, action, context = {}, values = {} } = ask;
    return judge(this.#policyOf(key), {
      action: `kms:${action}`,
      resource: key.arn,
      principal: principalOf(call),
      values: requestValues(call, key, context, values),
    });
  }

  #applies(grant: GrantRecord, call: KmsCall, ask: Ask): boolean {
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

/** The root user may all that a policy leaves to its account; nobody else has policies yet. */
export const rootOnly: IdentityJudge = (call) => {
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

function denied(call: KmsCall, { key, action }: Ask, why: string): KmsError {
  return new KmsError(
    'AccessDeniedException',
    `User: ${call.caller.arn} is not authorized to perform: kms:${action} on resource: ${key.arn} ${why}`,
  );
}
