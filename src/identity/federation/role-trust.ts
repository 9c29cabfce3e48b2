// Whether roles trust a caller.

import type { Iam } from '../accounts/iam.ts';
import type { RoleRecord } from '../accounts/records.ts';
import {
  type CallFacts,
  CallValues,
  foldedValues,
  type NamedValues,
} from '../policies/call-values.ts';
import { compileStored } from '../policies/compile-policy.ts';
import type { CompiledPolicy } from '../policies/compiled-policy.ts';
import { evaluate } from '../policies/evaluate.ts';
import { withPrincipalIds } from '../policies/principal-ids.ts';
import { policyPrincipal } from '../policies/principals.ts';

/** Decides whether the trust policies of roles let callers assume them. */
export class RoleTrust {
  readonly #iam: Pick<Iam, 'arnOf' | 'policies'>;
  /** Compiled trust policies. Records are immutable. */
  readonly #compiled = new WeakMap<RoleRecord, CompiledPolicy>();

  constructor(iam: Pick<Iam, 'arnOf' | 'policies'>) {
    this.#iam = iam;
  }

  /**
   * Whether a role lets the caller of a call perform all actions. Where the trust policy names the
   * account, the policies of the caller decide.
   *
   * @param actions `sts:AssumeRole`, `sts:TagSession`, …
   * @param named the condition keys of the request
   */
  allows(
    role: RoleRecord,
    actions: readonly string[],
    call: CallFacts,
    named: NamedValues,
  ): boolean {
    const { caller } = call;
    const resource = this.#iam.arnOf('role', role);
    const tags = role.tags.map(({ key, value }) => [`aws:ResourceTag/${key}`, value] as const);
    const own = { 'aws:ResourceAccount': resource.split(':')[4], ...Object.fromEntries(tags) };
    const values = new CallValues(call, foldedValues({ ...own, ...named }));
    const policies = {
      ...this.#iam.policies.policiesOf(caller),
      resource: this.#trustOf(role),
      isResourcePolicyRequired: true,
    };
    const principal = policyPrincipal(caller);
    return actions.every(
      (action) => evaluate({ principal, action, resource, values }, policies).outcome === 'allowed',
    );
  }

  #trustOf(role: RoleRecord): CompiledPolicy {
    const known = this.#compiled.get(role);
    if (known) return known;
    const compiled = withPrincipalIds(compileStored(role.trust, 'trust'), role.trustIds);
    this.#compiled.set(role, compiled);
    return compiled;
  }
}
