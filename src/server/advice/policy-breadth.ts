// How much a policy allows without naming it.

import { actionCatalogue } from '../../identity/actions/catalogue.ts';
import type { Access } from '../../identity/actions/service-actions.ts';
import { compileStored } from '../../identity/policies/compile-policy.ts';
import type { CompiledStatement } from '../../identity/policies/compiled-policy.ts';
import { type ActionPatterns, coversAction } from '../../identity/policies/names.ts';
import { EvaluationLimit, Scope } from '../../identity/policies/scope.ts';

const harmless: ReadonlySet<Access> = new Set(['List', 'Read']);

/** The actions that change something and have resources, so that a policy can name them. */
const nameable = actionCatalogue.flatMap(({ prefix, actions }) =>
  actions
    .filter(({ access, resources }) => resources.length > 0 && !harmless.has(access))
    .map(({ name }) => `${prefix}:${name}`),
);

/**
 * Describes the first statement of a policy that allows more than it names: every action, every
 * action of a service, or actions that change something on every resource without a condition.
 *
 * @returns undefined if there is none
 */
export function breadthOf(document: string): string | undefined {
  for (const statement of compileStored(document, 'identity').allows) {
    const found = breadthOfStatement(statement);
    if (found !== undefined) return found;
  }
  return undefined;
}

function breadthOfStatement({ actions, resources, conditions }: CompiledStatement) {
  if (actions.not) return 'every action except some (NotAction)';
  for (const pattern of actions.patterns) {
    if (pattern.type === 'any') return 'every action';
    if (pattern.type === 'prefix' && pattern.text.endsWith(':')) {
      return `every action of ${pattern.text.slice(0, -1)}`;
    }
  }
  const isEveryResource =
    resources?.not === true || resources?.patterns.some(({ any }) => any) === true;
  if (!isEveryResource || conditions.length > 0) return undefined;
  const action = firstNameable(actions);
  return action && `${action} on every resource`;
}

function firstNameable(actions: ActionPatterns): string | undefined {
  const scope = new Scope(new Map());
  try {
    return nameable.find((action) => coversAction(actions, action.toLowerCase(), scope));
  } catch (error) {
    if (error instanceof EvaluationLimit) return 'more actions than can be compared';
    throw error;
  }
}
