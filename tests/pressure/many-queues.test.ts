import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { until } from '../support/processes.ts';
import { isLong } from '../support/proof.ts';
import { serviceMetric } from '../support/service-metric.ts';
import { Waxwing } from '../support/waxwing.ts';

// Many queues over one log.

let waxwing: Waxwing;
before(async () => {
  waxwing = await Waxwing.start();
});
after(() => waxwing.remove());

test('a message routed to 100 durable queues is stored once', async (t) => {
  const client = await waxwing.connect();
  const channel = await client.model.createConfirmChannel();
  await channel.assertExchange('all', 'fanout', { durable: true });
  const queues = Array.from({ length: 100 }, (_, i) => `copy-${i}`);
  for (const queue of queues) {
    await channel.assertQueue(queue, { durable: true });
    await channel.bindQueue(queue, 'all', '');
  }
  const sealedBytes = () => serviceMetric(waxwing, 'waxwing_log_sealed_bytes_total');
  // A broker begins to measure a little after it began to run.
  await until('it measures', async () => Number.isFinite(await sealedBytes()));
  const before = await sealedBytes();
  const body = Buffer.alloc(64 * 1024, 'x');
  const count = isLong ? 100 : 40;
  for (let i = 0; i < count; i++) channel.publish('all', '', body, { persistent: true });
  await channel.waitForConfirms();
  const sealed = (await sealedBytes()) - before;
  t.diagnostic(`${count * body.length} bytes published, ${sealed} sealed`);
  assert.ok(sealed >= count * body.length);
  assert.ok(sealed < count * body.length * 1.15, `${sealed} bytes`);
  for (const queue of queues) assert.equal((await channel.checkQueue(queue)).messageCount, count);
  await client.close();
});

const queueCount = isLong ? 10_000 : 600;

test(`${queueCount} durable queues accept and deliver messages, even after a restart`, async (t) => {
  const queues = Array.from({ length: queueCount }, (_, i) => `many-${i}`);
  const client = await waxwing.connect();
  const channel = await client.model.createConfirmChannel();
  const beganMs = performance.now();
  // A channel waits for each queue to be on the disk, so there are many.
  const declare = async (_: unknown, offset: number) => {
    const own = await client.model.createChannel();
    for (let i = offset; i < queues.length; i += 100) {
      await own.assertQueue(queues[i] ?? '', { durable: true });
    }
  };
  await Promise.all(Array.from({ length: 100 }, declare));
  const declaredMs = performance.now();
  for (const queue of queues) channel.sendToQueue(queue, Buffer.from(queue), { persistent: true });
  await channel.waitForConfirms();
  const publishedMs = performance.now();
  await client.close();
  assert.equal(await waxwing.stop(), 0);
  await waxwing.restart();
  const restartedMs = performance.now();
  const again = await waxwing.connect();
  const from = await again.model.createChannel();
  const bodies: string[] = [];
  for (let i = 0; i < queues.length; i += 500) {
    const found = await Promise.all(queues.slice(i, i + 500).map((queue) => from.get(queue)));
    for (const message of found) if (message !== false) bodies.push(message.content.toString());
  }
  assert.deepEqual(bodies, queues);
  from.ackAll();
  await again.close();
  const status = readFileSync(`/proc/${waxwing.children[0]}/status`, 'utf8');
  const [, most] = /VmHWM:\s+(\d+)/.exec(status) ?? [];
  t.diagnostic(
    `declared in ${Math.round(declaredMs - beganMs)} ms, a message each in ${Math.round(publishedMs - declaredMs)} ms, ` +
      `stopped and started in ${Math.round(restartedMs - publishedMs)} ms; at most ${Math.round(Number(most) / 1024)} MiB`,
  );
});
