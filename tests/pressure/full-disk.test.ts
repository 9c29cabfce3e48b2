import assert from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
import { until } from '../support/processes.ts';
import { SmallDisk } from '../support/small-disk.ts';
import { Waxwing } from '../support/waxwing.ts';
import { WaxwingFolder } from '../support/waxwing-folder.ts';
import { numberOf, Publisher } from './publisher.ts';

// A broker on a small real file system that becomes full.

const sizeMib = 96;
const bodyBytes = 16 * 1024;
const disk = SmallDisk.mount(sizeMib);
let waxwing: Waxwing | undefined;

before(async () => {
  if (typeof disk === 'string') return;
  waxwing = await Waxwing.start({ folder: new WaxwingFolder('data', disk.folder) });
});
after(async () => {
  await waxwing?.remove();
  if (typeof disk !== 'string') disk.remove();
});

/** The service and its disk, unless the test cannot be run here, which it then says. */
function here(t: TestContext) {
  if (typeof disk !== 'string' && waxwing !== undefined) return { waxwing, disk };
  t.skip(String(disk));
  return undefined;
}

function publisherTo(service: Waxwing, queue: string): Promise<Publisher> {
  const { amqpUrl: url, ca } = service;
  return Publisher.connect({ url, ca, queue, sizeBytes: bodyBytes, windowCount: 100 });
}

/** Takes messages, each settled, until all of a publisher's have come; their numbers. */
async function takeAll(service: Waxwing, queue: string, publisher: Publisher): Promise<number[]> {
  const client = await service.connect();
  const channel = await client.model.createChannel();
  await channel.prefetch(100);
  const numbers: number[] = [];
  await channel.consume(queue, (message) => {
    if (message === null) return;
    numbers.push(numberOf(message.content));
    channel.ack(message);
  });
  await until('all', () => publisher.isAllConfirmed && numbers.length >= publisher.sentCount);
  await channel.close();
  await client.close();
  return numbers;
}

const from0 = (count: number) => Array.from({ length: count }, (_, i) => i);

test('publishers are blocked before the disk is full, and continue once consumers free space', async (t) => {
  const at = here(t);
  if (at === undefined) return;
  const publisher = await publisherTo(at.waxwing, 'filling');
  publisher.start();
  await until('it is blocked', () => publisher.isBlocked);
  assert.deepEqual(publisher.reasons, ['low on disk']);
  assert.ok(at.disk.freeBytes > 16 * 1024 * 1024, `${at.disk.freeBytes} bytes are left`);
  publisher.stop();
  const numbers = await takeAll(at.waxwing, 'filling', publisher);
  assert.deepEqual(numbers, from0(publisher.sentCount));
  await until('it is told to go on', () => !publisher.isBlocked);
  await until('room was made', () => at.disk.freeBytes > 60 * 1024 * 1024);
  publisher.start();
  const before = publisher.confirmedCount;
  await until('more is confirmed', () => publisher.confirmedCount > before + 100);
  publisher.stop();
  await until('all of it is', () => publisher.isAllConfirmed);
  await publisher.client.close();
});

test('a disk filled by other programs loses no confirmed message, even after a kill', async (t) => {
  const at = here(t);
  if (at === undefined) return;
  const publisher = await publisherTo(at.waxwing, 'full');
  publisher.start();
  await until('some are confirmed', () => publisher.confirmedCount > 200);
  at.disk.fill();
  await until('it is blocked', () => publisher.isBlocked);
  publisher.stop();
  const { confirmedCount } = publisher;
  await at.waxwing.kill();
  await publisher.client.ended;
  at.disk.free();
  await at.waxwing.restart();
  const client = await until('the broker', () => at.waxwing.connect().catch(() => undefined));
  const numbers = (await client.take('full')).map((body) => numberOf(Buffer.from(body)));
  assert.deepEqual(numbers.slice(0, confirmedCount), from0(confirmedCount));
  assert.deepEqual(numbers, from0(numbers.length));
  await client.close();
});

test('a full disk continues where it stopped once it has space again', async (t) => {
  const at = here(t);
  if (at === undefined) return;
  const publisher = await publisherTo(at.waxwing, 'again');
  publisher.start();
  await until('some are confirmed', () => publisher.confirmedCount > 100);
  at.disk.fill();
  await until('it is blocked', () => publisher.isBlocked);
  at.disk.free();
  await until('it is told to go on', () => !publisher.isBlocked);
  const before = publisher.confirmedCount;
  await until('more is confirmed', () => publisher.confirmedCount > before + 100);
  publisher.stop();
  assert.deepEqual(await takeAll(at.waxwing, 'again', publisher), from0(publisher.sentCount));
  await publisher.client.close();
  assert.equal(await at.waxwing.stop(), 0);
  const { code, stdout, stderr } = await at.waxwing.folder.check();
  assert.deepEqual([code, stderr], [0, '']);
  assert.match(stdout, /^b-.*: sound, closed cleanly/m);
});
