// What scopes permit.

import { type Claims, tagsOf } from './claims.ts';
import { Glob, literal } from './glob.ts';

/** The rights that a scope can grant. */
export type ScopeRight = 'configure' | 'write' | 'read';

/** A scope `right:vhost/name` or `right:vhost/name/routing-key`. */
interface Grant {
  readonly right: ScopeRight;
  readonly vhost: Glob;
  readonly name: Glob;
  /** Undefined if the scope grants nothing on routing keys. */
  readonly routingKey: Glob | undefined;
}

/** Maximum number of virtual hosts whose grants are kept. */
const vhostCountMax = 16;

/** The rights that the scopes of a token grant. */
export class ScopeRights {
  readonly tags: readonly string[];
  readonly #scopes: readonly string[];
  readonly #byVhost = new Map<string, readonly Grant[]>();

  /**
   * @param scopes without the prefix of the service
   * @param claims values of variables: `{sub}` in a scope stands for the claim `sub`
   */
  constructor(scopes: readonly string[], claims: Claims) {
    this.tags = tagsOf(scopes);
    const grants = scopes.filter((scope) => /^(?:configure|write|read):/.test(scope));
    this.#scopes = grants.flatMap((scope) => filled(scope, claims) ?? []);
  }

  /** Whether there is a scope for a virtual host. */
  permitsVhost(vhost: string): boolean {
    return this.#grantsIn(vhost).length > 0;
  }

  /** Whether a scope grants a right on a name. */
  permits(vhost: string, right: ScopeRight, name: string): boolean {
    return this.#grantsIn(vhost).some((grant) => grant.right === right && grant.name.matches(name));
  }

  /** Whether a scope grants a right on a routing key of an exchange. */
  permitsTopic(vhost: string, right: ScopeRight, exchange: string, routingKey: string): boolean {
    return this.#grantsIn(vhost).some(
      (grant) =>
        grant.right === right &&
        grant.name.matches(exchange) &&
        grant.routingKey?.matches(routingKey) === true,
    );
  }

  #grantsIn(vhost: string): readonly Grant[] {
    const known = this.#byVhost.get(vhost);
    if (known !== undefined) return known;
    const grants = this.#scopes
      .flatMap((scope) => grantOf(scope.replaceAll('{vhost}', literal(vhost))) ?? [])
      .filter((grant) => grant.vhost.matches(vhost));
    if (this.#byVhost.size >= vhostCountMax) this.#byVhost.clear();
    this.#byVhost.set(vhost, grants);
    return grants;
  }
}

/**
 * Replaces variables other than `{vhost}`. Values match themselves: a claim with `*` grants no more than
 * another.
 *
 * @returns undefined if the token has no such claim
 */
function filled(scope: string, claims: Claims): string | undefined {
  let isComplete = true;
  const text = scope.replaceAll(/\{([^{}]*)\}/g, (whole, name: string) => {
    if (name === 'vhost') return whole;
    const value = Object.hasOwn(claims, name) ? claims[name] : undefined;
    if (typeof value === 'string') return literal(value);
    isComplete = false;
    return '';
  });
  return isComplete ? text : undefined;
}

/** @returns undefined if the scope is malformed, so that it grants nothing */
function grantOf(scope: string): Grant | undefined {
  const colon = scope.indexOf(':');
  const parts = scope.slice(colon + 1).split('/');
  if (parts.length < 2 || parts.length > 3) return undefined;
  const [vhost, name, routingKey] = parts.map((part) => Glob.parse(part));
  if (vhost === undefined || name === undefined) return undefined;
  if (parts.length === 3 && routingKey === undefined) return undefined;
  const right = scope.slice(0, colon) as ScopeRight; // only such scopes are kept
  return { right, vhost, name, routingKey };
}
