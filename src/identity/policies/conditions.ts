// The conditions of statements.

import { malformed, type Reading, refuseValue } from './malformed.ts';
import { type Comparison, operators } from './operators.ts';
import type { ContextValue, Scope } from './scope.ts';

/** The conditions of a statement. All of them must hold. */
export type Conditions = readonly Condition[];

/** A comparison of one condition key with the values of a statement. */
export interface Condition {
  /** In lower case, because condition keys are not case-sensitive. */
  readonly key: string;
  /** One for each value of the statement; for `Null`, which of presence and absence holds. */
  readonly expected:
    | readonly Comparison[]
    | { readonly absent: boolean; readonly present: boolean };
  /** No value of the statement may match, and an absent key matches. */
  readonly negated: boolean;
  readonly ifExists: boolean;
  readonly set: 'ForAllValues' | 'ForAnyValue' | undefined;
}

const operatorForm = /^(?:(ForAllValues|ForAnyValue):)?([A-Za-z]+?)(IfExists)?$/;

/**
 * Prepares the `Condition` of a statement.
 *
 * @throws {IdentityError} 'malformed-policy'
 */
export function compileConditions(value: unknown, reading: Reading): Conditions {
  if (value === undefined) return [];
  return entriesOf(value).flatMap(([operator, keys]) =>
    entriesOf(keys).map(([key, expected]) => {
      if (!/^[^:]+:.+/s.test(key)) {
        const text = `The condition key '${key.slice(0, 64)}' has no prefix`;
        refuseValue(`${text}; keys such as aws:username are allowed.`, reading);
      }
      return conditionOf(operator, key.toLowerCase(), valuesOf(expected, reading), reading);
    }),
  );
}

function conditionOf(
  name: string,
  key: string,
  values: readonly string[],
  reading: Reading,
): Condition {
  const [, set, base = '', suffix] = operatorForm.exec(name) ?? [];
  const common = {
    key,
    ifExists: suffix !== undefined,
    set: set === 'ForAllValues' || set === 'ForAnyValue' ? set : undefined,
  } as const;
  if (base === 'Null' && suffix === undefined && set === undefined) {
    return { ...common, negated: false, expected: presence(values, reading) };
  }
  const operator = operators.get(base);
  if (operator === undefined) {
    throw malformed(`The policy has an unknown condition operator: ${name.slice(0, 64)}.`);
  }
  const { compile, negated } = operator;
  return { ...common, negated, expected: values.map((each) => compile(each, reading)) };
}

function presence(values: readonly string[], reading: Reading) {
  const folded = values.map((value) => value.toLowerCase());
  const wrong = folded.find((value) => value !== 'true' && value !== 'false');
  if (wrong !== undefined) {
    refuseValue(`Null has the value '${wrong.slice(0, 64)}'; true and false are allowed.`, reading);
  }
  return { absent: folded.includes('true'), present: folded.includes('false') };
}

/** Whether all conditions of a statement with this effect hold. */
export function holds(conditions: Conditions, scope: Scope, effect: 'Allow' | 'Deny'): boolean {
  for (const condition of conditions) {
    if (!conditionHolds(condition, scope, effect)) return false;
  }
  return true;
}

function conditionHolds(condition: Condition, scope: Scope, effect: 'Allow' | 'Deny'): boolean {
  const found = scope.value(condition.key);
  const { expected } = condition;
  if ('absent' in expected) return found === undefined ? expected.absent : expected.present;
  if (found === undefined) return condition.ifExists || needsAll(condition);
  if (typeof found === 'string' || !('variants' in found)) {
    return holdsFor(condition, expected, found, scope, effect);
  }
  const holdsForOne = (value: string) => holdsFor(condition, expected, value, scope, effect);
  return effect === 'Allow' ? found.variants.every(holdsForOne) : found.variants.some(holdsForOne);
}

function holdsFor(
  condition: Condition,
  expected: readonly Comparison[],
  found: Exclude<ContextValue, { variants: unknown }>,
  scope: Scope,
  effect: 'Allow' | 'Deny',
): boolean {
  const { negated } = condition;
  if (typeof found === 'string') return fits(expected, negated, found, scope, effect);
  const fitsOne = (one: string) => fits(expected, negated, one, scope, effect);
  return needsAll(condition) ? found.every(fitsOne) : found.some(fitsOne);
}

/**
 * Whether one value of the request fits. A variable without a value equals nothing. In an Allow, a
 * negated operator must not hold for this reason alone.
 */
function fits(
  expected: readonly Comparison[],
  negated: boolean,
  found: string,
  scope: Scope,
  effect: 'Allow' | 'Deny',
): boolean {
  let isKnown = true;
  for (const compare of expected) {
    const match = compare(found, scope);
    if (match === true) return !negated;
    if (match === undefined) isKnown = false;
  }
  return negated && (isKnown || effect === 'Deny');
}

/** Whether every value of the request must fit. No value at all fits then too. */
function needsAll({ set, negated }: Condition): boolean {
  return set === 'ForAllValues' || (negated && set === undefined);
}

function valuesOf(value: unknown, reading: Reading): readonly string[] {
  const listed: unknown[] = Array.isArray(value) ? value : [value];
  if (listed.length === 0) refuseValue('A condition has an empty list of values.', reading);
  return listed.map((each) => {
    if (typeof each === 'string' || typeof each === 'boolean' || typeof each === 'number') {
      return String(each);
    }
    throw malformed('The value of a condition is not a string, a number or a boolean.');
  });
}

function entriesOf(value: unknown): [string, unknown][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw malformed('The Condition of a statement is not an object of operators, keys and values.');
  }
  return Object.entries(value);
}
