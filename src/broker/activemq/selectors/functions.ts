// The functions of selectors, which ActiveMQ has in addition to JMS.

import { linearEngine } from '../../patterns/name-pattern.ts';
import { areEqual, type Node, type NodeOptions, other, type Subject } from './nodes.ts';
import { steps } from './steps.ts';
import { invalidSelector } from './tokens.ts';
import type { SelectorValue } from './values.ts';

/** Maximum number of arguments of a function. */
export const argumentCountMax = 100;
/** Maximum size of a compiled regular expression, in instructions. */
const programSizeMax = 200;
/** Maximum length in characters of a separator, and of a text to replace or its replacement. */
const literalLengthMax = 256;

/** Characters that have a meaning in regular expressions, which ActiveMQ takes for these arguments. */
const special = /[\\^$.|?*+()[\]{}]/;

type Function = (args: readonly Node[], options: NodeOptions) => Node;

/** The functions by their names. */
const functions: Readonly<Record<string, Function>> = { REGEX, INLIST, MAKELIST, SPLIT, REPLACE };

/**
 * Returns a call of a function. Names are not case-sensitive.
 *
 * @throws {BrokerError} `precondition-failed` if there is no such function, or it does not take
 *   these arguments
 */
export function call(name: string, args: readonly Node[], options: NodeOptions): Node {
  const keyword = name.toUpperCase();
  const found = Object.hasOwn(functions, keyword) ? functions[keyword] : undefined;
  if (found === undefined) throw invalidSelector(`there is no function ${name}`);
  return found(args, options);
}

function requireCount(name: string, args: readonly Node[], count: number): void {
  if (args.length === count) return;
  throw invalidSelector(`${name} takes ${count} arguments, not ${args.length}`);
}

/** Whether a text contains a match of a regular expression, which must be a literal. */
function REGEX(args: readonly Node[]): Node {
  requireCount('REGEX', args, 2);
  const [pattern, text] = args as [Node, Node];
  if (pattern.kind !== 'constant' || typeof pattern.value !== 'string') {
    throw invalidSelector('the regular expression of REGEX must be a string');
  }
  const engine = linearEngine('invalid selector: the pattern', pattern.value, programSizeMax);
  return other((subject) => {
    const value = text.evaluate(subject);
    if (typeof value !== 'string') return value === null ? null : false;
    // A match takes a step for each character and instruction at most.
    steps.left -= value.length * engine.size;
    return steps.left < 0 ? null : engine.test(value);
  });
}

/** Whether a list contains a value. */
function INLIST(args: readonly Node[], options: NodeOptions): Node {
  requireCount('INLIST', args, 2);
  const [list, item] = args as [Node, Node];
  const values = list.list;
  if (values === undefined) {
    throw invalidSelector('the first argument of INLIST must be MAKELIST or SPLIT');
  }
  return other((subject) => {
    const wanted = item.evaluate(subject);
    const found = values(subject);
    if (wanted === null || found === null) return null;
    return found.some((value) => value !== null && areEqual(value, wanted, options));
  });
}

/** A list of values, for INLIST. */
function MAKELIST(args: readonly Node[]): Node {
  return listOf((subject) => args.map(({ evaluate }) => evaluate(subject)));
}

/** The parts of a text between separators, for INLIST. Empty parts at the end are left out. */
function SPLIT(args: readonly Node[]): Node {
  requireCount('SPLIT', args, 2);
  const [text, by] = args as [Node, Node];
  const separator = literalOf('separator of SPLIT', by);
  return listOf((subject) => {
    const value = text.evaluate(subject);
    if (typeof value !== 'string') return null;
    steps.left -= value.length;
    if (steps.left < 0) return null;
    const parts = value.split(separator);
    while (parts.at(-1) === '') parts.pop();
    return parts;
  });
}

/** A text in which all occurrences of another one are replaced. */
function REPLACE(args: readonly Node[]): Node {
  requireCount('REPLACE', args, 3);
  const [text, from, to] = args as [Node, Node, Node];
  const wanted = literalOf('second argument of REPLACE', from);
  const by = to.kind === 'constant' && to.value === '' ? '' : literalOf('third argument', to);
  return other((subject) => {
    const value = text.evaluate(subject);
    if (typeof value !== 'string') return null;
    steps.left -= value.length;
    if (steps.left < 0) return null;
    const parts = value.split(wanted);
    steps.left -= parts.length * by.length;
    return steps.left < 0 ? null : parts.join(by);
  });
}

function listOf(list: (subject: Subject) => readonly SelectorValue[] | null): Node {
  // A list by itself has no value.
  return { ...other(() => null), list };
}

function literalOf(what: string, { kind, value }: Node): string {
  if (kind !== 'constant' || typeof value !== 'string' || value === '') {
    throw invalidSelector(`the ${what} must be a string that is not empty`);
  }
  if (value.length > literalLengthMax) {
    throw invalidSelector(`the ${what} is longer than ${literalLengthMax} characters`);
  }
  if (!special.test(value)) return value;
  throw invalidSelector(`the ${what} must have no characters of regular expressions`);
}
