// Random bytes for names, keys and fields.

import { longBytes, shortBytes } from '../support/raw-client.ts';
import type { SeededRandom } from '../support/seeded-random.ts';

/** Pieces of which names are made: what decoders stumble over, and what is usual. */
const pieces = [
  'ff', 'fe', '80', 'bf', 'c3', 'c3a9', 'e282ac', 'e282', 'eda080', 'edb3bf', 'efbfbd', 'c080',
  'f09f9880', 'f09f98', 'f4908080', 'f8', '00', '7f', '5c', '22', '2e', '61', '62', '2e63',
].map((hex) => Buffer.from(hex, 'hex')); // biome-ignore format: a table

/** Bytes for a name or a key: not empty, and none that has a meaning of its own. */
export function nameBytes(random: SeededRandom, sizeMax = 255): Buffer {
  const size = random.oneIn(4) ? sizeMax : 1 + random.below(Math.min(sizeMax, 40));
  const made: Buffer[] = [];
  for (let left = size; left > 0; left -= made.at(-1)?.length ?? 1) {
    made.push(random.oneIn(3) ? Buffer.of(1 + random.below(255)) : random.pick(pieces));
  }
  const bytes = Buffer.concat(made).subarray(0, size);
  // Line ends are taken out of names, and `*` and `#` stand for other words.
  return Buffer.from(bytes.map((byte) => ([10, 13, 35, 42].includes(byte) ? 0xff : byte)));
}

/** A header: its name, and its type letter and value. */
export type Field = readonly [name: Buffer, value: Buffer];

/** A field table of these fields, its length first. */
export function tableOf(fields: readonly Field[]): Buffer {
  return longBytes(Buffer.concat(fields.flatMap(([name, value]) => [shortBytes(name), value])));
}

const fixedSizes: Readonly<Record<string, number>> = {
  t: 1, b: 1, B: 1, s: 2, u: 2, I: 4, i: 4, l: 8, L: 8, f: 4, d: 8, D: 5, T: 8, V: 0,
}; // biome-ignore format: a table
const letters = [...Object.keys(fixedSizes), 'S', 'S', 'S', 'x', 'F', 'A'];

function bytesOf(random: SeededRandom, size: number): Buffer {
  return Buffer.from(Array.from({ length: size }, () => random.below(256)));
}

/** A type letter and a value of any bytes. */
export function valueBytes(random: SeededRandom, depth = 0): Buffer {
  const letter = random.pick(letters);
  const size = fixedSizes[letter];
  if (size !== undefined) return Buffer.concat([Buffer.from(letter), bytesOf(random, size)]);
  if (letter === 'F' && depth < 3) {
    return Buffer.concat([Buffer.from('F'), tableOf(randomFields(random, depth + 1))]);
  }
  if (letter === 'A' && depth < 3) {
    const items = Array.from({ length: random.below(4) }, () => valueBytes(random, depth + 1));
    return Buffer.concat([Buffer.from('A'), longBytes(Buffer.concat(items))]);
  }
  return Buffer.concat([Buffer.from(letter === 'x' ? 'x' : 'S'), longBytes(random.bytes(300))]);
}

/** Headers with any names and values; names may come twice. */
export function randomFields(random: SeededRandom, depth = 0): Field[] {
  const names = ['1', '0', 'a', 'x-other', '__proto__', 'constructor'].map((name) =>
    Buffer.from(name),
  );
  return Array.from({ length: random.below(5) }, (): Field => {
    const name = random.oneIn(3) ? random.pick(names) : nameBytes(random);
    return [name, valueBytes(random, depth)];
  });
}

/** A header `CC` or `BCC` with these keys. */
export function keyList(name: 'CC' | 'BCC', keys: readonly Buffer[]): Field {
  const items = keys.flatMap((key) => [Buffer.from('S'), longBytes(key)]);
  return [Buffer.from(name), Buffer.concat([Buffer.from('A'), longBytes(Buffer.concat(items))])];
}

/** A message's properties as they go over the wire. */
export interface Properties {
  readonly headers: readonly Field[] | undefined;
  /** By the place of the property's flag, 15 for the first; without the headers. */
  readonly others: ReadonlyMap<number, Buffer>;
}

const headersBit = 13;
const expirationBit = 8;

/** Properties of any bytes. A user name is left out: it must be the client's own. */
export function randomProperties(random: SeededRandom, headers: readonly Field[]): Properties {
  const others = new Map<number, Buffer>();
  for (const bit of [15, 14, 10, 9, 7, 5, 3, 2]) {
    if (random.oneIn(2)) others.set(bit, shortBytes(random.oneIn(4) ? '' : nameBytes(random)));
  }
  if (random.oneIn(3)) others.set(11, Buffer.of(random.below(256)));
  if (random.oneIn(3)) others.set(6, bytesOf(random, 8));
  if (random.oneIn(3)) others.set(expirationBit, shortBytes('600000'));
  others.set(12, Buffer.of(2));
  const isBare = headers.length === 0 && random.oneIn(2);
  return { headers: isBare ? undefined : headers, others };
}

/** Property flags and list. */
export function headOf({ headers, others }: Properties): Buffer {
  const all = new Map(others);
  if (headers !== undefined) all.set(headersBit, tableOf(headers));
  const flags = Buffer.alloc(2);
  flags.writeUInt16BE([...all.keys()].reduce((sum, bit) => sum + 2 ** bit, 0));
  const inOrder = [...all].sort(([a], [b]) => b - a).map(([, bytes]) => bytes);
  return Buffer.concat([flags, ...inOrder]);
}

/** The fields without a time to live and some headers, as in a dead letter. */
export function withoutExpiration(properties: Properties): Properties {
  const others = new Map(properties.others);
  others.delete(expirationBit);
  return { ...properties, others };
}
