// Random composites of AMQP 1.0 with all of their fields, made from the table of the codec.

import assert from 'node:assert/strict';
import { Decoder } from '../../src/protocols/amqp10/codec/decoder.ts';
import { Encoder } from '../../src/protocols/amqp10/codec/encoder.ts';
import type { Entry, Item } from '../../src/protocols/amqp10/codec/items.ts';
import {
  type Composite,
  compositeCodes,
  readComposite,
  writeComposite,
} from '../../src/protocols/amqp10/codec/performatives.gen.ts';
import { performativesTable } from '../../src/protocols/amqp10/codec/performatives.table.ts';
import {
  receivedTransfer,
  TransferReader,
} from '../../src/protocols/amqp10/codec/transfer-reader.ts';
import { AmqpError } from '../../src/protocols/amqp10/errors.ts';
import type { SeededRandom } from '../support/seeded-random.ts';
import { randomItem } from './amqp10-input.ts';
import type { Fuzzer } from './fuzzer.ts';
import type { Tally } from './tally.ts';

interface Line {
  readonly code: number;
  readonly fields: readonly {
    readonly name: string;
    readonly type: string;
    readonly isMandatory: boolean;
  }[];
}

const camelCase = (name: string) => name.replaceAll(/-(.)/g, (_, letter) => letter.toUpperCase());

const lines = performativesTable
  .trim()
  .split(/\n+/)
  .map((line): Line => {
    const [code = '', , ...fields] = line.split(' ');
    return {
      code: Number.parseInt(code, 16),
      fields: fields.map((field) => {
        const [name = '', type = ''] = field.split(':');
        const isMandatory = name.endsWith('!');
        return { name: camelCase(name.replace('!', '')), type, isMandatory };
      }),
    };
  });

const names = new Map(Object.entries(compositeCodes).map(([name, code]) => [code as number, name]));
/** Outcomes and states, which are nested in others. */
const nestedCodes: readonly number[] = [0x23, 0x24, 0x25, 0x26, 0x27];
const texts = ['', 'a', 'queue', 'ä', 'x'.repeat(300)];

function value(type: string, random: SeededRandom): unknown {
  switch (type) {
    case 'boolean':
      return random.oneIn(2);
    case 'ubyte':
      return random.below(256);
    case 'ushort':
      return random.below(65_536);
    case 'uint':
      return random.pick([0, 255, 256, 2 ** 32 - 1]);
    case 'ulong':
    case 'timestamp':
      return random.pick([0n, 255n, 256n, 2n ** 62n]);
    case 'string':
    case 'symbol':
      return random.pick(texts);
    case 'binary':
      return random.bytes(300);
    case 'symbols':
      return [random.pick(texts), random.pick(texts)];
    case 'map':
      return [[{ type: 'symbol', value: 'k' }, randomItem(random)] satisfies Entry];
    case 'item':
      return { type: 'string', value: random.pick(texts) } satisfies Item;
    default:
      return undefined;
  }
}

function composite({ code, fields }: Line, random: SeededRandom, depth: number): Composite {
  const values = fields.map(({ name, type, isMandatory }) => {
    if (type === '*') return [name, nested(code, name, random, depth)] as const;
    const isLeft = !isMandatory && random.oneIn(3);
    return [name, isLeft ? undefined : value(type, random)] as const;
  });
  return { code, ...Object.fromEntries(values) } as Composite; // by the table
}

/** The composite of a field. */
function nested(code: number, field: string, random: SeededRandom, depth: number) {
  if (depth > 2 || random.oneIn(3)) return undefined;
  const wanted: Readonly<Record<string, readonly number[]>> = {
    source: [0x28],
    target: [0x29, 0x30],
    error: [0x1d],
  };
  const codes = wanted[field] ?? (code === 0x34 ? nestedCodes : [...nestedCodes, 0x34]);
  const picked = random.pick(codes);
  const line = lines.find((each) => each.code === picked);
  return line && composite(line, random, depth + 1);
}

/** Without the fields that are undefined, and the differences of empty values. */
const plain = (from: Composite) =>
  JSON.stringify(from, (_, each) => {
    if (typeof each === 'bigint') return String(each);
    return each === null ? undefined : each;
  });

/** What the reader of transfers reads is what the general decoder reads. */
function requireSameTransfer(bytes: Buffer): void {
  const transfers = new TransferReader();
  const read = transfers.read(bytes, 0, bytes.length);
  if (read === undefined) return;
  const d = new Decoder().reset(bytes, 0, bytes.length);
  const made = readComposite(d);
  assert.ok(made.code === compositeCodes.transfer);
  assert.deepEqual([read, transfers.at], [receivedTransfer(made), d.at]);
}

/** A composite is decoded as it was encoded; a damaged one ends in an expected error. */
function fuzzComposite(random: SeededRandom, tally: Tally): void {
  const made = composite(random.pick(lines), random, 0);
  const w = new Encoder();
  writeComposite(w, made);
  const bytes = w.toBuffer();
  const d = new Decoder();
  if (random.oneIn(2)) {
    const damaged = random.damaged(bytes);
    requireSameTransfer(damaged);
    try {
      readComposite(d.reset(damaged, 0, damaged.length));
    } catch (thrown) {
      if (!(thrown instanceof AmqpError)) throw thrown;
    }
    return;
  }
  const read = readComposite(d.reset(bytes, 0, bytes.length));
  assert.equal(d.at, bytes.length);
  assert.equal(read.code, made.code);
  requireSameTransfer(Buffer.concat([bytes, random.bytes(10)]));
  const again = new Encoder();
  writeComposite(again, read);
  const twice = readComposite(new Decoder().reset(again.toBuffer(), 0, again.toBuffer().length));
  assert.equal(plain(twice), plain(read));
  tally.reach(names.get(made.code) ?? '');
}

/** The fuzzer of composites. */
export const compositeFuzzer: Fuzzer = {
  name: 'amqp10 composites',
  roundCount: 20_000,
  handlers: [...names.values()],
  run: fuzzComposite,
};
