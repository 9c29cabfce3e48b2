import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reportLines } from './discover.ts';

const none = { messageCount: 0, sampledCount: 0, nameKinds: [], kinds: [] };

test('queues without findings are counted but not listed', () => {
  assert.deepEqual(reportLines('orders', [{ vhost: '/', queue: 'a', ...none }]), [
    "Broker 'orders': 0 messages of 1 queue sampled; findings in 0 queues.",
  ]);
});

test('columns are aligned, and control characters are not written to the terminal', () => {
  const lines = reportLines('orders', [
    {
      vhost: '/',
      queue: 'long-queue\u001b[31m',
      messageCount: 9,
      sampledCount: 5,
      nameKinds: ['email'],
      kinds: [{ kind: 'iban', messageCount: 2 }],
    },
  ]);
  assert.deepEqual(lines.slice(0, 3), [
    'VHOST  QUEUE            KIND   MESSAGES    SAMPLED',
    '/      long-queue?[31m  email  queue name',
    '/      long-queue?[31m  iban   2           5',
  ]);
});
