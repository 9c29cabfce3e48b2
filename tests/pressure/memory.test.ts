import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { AmqpClient } from '../support/amqp-client.ts';
import { until } from '../support/processes.ts';
import { Waxwing } from '../support/waxwing.ts';
import { numberOf } from './publisher.ts';

// The memory of real processes according to Linux.

const mib = 1024 * 1024;
/** The memory limit above which publishers are blocked, MiB; an idle broker uses about 60. */
const limitMib = 400;
/** The maximum memory of a broker, MiB, with its cache, unsynced messages and unread answers. */
const boundMib = 320;
const bodyBytes = 64 * 1024;
const backlogCount = 4000;

let waxwing: Waxwing;
before(async () => {
  waxwing = await Waxwing.start({ args: ['--memory-limit-mib', String(limitMib)] });
});
after(() => waxwing.remove());

/** The resident memory of the broker process according to the kernel, MiB: current or peak. */
function memoryMib(of: 'VmRSS' | 'VmHWM'): number {
  const text = readFileSync(`/proc/${waxwing.children[0]}/status`, 'utf8');
  return Math.round(Number(new RegExp(`${of}:\\s+(\\d+)`).exec(text)?.[1]) / 1024);
}

function segmentCount(): number {
  const brokers = join(waxwing.folder.data, 'brokers');
  const [id = ''] = readdirSync(brokers);
  return readdirSync(join(brokers, id)).filter((name) => /^(seg|free)-/.test(name)).length;
}

/** Publishes without confirms, no faster than the connection takes it. */
async function flood(client: AmqpClient, queue: string, count: number): Promise<void> {
  const channel = await client.model.createChannel();
  await channel.assertQueue(queue, { durable: true });
  for (let i = 0; i < count; i++) {
    const body = Buffer.alloc(bodyBytes, `${i} `);
    if (channel.sendToQueue(queue, body, { persistent: true })) continue;
    await new Promise((resolve) => channel.once('drain', resolve));
  }
  await channel.close(); // answered once everything before was heard
}

async function readyCount(queue: string): Promise<number> {
  const client = await waxwing.connect();
  const channel = await client.model.createChannel();
  const { messageCount } = await channel.checkQueue(queue);
  await client.close();
  return messageCount;
}

test('a publisher without confirms is throttled to the speed of the disk', async (t) => {
  const client = await waxwing.connect();
  let isBlocked = false;
  client.model.on('blocked', () => {
    isBlocked = true;
  });
  await flood(client, 'backlog', backlogCount);
  assert.equal(await readyCount('backlog'), backlogCount);
  const most = memoryMib('VmHWM');
  t.diagnostic(`${backlogCount} messages of ${bodyBytes} bytes; at most ${most} MiB`);
  assert.ok(most < boundMib, `${most} MiB`);
  assert.equal(isBlocked, false);
  assert.ok(segmentCount() >= 4, `${segmentCount()} segments`);
  await client.close();
});

test('a peer that does not read and consumers that do not settle do not increase memory use', async (t) => {
  const deaf = await waxwing.connect();
  const deafChannel = await deaf.model.createChannel();
  const { stream } = deaf.model.connection as unknown as {
    readonly stream: Socket;
  };
  stream.removeAllListeners('readable');
  const unheard = assert.rejects(deafChannel.consume('backlog', () => {}));
  const slow = await waxwing.connect();
  const channel = await slow.model.createChannel();
  await channel.prefetch(65_535);
  let count = 0;
  await channel.consume('backlog', () => {
    count++;
  });
  // The one that does not read holds what was on its way; all else comes here.
  await until('the rest has come', async () => count > 0 && (await readyCount('backlog')) === 0);
  const most = memoryMib('VmHWM');
  t.diagnostic(`${count} of ${backlogCount} messages came; at most ${most} MiB`);
  assert.ok(most < boundMib, `${most} MiB`);
  await slow.close();
  stream.destroy();
  stream.emit('error', new Error('it was ended here')); // it hears of nothing by itself now
  await unheard;
});

test('segments are freed after a backlog is drained', async () => {
  const client = await waxwing.connect();
  const all = segmentCount();
  const channel = await client.model.createChannel();
  await channel.prefetch(500);
  const numbers = new Set<number>();
  await channel.consume('backlog', (message) => {
    if (message === null) return;
    numbers.add(numberOf(message.content));
    channel.ack(message);
  });
  await until('all have come', () => numbers.size === backlogCount);
  // The current segment, one file for reuse, and one dead segment that does not cause a new one.
  await until('they are given back', () => segmentCount() <= 3);
  assert.ok(all > 3, `${all} segments before`);
  await client.close();
});

test('publishers are blocked while memory is low, and continue when there is enough', async (t) => {
  const client = await waxwing.connect();
  const told: string[] = [];
  client.model.on('blocked', (reason: string) => told.push(reason));
  client.model.on('unblocked', () => told.push('go on'));
  const channel = await client.model.createConfirmChannel();
  // Not durable: they stay in memory.
  await channel.assertQueue('in-memory', { durable: false });
  let onTheWay = 0;
  const body = Buffer.alloc(bodyBytes);
  for (let i = 0; told.length === 0; i++) {
    if (i * bodyBytes >= 2 * limitMib * mib)
      assert.fail(`${memoryMib('VmRSS')} MiB and not blocked`);
    onTheWay++;
    channel.sendToQueue('in-memory', body, {}, () => {
      onTheWay--;
    });
    if (onTheWay > 500) await until('confirms', () => onTheWay <= 50 || told.length > 0);
  }
  const most = memoryMib('VmRSS');
  const consumer = await waxwing.connect();
  const from = await consumer.model.createChannel();
  await from.prefetch(100);
  await from.consume('in-memory', (message) => message && from.ack(message));
  await until('it may go on', () => told.includes('go on'));
  t.diagnostic(`blocked at ${most} MiB, and on again at ${memoryMib('VmRSS')} MiB`);
  assert.deepEqual(told.slice(0, 2), ['low on memory', 'go on']);
  await until('everything is confirmed', () => onTheWay === 0);
  await client.close();
  await consumer.close();
});
