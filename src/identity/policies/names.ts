// The actions and resources of statements.

import { type Reading, refuseValue } from './malformed.ts';
import {
  type ArnPattern,
  type ArnText,
  arnPattern,
  matchesArn,
  matchesText,
  type TextPattern,
  textPattern,
} from './patterns.ts';
import type { Scope } from './scope.ts';
import { readTemplate } from './templates.ts';

/** The actions that a statement names, or all others (`NotAction`). Actions ignore case. */
export interface ActionPatterns {
  readonly not: boolean;
  /** Actions without wildcards, in lower case. */
  readonly exact: ReadonlySet<string>;
  readonly patterns: readonly TextPattern[];
}

/** The resources that a statement names, or all others (`NotResource`). */
export interface ResourcePatterns {
  readonly not: boolean;
  readonly patterns: readonly ArnPattern[];
}

const actionForm = /^(?:\*|(?:\*|[a-z0-9-]+):[a-z0-9*?_-]+)$/;

/**
 * Prepares the actions of a statement.
 *
 * @throws {IdentityError} 'malformed-policy'
 */
export function compileActions(
  names: readonly string[],
  not: boolean,
  reading: Reading,
): ActionPatterns {
  const exact = new Set<string>();
  const patterns: TextPattern[] = [];
  for (const name of names) {
    const folded = name.toLowerCase();
    if (!actionForm.test(folded)) {
      const allowed = 'actions with a service prefix, such as mq:CreateBroker or kms:*, and *';
      const text = `The policy has the action '${name.slice(0, 64)}'; ${allowed} are allowed.`;
      refuseValue(text, reading);
    }
    const pattern = textPattern(readTemplate(folded, { wildcards: true, variables: false }));
    if (pattern.type === 'exact') exact.add(pattern.text);
    else patterns.push(pattern);
  }
  return { not, exact, patterns };
}

/** @param action in lower case */
export function coversAction(actions: ActionPatterns, action: string, scope: Scope): boolean {
  if (actions.exact.has(action)) return !actions.not;
  for (const pattern of actions.patterns) {
    if (matchesText(pattern, action, scope) === true) return !actions.not;
  }
  return actions.not;
}

/**
 * Prepares the resources of a statement.
 *
 * @throws {IdentityError} 'malformed-policy'
 */
export function compileResources(
  names: readonly string[],
  not: boolean,
  reading: Reading,
): ResourcePatterns {
  const patterns = names.map((name) => {
    if (!/^(?:\*+$|arn:)/.test(name)) {
      const allowed = 'ARNs, which may have wildcards, and *';
      const text = `The policy has the resource '${name.slice(0, 64)}'; ${allowed} are allowed.`;
      refuseValue(text, reading);
    }
    const rules = { wildcards: true, variables: reading.hasVariables };
    return arnPattern(readTemplate(name, rules), true);
  });
  return { not, patterns };
}

/**
 * Whether a statement is for a resource. A variable without a value matches nothing. In an Allow,
 * `NotResource` must not cover a resource for this reason alone.
 */
export function coversResource(
  resources: ResourcePatterns,
  resource: ArnText,
  scope: Scope,
  effect: 'Allow' | 'Deny',
): boolean {
  let isKnown = true;
  for (const pattern of resources.patterns) {
    const match = matchesArn(pattern, resource, scope);
    if (match === true) return !resources.not;
    if (match === undefined) isKnown = false;
  }
  return resources.not && (isKnown || effect === 'Deny');
}
