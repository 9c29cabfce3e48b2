// Random methods of AMQP 0-9-1 with all of their fields, made from the table of the codec.

import { type Method, methodNames } from '../../src/protocols/amqp091/codec/methods.gen.ts';
import { methodsTable } from '../../src/protocols/amqp091/codec/methods.table.ts';
import type { SeededRandom } from '../support/seeded-random.ts';
import { randomTable } from './amqp091-input.ts';

interface Line {
  readonly id: number;
  readonly fields: readonly (readonly [name: string, type: string])[];
}

const camelCase = (name: string) => name.replaceAll(/-(.)/g, (_, letter) => letter.toUpperCase());

const lines = methodsTable
  .trim()
  .split(/\n+/)
  .map((line): Line => {
    const [number = '', , ...fields] = line.split(' ');
    const [classId = '', methodId = ''] = number.split('.');
    return {
      id: Number(classId) * 65_536 + Number(methodId),
      fields: fields
        .filter((field) => !field.startsWith('reserved'))
        .map((field) => {
          const [name = '', type = ''] = field.split(':');
          return [camelCase(name), type] as const;
        }),
    };
  });

const texts = ['', 'a', 'q', 'ä', 'x'.repeat(255)];

function value(type: string, random: SeededRandom): unknown {
  switch (type) {
    case 'bit':
      return random.oneIn(2);
    case 'octet':
      return random.below(256);
    case 'short':
      return random.below(65_536);
    case 'long':
      return random.below(2 ** 32);
    case 'longlong':
      return random.pick([0, 1, 2 ** 32, 2 ** 53 - 1]);
    case 'shortstr':
      return random.pick(texts);
    case 'longstr':
      return random.bytes(300);
    default:
      return randomTable(random);
  }
}

/** Any method, with random fields. */
export function randomMethod(random: SeededRandom): Method {
  const { id, fields } = random.pick(lines);
  const values = fields.map(([name, type]) => [name, value(type, random)] as const);
  return { id, ...Object.fromEntries(values) } as Method; // by the table
}

/** The name of a method. */
export function nameOf({ id }: Pick<Method, 'id'>): string {
  return methodNames[id];
}
