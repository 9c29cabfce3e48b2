import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BareBroker } from '../../../../tests/support/bare-broker.ts';
import type { Argument, Arguments } from '../../arguments.ts';

const text = (value: string): Argument => ({ type: 'longstr', value });
const hops = (value: number): Arguments => ({ 'x-max-hops': { type: 'long', value } });
const passed = (...names: string[]): { readonly headers: Arguments } => ({
  headers: {
    'x-received-from': {
      type: 'array',
      value: names.map((name) => ({
        type: 'table',
        value: { 'cluster-name': text(name), vhost: text('/') },
      })),
    },
  },
});

/** A broker with a queue that is bound to an exchange `x`. */
async function opened(args: Arguments) {
  const b = await BareBroker.open();
  const options = { durable: true, autoDelete: true, internal: true, arguments: args };
  const exchange = b.vhost.declareExchange('x', 'x-federation-upstream', options);
  b.vhost.bind(exchange, b.queue('q'), '', {});
  return b;
}

test('messages are routed until they have passed the maximum number of brokers', async () => {
  const b = await opened(hops(2));
  b.publish('x', 'any', 'new');
  b.publish('x', 'any', 'passed one', passed('a'));
  b.publish('x', 'any', 'passed two', passed('a', 'b'));
  b.publish('x', 'any', 'other form', { headers: { 'x-received-from': text('a') } });
  assert.deepEqual(b.drain('q'), ['new', 'passed one', 'other form']);
});

test('messages are not routed back to the broker that they came from', async () => {
  const downstream = { 'x-downstream-name': text('a'), 'x-downstream-vhost': text('/') };
  const b = await opened({ ...hops(9), ...downstream });
  b.publish('x', '', 'from a', passed('b', 'a'));
  b.publish('x', '', 'from b', passed('b'));
  assert.deepEqual(b.drain('q'), ['from b']);
});

test('the maximum of brokers must be stated', async () => {
  for (const args of [{}, hops(0), hops(1.5), { 'x-max-hops': text('2') }]) {
    await assert.rejects(opened(args), { code: 'precondition-failed' });
  }
});
