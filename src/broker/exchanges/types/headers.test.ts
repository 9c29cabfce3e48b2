import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BareBroker } from '../../../../tests/support/bare-broker.ts';
import { SeededRandom } from '../../../../tests/support/seeded-random.ts';
import type { Argument, Arguments } from '../../arguments.ts';

const text = (value: string): Argument => ({ type: 'longstr', value });

/** Values, and how they compare: those of one row are equal, all others are not. */
const equals: readonly (readonly Argument[])[] = [
  [
    { type: 'signedint', value: 1 },
    { type: 'byte', value: 1 },
    { type: 'double', value: 1 },
    { type: 'timestamp', value: 1 },
  ],
  [text('1'), { type: 'binary', value: Buffer.from('1').toString('base64') }],
  [
    { type: 'double', value: 2 ** 60 },
    { type: 'long', value: String(2n ** 60n) },
  ],
  [{ type: 'long', value: String(2n ** 60n + 1n) }],
  [{ type: 'double', value: 1.5 }],
  [{ type: 'double', value: 'NaN' }],
  [
    { type: 'double', value: 0 },
    { type: 'float', value: -0 },
    { type: 'long', value: 0 },
  ],
  [{ type: 'bool', value: true }],
  [text('true')],
  [{ type: 'decimal', value: '1.5' }],
  [
    { type: 'table', value: {} },
    { type: 'array', value: [] },
  ],
  [{ type: 'array', value: [text('a')] }],
  [{ type: 'table', value: { a: text('a') } }],
  [text('\udcff'), { type: 'binary', value: Buffer.of(0xff).toString('base64') }],
  [text('')],
];
const values = equals.flatMap((row, at) => row.map((value) => ({ value, at })));

/** What a binding means, as directly as it can be said. */
function matches(binding: Arguments, headers: Arguments): boolean {
  const how = binding['x-match']?.value ?? 'all';
  const wanted = Object.entries(binding).filter(
    ([name]) => name !== 'x-match' && (String(how).endsWith('with-x') || !name.startsWith('x-')),
  );
  const group = (argument: Argument) => values.find(({ value }) => value === argument)?.at;
  const isThere = ([name, value]: [string, Argument]) => {
    const found = Object.hasOwn(headers, name) ? headers[name] : undefined;
    return found !== undefined && (value.type === 'void' || group(value) === group(found));
  };
  return String(how).startsWith('any') ? wanted.some(isThere) : wanted.every(isThere);
}

const names = ['a', 'b', 'c', 'x-d', '1', 'constructor'];

function randomTable(random: SeededRandom, countMax: number, withVoid: boolean): Arguments {
  const table: Record<string, Argument> = {};
  for (let left = random.below(countMax + 1); left > 0; left--) {
    const name = names[random.below(names.length)] ?? 'a';
    const { value } = values[random.below(values.length)] ?? { value: text('') };
    table[name] = withVoid && random.oneIn(4) ? { type: 'void', value: null } : value;
  }
  return table;
}

test('a headers exchange matches each binding correctly while bindings are added and removed', async () => {
  const random = new SeededRandom(3);
  for (let round = 0; round < 20; round++) {
    const b = await BareBroker.open();
    const x = b.vhost.exchange('amq.headers');
    const bound: { queue: string; args: Arguments }[] = [];
    for (let i = 0; i < 60; i++) {
      const how = ['all', 'any', 'all-with-x', 'any-with-x'][random.below(4)] ?? 'all';
      const match = random.oneIn(3) ? {} : { 'x-match': text(how) };
      const args = { ...randomTable(random, 3, true), ...match };
      const queue = `q${i}`;
      b.vhost.bind(x, b.queue(queue), '', args);
      bound.push({ queue, args });
      if (random.oneIn(4)) {
        const [gone] = bound.splice(random.below(bound.length), 1);
        b.vhost.unbind(x, b.queue(gone?.queue ?? ''), '', gone?.args ?? {});
      }
      const headers = randomTable(random, 6, false);
      b.publish('amq.headers', '', 'm', { headers });
      const expected = bound.filter((binding) => matches(binding.args, headers));
      const found = [...b.vhost.queues.keys()].filter((name) => b.drain(name).length > 0);
      const allOf = expected.map((binding) => binding.queue);
      assert.deepEqual(found.sort(), [...new Set(allOf)].sort(), JSON.stringify(headers));
    }
    for (const { queue, args } of bound) b.vhost.unbind(x, b.queue(queue), '', args);
    const { routed } = b.publish('amq.headers', '', 'm', {
      headers: randomTable(random, 6, false),
    });
    assert.deepEqual([routed, x.bindingCount], [0, 0]);
  }
});
