import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StompPeer } from '../../../../tests/support/stomp-peer.ts';
import { RabbitMqStomp, shown } from '../../../../tests/support/stomp-rabbitmq.ts';

/** A client whose user has permissions on some names only. */
async function opened(permission: { configure: string; write: string; read: string }) {
  const b = await RabbitMqStomp.open();
  b.broker.setPermission('bob', '/', permission);
  return { b, peer: await b.client() };
}

/** The error about a permission that a frame is answered with. */
function refusal(peer: StompPeer, command: string, headers: Record<string, string>): string {
  const [error] = peer.call(command, headers, 'x');
  assert.ok(peer.isClosed);
  const text = error === undefined ? '' : shown(error);
  return text
    .replace('ERROR access_refused: ACCESS_REFUSED - ', '')
    .replace(/stomp-subscription-[\w-]+/, 'stomp-subscription-X');
}

const refusedFor = "refused for user 'bob'";

test('SEND needs write on the exchange, and configure on a queue that it declares', async () => {
  const first = await opened({ configure: '', write: '.*', read: '.*' });
  assert.equal(
    refusal(first.peer, 'SEND', { destination: '/queue/q' }),
    `configure access to queue 'q' in vhost '/' ${refusedFor}`,
  );
  assert.deepEqual(first.b.names(), []);
  const second = await opened({ configure: '.*', write: '', read: '.*' });
  assert.equal(
    refusal(second.peer, 'SEND', { destination: '/amq/queue/q' }),
    `write access to exchange 'amq.default' in vhost '/' ${refusedFor}`,
  );
});

test('SUBSCRIBE needs read on the queue, and to bind it, write on it and read on the exchange', async () => {
  const topic = { destination: '/topic/k', id: '1' };
  const configure = await opened({ configure: '', write: '.*', read: '.*' });
  assert.equal(
    refusal(configure.peer, 'SUBSCRIBE', topic),
    `configure access to queue 'stomp-subscription-X' in vhost '/' ${refusedFor}`,
  );
  const read = await opened({ configure: '.*', write: '.*', read: 'amq.*' });
  assert.equal(
    refusal(read.peer, 'SUBSCRIBE', topic),
    `read access to queue 'stomp-subscription-X' in vhost '/' ${refusedFor}`,
  );
  const write = await opened({ configure: '.*', write: '', read: '.*' });
  assert.equal(
    refusal(write.peer, 'SUBSCRIBE', topic),
    `write access to queue 'stomp-subscription-X' in vhost '/' ${refusedFor}`,
  );
  const exchange = await opened({ configure: '.*', write: '.*', read: 'stomp.*' });
  assert.equal(
    refusal(exchange.peer, 'SUBSCRIBE', topic),
    `read access to exchange 'amq.topic' in vhost '/' ${refusedFor}`,
  );
  for (const { b } of [configure, read, write, exchange]) assert.deepEqual(b.names(), []);
});

test('topic permissions apply to sending and subscribing', async () => {
  const b = await RabbitMqStomp.open();
  b.broker.accounts.setTopicPermission('bob', '/', 'amq.topic', { write: '^a\\.', read: '^b\\.' });
  const peer = await b.client();
  assert.deepEqual(peer.call('SEND', { destination: '/topic/a.x', receipt: 'r' }).map(shown), [
    'RECEIPT r',
  ]);
  assert.equal(
    refusal(peer, 'SEND', { destination: '/topic/b.x' }),
    "write access to topic 'b.x' in exchange 'amq.topic' in vhost '/' refused for user 'bob'",
  );
  const other = await b.client();
  assert.equal(
    refusal(other, 'SUBSCRIBE', { destination: '/topic/a.x', id: '1' }),
    "read access to topic 'a.x' in exchange 'amq.topic' in vhost '/' refused for user 'bob'",
  );
  assert.deepEqual(b.names(), []);
});

test('a queue for replies needs configure and read on its name', async () => {
  const { b, peer } = await opened({ configure: '^q', write: '.*', read: '.*' });
  const headers = { destination: '/queue/q', 'reply-to': '/temp-queue/t' };
  assert.match(refusal(peer, 'SEND', headers), /^configure access to queue 'amq\.gen-/);
  assert.deepEqual(b.names('amq.gen-'), []);
});

test('UNSUBSCRIBE deletes a queue only with configure on it', async () => {
  const b = await RabbitMqStomp.open();
  const durable = { destination: '/topic/k', id: '1', durable: 'true', 'auto-delete': 'false' };
  const peer = await b.client();
  peer.call('SUBSCRIBE', durable);
  b.broker.setPermission('bob', '/', { configure: '', write: '.*', read: '.*' });
  assert.match(
    refusal(peer, 'UNSUBSCRIBE', { id: '1', durable: 'true' }),
    /^configure access to queue 'stomp-subscription-X'/,
  );
  assert.equal(b.names('stomp-subscription-').length, 1);
});

test('an exclusive queue of another connection is locked', async () => {
  const b = await RabbitMqStomp.open();
  const peer = await b.client();
  peer.send('SEND', { destination: '/queue/own', durable: 'false' }, 'x');
  const other = await b.client();
  const [error] = other.call('SUBSCRIBE', { destination: '/amq/queue/own', id: '1' });
  assert.equal(error?.headers['message'], 'resource_locked');
  assert.match(error?.body ?? '', /^RESOURCE_LOCKED - cannot obtain exclusive access/);
});
