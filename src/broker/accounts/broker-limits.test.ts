import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BareBroker } from '../../../tests/support/bare-broker.ts';
import type { ClientConnection } from '../client-connection.ts';

const connectionOf = (b: BareBroker): ClientConnection => {
  const access = b.broker.access(b.broker.users.require('ann'), '/');
  const connection = { access, channelCount: 0, shutdown: () => {} };
  b.broker.clientConnections.add(connection);
  return connection;
};

test('the number of connections and channels of a broker is limited', async () => {
  const b = await BareBroker.open(undefined, { connectionCountMax: 2, channelCountMax: 1 });
  const first = connectionOf(b);
  connectionOf(b);
  assert.throws(() => connectionOf(b), {
    code: 'not-allowed',
    message: 'connection refused: node connection limit (2) is reached',
  });
  b.broker.clientConnections.delete(first);
  const { access } = connectionOf(b);
  const { accounts } = b.broker;
  accounts.channelOpened(access);
  assert.throws(() => accounts.channelOpened(access), {
    code: 'not-allowed',
    message:
      /^number of channels opened on node '.*' has reached the maximum allowed limit of \(1\)$/,
  });
  accounts.channelsClosed(access, 1);
  accounts.channelOpened(access);
});

test('the number of queues and exchanges in all virtual hosts together is limited', async () => {
  const predeclared = (await BareBroker.open()).vhost.exchanges.size;
  const exchangeCountSum = 2 * predeclared + 1;
  const b = await BareBroker.open(undefined, { queueCountSum: 2, exchangeCountSum });
  const other = b.broker.createVhost('other');
  const plain = { durable: true, autoDelete: false, arguments: {} };
  b.queue('one');
  other.declareQueue('two', { ...plain, exclusive: false }, {});
  assert.throws(() => b.queue('three'), {
    code: 'precondition-failed',
    message: "cannot declare queue 'three': queue limit in cluster (2) is reached",
  });
  const declare = (name: string) =>
    other.declareExchange(name, 'fanout', { ...plain, internal: false });
  declare('one');
  assert.throws(() => declare('two'), {
    code: 'precondition-failed',
    message: `cannot declare exchange 'two': exchange limit in cluster (${exchangeCountSum}) is reached`,
  });
  assert.equal(declare('one').name, 'one', 'an existing exchange needs no room');
});
