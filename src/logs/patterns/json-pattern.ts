// Filter patterns for lines of JSON: `{ $.user.name = "a*" && $.count > 3 }`.

import { type Condition, readComparison, readCondition } from './condition.ts';
import { invalidPattern, type PatternScanner } from './pattern-scanner.ts';

/** A step from a value to a part of it: a member, an element, or all elements. */
type Step = string | number | '[*]';

const stepCountMax = 32;
/** Maximum number of values that one selector finds. */
const valueCountMax = 1000;

/** Compiles a pattern for lines of JSON. Other lines do not match. */
export function jsonPattern(scanner: PatternScanner): (text: string) => boolean {
  scanner.expect('{');
  const condition = readCondition(scanner, readTest);
  scanner.space();
  scanner.expect('}');
  scanner.space();
  if (!scanner.isAtEnd) throw invalidPattern("there is text after the closing '}'");
  return (text) => {
    const value = parsed(text);
    return value !== undefined && condition(value);
  };
}

function parsed(text: string): object | undefined {
  const from = text.trimStart();
  if (!from.startsWith('{') && !from.startsWith('[')) return undefined;
  try {
    const value: unknown = JSON.parse(from);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function readTest(scanner: PatternScanner): Condition<object> {
  const steps = readSelector(scanner);
  const comparison = readComparison(scanner, /[^\s&|(){}]/);
  if (comparison !== undefined) {
    return (subject) =>
      valuesAt(subject, steps).some((value) => isScalar(value) && comparison(value));
  }
  const words = wordsAfter(scanner);
  switch (words) {
    case 'IS NULL':
      return (subject) => valuesAt(subject, steps).some((value) => value === null);
    case 'IS TRUE':
      return (subject) => valuesAt(subject, steps).some((value) => value === true);
    case 'IS FALSE':
      return (subject) => valuesAt(subject, steps).some((value) => value === false);
    case 'EXISTS':
      return (subject) => valuesAt(subject, steps).length > 0;
    case 'NOT EXISTS':
      return (subject) => valuesAt(subject, steps).length === 0;
    default:
      throw invalidPattern(`'${words}' is no comparison`);
  }
}

function wordsAfter(scanner: PatternScanner): string {
  const words: string[] = [];
  for (;;) {
    scanner.space();
    const word = scanner.take(/[A-Za-z]/);
    if (word === '') return words.join(' ');
    words.push(word.toUpperCase());
  }
}

/** Reads a selector: `$.a.b[0].c`, `$['a b'].c`, `$.list[*]`. */
function readSelector(scanner: PatternScanner): readonly Step[] {
  scanner.expect('$');
  const steps: Step[] = [];
  for (;;) {
    if (steps.length > stepCountMax) {
      throw invalidPattern(`a selector of more than ${stepCountMax} parts`);
    }
    if (scanner.skip('.')) {
      if (scanner.next === '[') continue;
      const name = scanner.take(/[\p{L}\p{N}_\-@:/]/u);
      if (name === '') throw invalidPattern("a selector with an empty part after '.'");
      steps.push(name);
    } else if (scanner.skip('[')) steps.push(readBrackets(scanner));
    else return steps;
  }
}

function readBrackets(scanner: PatternScanner): Step {
  let step: Step;
  if (scanner.skip('*')) step = '[*]';
  else if (scanner.next === '"' || scanner.next === "'") step = scanner.quoted(scanner.next);
  else {
    const digits = scanner.take(/\d/);
    if (digits === '' || digits.length > 9) {
      throw invalidPattern('brackets in a selector contain a number, a quoted name, or *');
    }
    step = Number(digits);
  }
  scanner.expect(']');
  return step;
}

/** All values that a selector finds; more than one only with `[*]`. */
function valuesAt(subject: unknown, steps: readonly Step[]): unknown[] {
  let found: unknown[] = [subject];
  for (const step of steps) {
    const next: unknown[] = [];
    for (const value of found) {
      addParts(value, step, next);
      if (next.length > valueCountMax) break;
    }
    found = next;
  }
  return found;
}

function addParts(value: unknown, step: Step, found: unknown[]): void {
  if (typeof value !== 'object' || value === null) return;
  if (step === '[*]' && Array.isArray(value)) {
    for (const element of value as unknown[]) found.push(element);
  } else if (Object.hasOwn(value, step)) {
    found.push((value as Record<string | number, unknown>)[step]);
  }
}

function isScalar(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}
