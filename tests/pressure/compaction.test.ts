import assert from 'node:assert/strict';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { until } from '../support/processes.ts';
import { isLong, writeProof } from '../support/proof.ts';
import { serviceMetric } from '../support/service-metric.ts';
import { Waxwing } from '../support/waxwing.ts';
import { drain, latencies, publish } from './numbered-messages.ts';

// Compaction of mostly settled segments: disk space is released, and no message is lost or
// duplicated.

const segmentBytes = 64 * 1024 * 1024;
const churnBodyBytes = 64 * 1024;
/** Messages of churn that fill a segment. */
const perSegment = segmentBytes / churnBodyBytes;
/** Segments that each scenario fills with churn. */
const segmentCount = isLong ? 24 : 2;
const keptPerSegment = 50;
/** Messages of the backlog that is drained unevenly, in ten queues. */
const backlogCount = isLong ? 5_000_000 : 20_000;
const backlogBodyBytes = isLong ? 200 : 900;
/**
 * The permitted size of a message in addition to its body: its record, and its part of the index.
 */
const overheadBytes = 160;
/** On a busy machine; how long it took is noted and not required. */
const returnTimeoutMs = 300_000;
const figures: Record<string, object> = {};

let waxwing: Waxwing;
before(async () => {
  waxwing = await Waxwing.start();
});
after(async () => {
  await waxwing.remove();
  if (isLong) writeProof('compaction', { segmentBytes, backlogCount, ...figures });
});

/** The result of a scenario: the numbers of each queue's messages in order, and their size. */
interface Left {
  readonly queues: ReadonlyMap<string, readonly number[]>;
  readonly liveBytes: number;
}

/** The size of the broker's segments, including the files that are kept for reuse. */
function diskBytes(): number {
  let bytes = 0;
  const folder = join(waxwing.folder.data, 'brokers');
  for (const broker of readdirSync(folder)) {
    for (const name of readdirSync(join(folder, broker))) {
      if (!/^(seg|free|compact)-/.test(name)) continue;
      // A segment may go between the two calls.
      bytes += statSync(join(folder, broker, name), { throwIfNoEntry: false })?.size ?? 0;
    }
  }
  return bytes;
}

async function declare(queue: string, options: object = {}): Promise<void> {
  const client = await waxwing.connect();
  const channel = await client.model.createChannel();
  await channel.assertQueue(queue, { durable: true, arguments: options });
  await client.close();
}

async function countOf(queue: string): Promise<number> {
  const client = await waxwing.connect();
  const channel = await client.model.createChannel();
  const { messageCount } = await channel.checkQueue(queue);
  await client.close();
  return messageCount;
}

async function empty(queue: string, how: 'purge' | 'delete'): Promise<void> {
  const client = await waxwing.connect();
  const channel = await client.model.createChannel();
  if (how === 'purge') await channel.purgeQueue(queue);
  else await channel.deleteQueue(queue);
  await client.close();
}

const range = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i);

/** Few messages in each segment beside churn that a purge removes. */
async function slowQueue(): Promise<Left> {
  await declare('slow');
  await declare('busy');
  for (let i = 0; i < segmentCount; i++) {
    await publish(waxwing, 'slow', range(i * keptPerSegment, keptPerSegment), 100);
    await publish(waxwing, 'busy', range(0, perSegment), churnBodyBytes);
  }
  await empty('busy', 'purge');
  const count = segmentCount * keptPerSegment;
  const liveBytes = count * (100 + overheadBytes);
  return { queues: new Map([['slow', range(0, count)]]), liveBytes };
}

/** One message before churn that a consumer settles. */
async function pinnedMessage(): Promise<Left> {
  await declare('pinned');
  await declare('settled');
  await publish(waxwing, 'pinned', [0], 100);
  for (let i = 0; i < segmentCount; i++) {
    await publish(waxwing, 'settled', range(0, perSegment), churnBodyBytes);
    await drain(waxwing, 'settled', perSegment);
  }
  return { queues: new Map([['pinned', [0]]]), liveBytes: 100 + overheadBytes };
}

