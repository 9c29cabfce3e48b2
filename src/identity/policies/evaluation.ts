// One evaluation: which statements match a request.

import type { CompiledPolicy, CompiledStatement } from './compiled-policy.ts';
import { holds } from './conditions.ts';
import type { MatchedStatement, PolicyRequest } from './evaluate.ts';
import { coversAction, coversResource } from './names.ts';
import { type ArnText, arnText } from './patterns.ts';
import { type Naming, namingOf, type PolicyPrincipal, stronger } from './principals.ts';
import { Scope } from './scope.ts';

/** Matches the statements of policies with one request, and remembers those that matched. */
export class Evaluation {
  readonly #principal: PolicyPrincipal;
  /** In lower case. */
  readonly #action: string;
  readonly #resource: ArnText;
  readonly #scope: Scope;
  readonly #resourceScope: Scope;
  readonly #hasBoundary: boolean;
  /** Whether all matching statements are remembered, not only the first that decide. */
  readonly explains: boolean;
  readonly matched: MatchedStatement[] = [];

  constructor(request: PolicyRequest, hasBoundary: boolean, explains: boolean) {
    this.#principal = request.principal;
    this.#action = request.action.toLowerCase();
    this.#resource = arnText(request.resource);
    this.#scope = new Scope(request.values);
    const { resourceValues } = request;
    this.#resourceScope = resourceValues ? new Scope(resourceValues) : this.#scope;
    this.#hasBoundary = hasBoundary;
    this.explains = explains;
  }

  /** Whether a statement denies the request. A policy that is not valid denies everything. */
  denies(policy: CompiledPolicy): boolean {
    let denies = policy.broken !== undefined;
    for (const statement of policy.denies) {
      if (this.#naming(statement) === 'none' || !this.#matches(policy, statement)) continue;
      denies = true;
      if (!this.explains) break;
    }
    return denies;
  }

  anyDenies(policies: readonly CompiledPolicy[]): boolean {
    let denies = false;
    for (const policy of policies) {
      if (!this.denies(policy)) continue;
      denies = true;
      if (!this.explains) break;
    }
    return denies;
  }

  /** Whether a statement of a policy without principals allows the request. */
  allows(policy: CompiledPolicy): boolean {
    let allows = false;
    for (const statement of policy.allows) {
      if (!this.#matches(policy, statement)) continue;
      allows = true;
      if (!this.explains) break;
    }
    return allows;
  }

  anyAllows(policies: readonly CompiledPolicy[]): boolean {
    let allows = false;
    for (const policy of policies) {
      if (!this.allows(policy)) continue;
      allows = true;
      if (!this.explains) break;
    }
    return allows;
  }

  /** How the statements that allow the request name the caller. */
  namedBy(policy: CompiledPolicy): Naming {
    let naming: Naming = 'none';
    for (const statement of policy.allows) {
      const own = this.#naming(statement);
      if (own === 'none' || !this.#matches(policy, statement)) continue;
      naming = stronger(naming, own);
      if (naming === 'direct' && !this.explains) break;
    }
    return naming;
  }

  #naming({ principals, effect }: CompiledStatement): Naming {
    if (principals === undefined) return 'direct';
    // As in AWS, which recommends conditions on aws:PrincipalArn instead.
    if (principals.not && effect === 'Deny' && this.#hasBoundary) return 'issuer';
    return namingOf(principals, effect, this.#principal);
  }

  #matches(policy: CompiledPolicy, statement: CompiledStatement): boolean {
    const { actions, resources, conditions, effect } = statement;
    const scope = statement.principals === undefined ? this.#scope : this.#resourceScope;
    // A statement of a resource policy without a resource has no effect.
    if (resources === undefined || !coversAction(actions, this.#action, scope)) return false;
    if (!coversResource(resources, this.#resource, scope, effect)) return false;
    if (!holds(conditions, scope, effect)) return false;
    const { sid, index, start, end } = statement;
    this.matched.push({ source: policy.source, sid, index, effect, start, end });
    return true;
  }
}
