// Random structures, made from the table that the codec is made from.

import type { DataStructure } from '../../src/protocols/openwire/codec/commands.gen.ts';
import { commandsTable } from '../../src/protocols/openwire/codec/commands.table.ts';
import type { SeededRandom } from './seeded-random.ts';

interface Line {
  readonly type: number | undefined;
  readonly name: string;
  readonly base: string | undefined;
  readonly fields: readonly (readonly [name: string, kind: string])[];
}

const lines = commandsTable
  .trim()
  .split(/\n+/)
  .filter((line) => !line.startsWith('='))
  .map((line): Line => {
    const [head = '', ...rest] = line.split(':');
    const [number = '', name = '', base] = head.split(' ');
    const fields = rest.join(':').trim().split(' ').filter(Boolean);
    return {
      type: number === '-' ? undefined : Number(number),
      name,
      base,
      fields: fields.map((field) => {
        const [fieldName = '', kind = ''] = field.split('@')[0]?.split(':') ?? [];
        return [fieldName, kind] as const;
      }),
    };
  });

const unions = new Map(
  commandsTable
    .trim()
    .split(/\n+/)
    .filter((line) => line.startsWith('='))
    .map((line) => {
      const [, name = '', members = ''] = line.split(' ');
      return [name, members.split('|')] as const;
    }),
);

const typed = lines.filter(({ type }) => type !== undefined);

function fieldsOf(line: Line): Line['fields'] {
  const base = lines.find(({ name }) => name === line.base);
  return [...(base === undefined ? [] : fieldsOf(base)), ...line.fields];
}

const texts = [undefined, '', 'a', 'queue', 'ID:a-1:1', 'é', '\0x', '\ud800', '𝄞', 'x'.repeat(300)];
const longs = [
  0,
  1,
  -1,
  255,
  65_535,
  65_536,
  2 ** 31,
  2 ** 32,
  2 ** 53 - 1,
  -(2n ** 63n),
  2n ** 62n,
];

function value(kind: string, random: SeededRandom, depth: number): unknown {
  switch (kind) {
    case 'bool':
      return random.oneIn(2);
    case 'byte':
      return random.below(256) - 128;
    case 'short':
    case 'int':
      return random.below(65_536) - 32_768;
    case 'long':
      return random.pick(longs);
    case 'str':
      return random.pick(texts);
    case 'bytes':
    case 'octets':
    case 'content':
      return random.oneIn(3) ? undefined : random.bytes(20);
    case 'thr':
      return random.oneIn(2) ? undefined : { className: 'java.lang.X', message: 'm' };
    default:
      return nested(kind, random, depth);
  }
}

function nested(kind: string, random: SeededRandom, depth: number): unknown {
  if (depth > 3 || random.oneIn(3)) return undefined;
  const isList = kind.startsWith('[');
  const target = kind.replace(/^[~^[]/, '').replace(/]$/, '');
  const names = target.split('|').flatMap((name) => unions.get(name) ?? [name]);
  const make = () => {
    const line =
      target === 'any' ? random.pick(typed) : lines.find(({ name }) => name === random.pick(names));
    return line && structure(line, random, depth + 1);
  };
  return isList ? Array.from({ length: random.below(3) }, make) : make();
}

function structure(line: Line, random: SeededRandom, depth: number): DataStructure {
  const fields = fieldsOf(line).map(([name, kind]) => [name, value(kind, random, depth)] as const);
  return { type: line.type, ...Object.fromEntries(fields) } as DataStructure; // by the table
}

/** Any structure with random fields. */
export function randomStructure(random: SeededRandom): DataStructure {
  return structure(random.pick(typed), random, 0);
}