/** Messages that expire and are dead-lettered, beside queues that are filled and deleted. */
async function deadLetters(): Promise<Left> {
  await declare('letters');
  await declare('mortal', {
    'x-message-ttl': 1000,
    'x-dead-letter-exchange': '',
    'x-dead-letter-routing-key': 'letters',
  });
  for (let i = 0; i < segmentCount; i++) {
    await publish(waxwing, 'mortal', range(i * keptPerSegment, keptPerSegment), 100);
    await declare('short-lived');
    await publish(waxwing, 'short-lived', range(0, perSegment), churnBodyBytes);
    await empty('short-lived', 'delete');
  }
  const count = segmentCount * keptPerSegment;
  // A dead letter has an additional header.
  const liveBytes = count * (100 + 400 + overheadBytes);
  return { queues: new Map([['letters', range(0, count)]]), liveBytes };
}

/**
 * A backlog of ten queues, whose messages lie between each other: nine queues go, and part of the
 * tenth.
 */
async function unevenBacklog(): Promise<Left> {
  const queues = range(0, 10).map((i) => `uneven-${i}`);
  for (const queue of queues) await declare(queue);
  const perQueue = backlogCount / queues.length;
  await Promise.all(
    queues.map((queue) => publish(waxwing, queue, range(0, perQueue), backlogBodyBytes)),
  );
  const [kept = '', ...others] = queues;
  for (const queue of others) await empty(queue, 'purge');
  const goneCount = perQueue / 10;
  assert.deepEqual(await drain(waxwing, kept, goneCount), range(0, goneCount));
  const left = range(goneCount, perQueue - goneCount);
  const liveBytes = left.length * (backlogBodyBytes + overheadBytes);
  return { queues: new Map([[kept, left]]), liveBytes };
}

/**
 * Waits until the disk holds at most 1.2 times what is live and two segments; then counts every
 * message.
 */
async function settled(what: string, left: Left, beganBytes: number): Promise<void> {
  const { liveBytes } = left;
  const allowed = liveBytes * 1.2 + 2 * segmentBytes;
  const beganMs = performance.now();
  const confirmMs = isLong ? await latencies(waxwing, 'probe', 2000) : {};
  await until(`${what}: the disk to return`, () => diskBytes() <= allowed, returnTimeoutMs);
  const seconds = Math.round((performance.now() - beganMs) / 100) / 10;
  const compactedBytes = await serviceMetric(waxwing, 'waxwing_log_compacted_bytes_total');
  const compactedSegments = await serviceMetric(waxwing, 'waxwing_log_compacted_segments_total');
  assert.ok(compactedBytes > 0 && compactedSegments > 0, `${compactedBytes} bytes compacted`);
  const found = { diskBytes: diskBytes(), seconds, compactedBytes, compactedSegments, confirmMs };
  figures[what] = { liveBytes, beganBytes, allowed, ...found };
  assert.equal(await waxwing.stop(), 0);
  const { code, stdout, stderr } = await waxwing.folder.check();
  assert.equal(code, 0, `${stdout}${stderr}`);
  await waxwing.restart();
  for (const [queue, numbers] of left.queues) {
    assert.equal(await countOf(queue), numbers.length, queue);
    assert.deepEqual(await drain(waxwing, queue, numbers.length), numbers, queue);
    assert.equal(await countOf(queue), 0, `${queue} holds more`);
  }
}

async function quiet(): Promise<void> {
  if (isLong) figures['confirmMs without compaction'] = await latencies(waxwing, 'probe', 2000);
}

const scenarios = { slowQueue, pinnedMessage, deadLetters, unevenBacklog };

if (isLong) {
  test('the confirm latency without a compaction is measured', quiet);
  for (const [what, run] of Object.entries(scenarios)) {
    test(`${what}: disk space is reclaimed, and every message is present once`, async (t) => {
      const left = await run();
      await settled(what, left, diskBytes());
      t.diagnostic(JSON.stringify(figures[what]));
    });
  }
} else {
  test('disk space is reclaimed after mixed churn, and every message is present once', async (t) => {
    const lefts: Left[] = [];
    for (const run of [slowQueue, deadLetters, unevenBacklog]) lefts.push(await run());
    const queues = new Map(lefts.flatMap((left) => [...left.queues]));
    const liveBytes = lefts.reduce((sum, left) => sum + left.liveBytes, 0);
    await settled('all', { queues, liveBytes }, diskBytes());
    t.diagnostic(JSON.stringify(figures['all']));
  });
}
