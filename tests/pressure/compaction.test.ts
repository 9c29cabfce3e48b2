import assert from 'node:assert/strict';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { until } from '../support/processes.ts';
import { isLong, writeProof } from '../support/proof.ts';
import { Waxwing } from '../support/waxwing.ts';

// What old messages keep of the disk, beside others that are long settled.

const segmentBytes = 64 * 1024 * 1024;
const bodyBytes = 16 * 1024;
/** Segments that are filled, roughly. */
const segmentCount = isLong ? 24 : 4;
const batch = 1000;
/** On a busy machine; how long it took is noted and not required. */
const patienceMs = 300_000;
/** Messages of a backlog that is drained unevenly, and bytes of each. */
const backlog = isLong ? { count: 5_000_000, bodyBytes: 200 } : { count: 200_000, bodyBytes: 900 };
const figures: Record<string, object> = {};

let waxwing: Waxwing;
before(async () => {
  waxwing = await Waxwing.start();
});
after(async () => {
  await waxwing.remove();
  if (isLong) writeProof('compaction', { segmentBytes, ...figures });
});

/** Bytes of the brokers' segments, those kept to be written anew among them. */
function diskBytes(): number {
  let bytes = 0;
  const folder = join(waxwing.folder.data, 'brokers');
  for (const broker of readdirSync(folder)) {
    for (const name of readdirSync(join(folder, broker))) {
      // A segment may go between the two calls.
      const found = statSync(join(folder, broker, name), { throwIfNoEntry: false });
      if (/^(seg|free|compact)-/.test(name)) bytes += found?.size ?? 0;
    }
  }
  return bytes;
}

/** Waits until the disk holds at most 1.2 times what is live and two segments, and notes how it went. */
async function returned(what: string, liveBytes: number, beganBytes: number): Promise<void> {
  const allowed = liveBytes * 1.2 + 2 * segmentBytes;
  const beganMs = performance.now();
  await until(`${what}: the disk to return`, () => diskBytes() <= allowed, patienceMs);
  const seconds = Math.round((performance.now() - beganMs) / 100) / 10;
  figures[what] = { liveBytes, beganBytes, allowed, diskBytes: diskBytes(), seconds };
}

/** Publishes messages of one size to a queue, confirmed in batches. */
async function publish(queue: string, count: number, size: number): Promise<void> {
  const client = await waxwing.connect();
  const channel = await client.model.createConfirmChannel();
  const body = Buffer.alloc(size, 'x');
  for (let left = count; left > 0; left -= batch) {
    for (let i = Math.min(left, batch); i > 0; i--) {
      channel.sendToQueue(queue, body, { persistent: true });
    }
    await channel.waitForConfirms();
  }
  await client.close();
}

async function declare(queue: string, options: object = {}): Promise<void> {
  const client = await waxwing.connect();
  const channel = await client.model.createChannel();
  await channel.assertQueue(queue, { durable: true, ...options });
  await client.close();
}

async function purge(queue: string): Promise<void> {
  const client = await waxwing.connect();
  const channel = await client.model.createChannel();
  await channel.purgeQueue(queue);
  await client.close();
}

test('one message in each segment beside a busy queue keeps no segment', async (t) => {
  await declare('slow');
  await declare('busy');
  const perSegment = Math.floor(segmentBytes / bodyBytes);
  for (let i = 0; i < segmentCount; i++) {
    await publish('slow', 1, 100);
    await publish('busy', perSegment, bodyBytes);
  }
  const beganBytes = diskBytes();
  await purge('busy');
  await returned('pinned', segmentCount * 300, beganBytes);
  t.diagnostic(JSON.stringify(figures['pinned']));
  const client = await waxwing.connect();
  assert.equal((await client.take('slow')).length, segmentCount);
  await client.close();
});

test('a backlog of many queues that is drained unevenly takes no more than what is left of it', async (t) => {
  const queues = Array.from({ length: 10 }, (_, i) => `uneven-${i}`);
  for (const queue of queues) await declare(queue);
  const rounds = Math.ceil(backlog.count / queues.length / batch);
  for (let round = 0; round < rounds; round++) {
    await Promise.all(queues.map((queue) => publish(queue, batch, backlog.bodyBytes)));
  }
  const beganBytes = diskBytes();
  // Nine of ten queues go; what is left lies between them everywhere.
  for (const queue of queues.slice(1)) await purge(queue);
  const left = rounds * batch;
  await returned('uneven', left * (backlog.bodyBytes + 60), beganBytes);
  t.diagnostic(JSON.stringify(figures['uneven']));
  const client = await waxwing.connect();
  const channel = await client.model.createChannel();
  assert.equal((await channel.checkQueue(queues[0] ?? '')).messageCount, left);
  await channel.purgeQueue(queues[0] ?? '');
  await client.close();
});

test('dead letters of messages that expired keep no segment, nor do queues that are deleted', async (t) => {
  await declare('letters');
  await declare('mortal', {
    arguments: {
      'x-message-ttl': 1000,
      'x-dead-letter-exchange': '',
      'x-dead-letter-routing-key': 'letters',
    },
  });
  const rounds = isLong ? 12 : 3;
  const perRound = Math.floor(segmentBytes / bodyBytes);
  for (let i = 0; i < rounds; i++) {
    await publish('mortal', 20, 100);
    await declare('short-lived');
    await publish('short-lived', perRound, bodyBytes);
    const client = await waxwing.connect();
    const channel = await client.model.createChannel();
    await channel.deleteQueue('short-lived');
    await client.close();
  }
  const beganBytes = diskBytes();
  await returned('dead letters', rounds * 20 * 400, beganBytes);
  t.diagnostic(JSON.stringify(figures['dead letters']));
  const client = await waxwing.connect();
  assert.equal((await client.take('letters')).length, rounds * 20);
  await client.close();
});
