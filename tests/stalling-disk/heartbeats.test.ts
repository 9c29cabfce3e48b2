import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RawClient, shortBytes } from '../support/raw-client.ts';
import { TlsListener } from '../support/tls-listener.ts';

const nothing = Buffer.alloc(0);
const persistent = Buffer.from('100002', 'hex');

async function declare(client: RawClient, queue: string): Promise<void> {
  const durable = Buffer.from('02', 'hex');
  const fields = [Buffer.alloc(2), shortBytes(queue), durable, Buffer.alloc(4)];
  await client.call([50, 10], fields, '50.11');
}

test('heartbeats and deliveries continue while a sync hangs, and confirms follow the sync', async () => {
  const listener = await TlsListener.start();
  const { disk } = listener.onLog;
  const publisher = await RawClient.open(listener, 'guest', '/', 1);
  await declare(publisher, 'q');
  await publisher.call([85, 10], [Buffer.of(0)], '85.11');
  const consumer = await RawClient.open(listener, 'guest', '/', 1);
  const consume = [
    Buffer.alloc(2),
    shortBytes('q'),
    shortBytes('c'),
    Buffer.of(2),
    Buffer.alloc(4),
  ];
  await consumer.call([60, 20], consume, '60.21');

  disk.stall();
  for (let i = 0; i < 10; i++) {
    publisher.publish(nothing, Buffer.from('q'), persistent, Buffer.from(`message ${i}`));
  }
  for (let i = 0; i < 10; i++) {
    assert.equal((await consumer.next('60.60')).body.toString(), `message ${i}`);
  }
  // Two intervals without a heartbeat end a connection.
  await Promise.all([publisher.heartbeats(6), consumer.heartbeats(6)]);
  assert.ok(disk.stalledCount > 0, 'nothing waits for the disk');
  assert.equal(publisher.comeCount, 0, 'a message was confirmed that is not synced');

  disk.goOn();
  let confirmedTo = 0;
  while (confirmedTo < 10) {
    const { fields } = await publisher.next('60.80');
    confirmedTo = Number(fields.readBigUInt64BE(0));
  }
  publisher.close();
  consumer.close();
  await listener.close();
});
