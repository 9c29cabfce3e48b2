// Authorisation of calls on keys.

import type { CompiledPolicy } from '../../identity/policies/compiled-policy.ts';
import { type Decision, denialMessage, evaluate } from '../../identity/policies/evaluate.ts';
import { withPrincipalIds } from '../../identity/policies/principal-ids.ts';
import type { PrincipalPolicySource } from '../../identity/policies/principal-policies.ts';
import { type Naming, policyPrincipal, stronger } from '../../identity/policies/principals.ts';
import { isServiceCall, isServicePrincipal, type KmsCall, withoutRegion } from '../call.ts';
import { KmsError } from '../errors.ts';
import { constraintsAllow } from '../grants/grant-constraints.ts';
import type { KmsJournal } from '../kms-journal.ts';
import type { EncryptionContext, GrantRecord, KeyRecord } from '../records.ts';
import { storedKeyPolicy } from './key-policies.ts';
import { type OperationValues, requestValues } from './request-values.ts';

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

/** A principal of a grant. If it has a unique id, that is what names it. */
export interface GrantPrincipal {
  /** An ARN, or a service principal. */
  readonly name: string;
  readonly id?: string | undefined;
}

/** What may allow a use of a key. */
interface Allowing {
  readonly keyPolicy: CompiledPolicy | undefined;
  readonly grant: Naming;
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
  readonly #principals: PrincipalPolicySource;
  /** Compiled policies. Records are immutable, so each policy is compiled once. */
  readonly #policies = new WeakMap<KeyRecord, CompiledPolicy>();

  constructor(journal: KmsJournal, principals: PrincipalPolicySource) {
    this.#journal = journal;
    this.#principals = principals;
  }

  /** @throws {KmsError} 'AccessDeniedException' */
  authorise(call: KmsCall, ask: AuthorisationRequest): AuthorisationDecision {
    const keyPolicy = this.#policyOf(ask.key);
    const byPolicy = this.#decide(call, ask, { keyPolicy, grant: 'none' });
    if (byPolicy.outcome === 'allowed') return { byPolicy: true, grants: [] };
    if (byPolicy.outcome === 'implicitDeny') {
      const grants = this.#grantsFor(call, ask, keyPolicy);
      if (grants.length > 0) return { byPolicy: false, grants };
    }
    const action = `kms:${ask.action}`;
    const message = denialMessage(call.caller.arn, action, ask.key.arn, byPolicy);
    throw new KmsError('AccessDeniedException', message);
  }

  /** Whether a policy explicitly denies the action. */
  isDenied(call: KmsCall, ask: AuthorisationRequest): boolean {
    const keyPolicy = this.#policyOf(ask.key);
    return this.#decide(call, ask, { keyPolicy, grant: 'none' }).outcome === 'explicitDeny';
  }

  /**
   * Whether the caller is the principal that a grant names, directly or through its role or
   * account.
   */
  isPrincipal(principal: GrantPrincipal, call: KmsCall, ask: AuthorisationRequest): boolean {
    const grant = grantNaming(principal, call);
    if (grant === 'none') return false;
    return this.#decide(call, ask, { keyPolicy: undefined, grant }).outcome === 'allowed';
  }

  /** The grants on the key that allow the call. */
  #grantsFor(
    call: KmsCall,
    ask: AuthorisationRequest,
    keyPolicy: CompiledPolicy,
  ): readonly GrantRecord[] {
    const { key, action, context = {} } = ask;
    const naming = (grant: GrantRecord): Naming =>
      grant.operations.includes(action) && constraintsAllow(grant, action, context)
        ? grantNaming(granteeOf(grant), call)
        : 'none';
    const grants = [...this.#journal.grantsOf(key.id)].filter((grant) => naming(grant) !== 'none');
    const strongest = grants.map(naming).reduce(stronger, 'none');
    if (strongest === 'none') return [];
    if (this.#decide(call, ask, { keyPolicy, grant: strongest }).outcome !== 'allowed') return [];
    return grants.filter((grant) => naming(grant) === strongest);
  }

  #decide(call: KmsCall, ask: AuthorisationRequest, allowing: Allowing): Decision {
    const { key, action, context = {}, values = {} } = ask;
    const aliases = () => this.#journal.aliasNamesOf(key.id);
    const { ofKeyPolicy, ofIdentityPolicies } = requestValues(call, key, context, values, aliases);
    return evaluate(
      {
        principal: policyPrincipal(call.caller),
        action: `kms:${action}`,
        resource: key.arn,
        values: ofIdentityPolicies,
        resourceValues: ofKeyPolicy,
      },
      {
        ...this.#principals.policiesOf(call.caller),
        resource: allowing.keyPolicy,
        resourceAccountId: key.accountId,
        isResourcePolicyRequired: true,
        grant: allowing.grant,
      },
    );
  }

  #policyOf(key: KeyRecord): CompiledPolicy {
    const known = this.#policies.get(key);
    if (known) return known;
    const policy = withPrincipalIds(storedKeyPolicy(key.policy), key.principalIds);
    this.#policies.set(key, policy);
    return policy;
  }
}

/** The grantee of a grant. */
export function granteeOf({ grantee: name, granteeId: id }: GrantRecord): GrantPrincipal {
  return { name, id };
}

/** How the principal of a grant names the caller. */
function grantNaming({ name: principal, id }: GrantPrincipal, call: KmsCall): Naming {
  const { caller } = call;
  if (isServiceCall(call)) {
    const isNamed =
      isServicePrincipal(principal) && withoutRegion(principal) === withoutRegion(caller.arn);
    return isNamed ? 'direct' : 'none';
  }
  const { session, temporary } = caller;
  if (id !== undefined) {
    if (id === caller.principalId) return 'direct';
    return id === (session?.roleId ?? temporary?.issuerId) ? 'issuer' : 'none';
  }
  if (principal === caller.arn) return 'direct';
  if (principal === (session?.roleArn ?? temporary?.issuerArn)) return 'issuer';
  return principal === `arn:aws:iam::${caller.accountId}:root` ? 'account' : 'none';
}
