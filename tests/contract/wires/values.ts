// Random values for the contract of wires.

import fc from 'fast-check';
import type { Shape } from '../../../src/aws/shapes/shape.ts';

/** The values that a wire transfers without change. */
export interface WireRules {
  /** Characters that the wire can write. */
  readonly characters: RegExp;
  /** Whether a structure within another may have no members. */
  readonly hasEmptyStructures: boolean;
}

/** The wires that can write everything. */
export const anyValue: WireRules = {
  characters: /^[^\ud800-\udfff]$/u,
  hasEmptyStructures: true,
};

/** The values that XML 1.0 can represent. */
export const xmlValue: WireRules = {
  characters: /^[\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]$/u,
  hasEmptyStructures: true,
};

/** The values that both forms and XML can represent. */
export const formValue: WireRules = { ...xmlValue, hasEmptyStructures: false };

const unit = fc.oneof(
  fc.constantFrom(...' \t\n\r"\'<>&;%+=.\\/\0\x7fé漢\u{1f701}\ufffe'),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
);

function texts({ characters }: WireRules): fc.Arbitrary<string> {
  const character = unit.filter((each) => [...each].every((one) => characters.test(one)));
  // The official clients take a text of nothing but white space in XML for none.
  const some = fc.array(character, { maxLength: 8 }).map((all) => `a${all.join('')}b`);
  return fc.oneof({ weight: 9, arbitrary: some }, { weight: 1, arbitrary: fc.constant('') });
}

/** Header values: visible ASCII without spaces at the ends. */
const headerText = fc
  .array(fc.constantFrom(...'abcXYZ019-_.~!#$%&*+;=/?@'), { minLength: 1, maxLength: 12 })
  .map((all) => all.join(''));

const milliseconds = fc.integer({ min: 0, max: 4_000_000_000_000 });
const seconds = milliseconds.map((ms) => ms - (ms % 1000));

/** A value for a shape as operations have it; members are left out now and then. */
export function valuesOf(shape: Shape<unknown>, rules: WireRules): fc.Arbitrary<unknown> {
  const { node, binding } = shape;
  if (binding?.in === 'header' || binding?.in === 'prefix-headers') return headersOf(shape, rules);
  switch (node.kind) {
    case 'structure':
      return structures(node.members, rules);
    case 'list':
      // An empty flattened list cannot be told from a missing one.
      return fc.array(innerValues(node.of, rules), {
        minLength: shape.xml?.isFlattened ? 1 : 0,
        maxLength: 3,
      });
    case 'map':
      return maps(texts(rules), innerValues(node.value, rules));
    case 'string':
      return texts(rules);
    case 'timestamp':
      return node.format === 'http-date' ? seconds : milliseconds;
    default:
      return numbersAndBytes(node.kind === 'enumeration' ? node.values : node.kind);
  }
}

/** Forms have no way to write an empty map. */
function maps(keys: fc.Arbitrary<string>, values: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.dictionary(keys, values, { minKeys: 1, maxKeys: 3, noNullPrototype: true });
}

function headersOf(shape: Shape<unknown>, rules: WireRules): fc.Arbitrary<unknown> {
  const { node } = shape;
  if (node.kind === 'map') return maps(fc.stringMatching(/^[a-z][a-z0-9-]{0,5}$/), headerText);
  if (node.kind === 'list') {
    return fc.array(valuesOf(node.of, rules), { minLength: 1, maxLength: 3 });
  }
  if (node.kind === 'string') return headerText;
  return node.kind === 'timestamp' ? seconds : numbersAndBytes(node.kind);
}

function innerValues(shape: Shape<unknown>, rules: WireRules): fc.Arbitrary<unknown> {
  const values = valuesOf(shape, rules);
  if (rules.hasEmptyStructures || shape.node.kind !== 'structure') return values;
  return values.filter((value) => Object.keys(value as object).length > 0);
}

function numbersAndBytes(kind: string | readonly string[]): fc.Arbitrary<unknown> {
  if (typeof kind !== 'string') return fc.constantFrom(...kind);
  switch (kind) {
    case 'integer':
      return fc.integer();
    case 'long':
      return fc.maxSafeInteger();
    case 'double':
      // Text does not distinguish 0 from -0.
      return fc.double().filter((value) => !Object.is(value, -0));
    case 'boolean':
      return fc.boolean();
    case 'blob':
      return fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes));
    default:
      throw new Error(`no values for ${kind}`);
  }
}

function structures(
  members: Readonly<Record<string, Shape<unknown>>>,
  rules: WireRules,
): fc.Arbitrary<unknown> {
  const all = Object.entries(members).map(
    ([name, member]) => [name, innerValues(member, rules)] as const,
  );
  const requiredKeys = Object.keys(members).filter((name) => 'required' in (members[name] ?? {}));
  return fc.record(Object.fromEntries(all), { requiredKeys, noNullPrototype: true });
}
