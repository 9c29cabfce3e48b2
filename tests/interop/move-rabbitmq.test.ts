import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { missing, RealRabbitMq } from '../management/real-rabbitmq.ts';
import type { AmqpClient } from '../support/amqp-client.ts';
import { password } from '../support/broker-requests.ts';
import { assertContains } from '../support/contains.ts';
import { until } from '../support/processes.ts';
import { isLong } from '../support/proof.ts';
import { Waxwing } from '../support/waxwing.ts';
import { main } from '../support/waxwing-folder.ts';

// `waxwing import` from a real RabbitMQ and `waxwing export` into it, with kills of each side.

const skip = isLong ? (missing ?? false) : 'only in long runs';

let rabbitMq: RealRabbitMq;
let waxwing: Waxwing;
let brokerId: string;
let consoleUrl: string;
let brokerUrl: string;

before(async () => {
  if (skip !== false) return;
  rabbitMq = await RealRabbitMq.start();
  waxwing = await Waxwing.start({ args: ['--no-default-broker'] });
  brokerId = await waxwing.createBroker({ EngineType: 'RABBITMQ', EngineVersion: '3.13' });
  await locate();
  writeFileSync(join(waxwing.folder.root, 'guest'), 'guest\n');
  writeFileSync(join(waxwing.folder.root, 'admin'), `${password}\n`);
});

after(async () => {
  if (skip !== false) return;
  await waxwing.remove();
  await rabbitMq.stop();
});

async function locate(): Promise<void> {
  const found = await waxwing.brokerIs(brokerId, 'RUNNING');
  consoleUrl = found.BrokerInstances?.[0]?.ConsoleURL ?? '';
  brokerUrl = await waxwing.brokerUrl(brokerId);
}

interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<{ readonly code: number | null; readonly output: string }>;
  output(): string;
}

/** Starts `waxwing import` or `waxwing export`. */
function run(command: 'import' | 'export', ...more: string[]): Running {
  const { root } = waxwing.folder;
  const url = new URL(brokerUrl);
  const rabbit = (side: string) => [
    `--${side}-amqp`,
    `amqp://guest@127.0.0.1:${rabbitMq.amqpPort}?plaintext=true`,
    `--${side}-management`,
    `http://127.0.0.1:${rabbitMq.managementPort}`,
    `--${side}-password-file`,
    join(root, 'guest'),
  ];
  const own = (side: string) => [
    `--${side}-amqp`,
    `amqps://admin@${url.host}`,
    `--${side}-management`,
    consoleUrl,
    `--${side}-password-file`,
    join(root, 'admin'),
    `--${side}-ca-file`,
    waxwing.environment['WAXWING_CA_FILE'] ?? '',
  ];
  const ends =
    command === 'import' ? [...rabbit('from'), ...own('to')] : [...own('from'), ...rabbit('to')];
  const child = spawn(process.execPath, [main, command, ...ends, ...more]);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const ended = new Promise<{ code: number | null; output: string }>((resolve) => {
    child.once('close', (code) => resolve({ code, output }));
  });
  return { child, ended, output: () => output };
}

const numbers = (count: number) => Array.from({ length: count }, (_, i) => String(i));

/** The bodies of a queue are those numbers, each at least once, and few twice. */
async function assertMoved(client: AmqpClient, queue: string, count: number, twiceMax: number) {
  const bodies = await client.take(queue);
  const missingOnes = numbers(count).filter((each) => !new Set(bodies).has(each));
  assert.deepEqual(missingOnes, [], `missing in ${queue}`);
  const twice = bodies.length - count;
  assert.ok(twice <= twiceMax, `${twice} messages of ${queue} were moved twice`);
}

async function readyAt(host: 'rabbit' | 'waxwing', queue: string): Promise<number> {
  const client = host === 'rabbit' ? await rabbitMq.connect() : await waxwing.connect(brokerUrl);
  const channel = await client.model.createChannel();
  const { messageCount } = await channel.checkQueue(queue);
  await client.close();
  return messageCount;
}

test('everything of a RabbitMQ is imported: definitions, and messages of all kinds', {
  skip,
}, async () => {
  const put = async (path: string, body: object) => {
    const { status, text } = await rabbitMq.call('PUT', `/api/${path}`, body);
    assert.ok(status < 300, `${path}: ${status} ${text}`);
  };
  await put('vhosts/shop', {});
  await put('users/bob', { password: 'foo', tags: 'management' });
  await put('permissions/shop/bob', { configure: '.*', write: '.*', read: '.*' });
  await put('permissions/shop/guest', { configure: '.*', write: '.*', read: '.*' });
  await put('policies/%2F/p', { pattern: '^o', definition: { 'max-length': 100_000 } });
  await put('vhost-limits/shop/max-queues', { value: 50 });
  const client = await rabbitMq.connect();
  const channel = await client.model.createConfirmChannel();
  await channel.assertExchange('events', 'topic', { durable: true });
  await channel.assertQueue('orders', { durable: true, maxPriority: 5 });
  await channel.assertQueue('quorum', { durable: true, arguments: { 'x-queue-type': 'quorum' } });
  await channel.bindQueue('orders', 'events', 'a.#');
  const headers = { n: 1, big: 2 ** 40, text: 'ü', list: [1, 'a', { deep: true }], none: null };
  channel.publish('events', 'a.b', Buffer.from('first'), {
    headers,
    priority: 3,
    persistent: true,
    messageId: 'm',
    expiration: '900000',
    timestamp: 12345,
    contentType: 'text/plain',
  });
  channel.sendToQueue('orders', Buffer.alloc(5_000_000, 7), { persistent: true });
  channel.sendToQueue('quorum', Buffer.from('q'), { persistent: true });
  await channel.waitForConfirms();
  await client.close();
  const { code, output } = await run('import').ended;
  assert.equal(code, 0, output);
  assert.match(output, /left out of users: 'guest': its password is that of every new RabbitMQ/);
  assert.match(output, /^3 messages of 2 queues moved, 4\.8 MiB$/m);
  const moved = await waxwing.connect(brokerUrl);
  const target = await moved.model.createChannel();
  const first = await target.get('orders');
  assert.ok(first !== false);
  assertContains(first.properties, {
    headers,
    priority: 3,
    messageId: 'm',
    expiration: '900000',
    timestamp: 12345,
    contentType: 'text/plain',
  });
  assert.equal(first.content.toString(), 'first');
  target.ack(first);
  assert.equal((await moved.take('orders'))[0]?.length, 5_000_000);
  assert.deepEqual(await moved.take('quorum'), ['q']);
  await moved.close();
  const again = await run('import').ended;
  assert.equal(again.code, 0, again.output);
  assert.match(again.output, /^0 messages of 0 queues moved/m);
});

test('a killed import is continued without loss', { skip }, async () => {
  const client = await rabbitMq.connect();
  await client.publish('killed', numbers(20_000));
  await client.close();
  const running = run('import', '--queues', '^killed$', '--prefetch', '100');
  await until('some have been moved', async () => {
    return (await readyAt('waxwing', 'killed').catch(() => 0)) > 500;
  });
  running.child.kill('SIGKILL');
  await running.ended;
  const { code, output } = await run('import', '--queues', '^killed$', '--prefetch', '100').ended;
  assert.equal(code, 0, output);
  const moved = await waxwing.connect(brokerUrl);
  await assertMoved(moved, 'killed', 20_000, 100);
  await moved.close();
});

test('a RabbitMQ that crashes during an import loses nothing', { skip }, async () => {
  const client = await rabbitMq.connect();
  await client.publish('source', numbers(20_000));
  await client.close();
  const running = run('import', '--queues', '^source$', '--retry-seconds', '300');
  await until('some have been moved', async () => {
    return (await readyAt('waxwing', 'source').catch(() => 0)) > 500;
  });
  await rabbitMq.crash();
  const { code, output } = await running.ended;
  assert.equal(code, 0, output);
  assert.match(output, /trying again/);
  const moved = await waxwing.connect(brokerUrl);
  await assertMoved(moved, 'source', 20_000, 20_000);
  await moved.close();
});

test('a broker that crashes during an import loses nothing', { skip }, async () => {
  const client = await rabbitMq.connect();
  await client.publish('target', numbers(20_000));
  await client.close();
  const running = run('import', '--queues', '^target$', '--retry-seconds', '300');
  await until('some have been moved', async () => {
    return (await readyAt('waxwing', 'target').catch(() => 0)) > 500;
  });
  process.kill(waxwing.brokerPid(brokerId), 'SIGKILL');
  const { code, output } = await running.ended;
  assert.equal(code, 0, output);
  assert.match(output, /trying again/);
  await locate();
  const moved = await waxwing.connect(brokerUrl);
  await assertMoved(moved, 'target', 20_000, 200);
  await moved.close();
});

test('an interrupted import waits for what is in flight, and says how to continue', {
  skip,
}, async () => {
  const client = await rabbitMq.connect();
  await client.publish('stopped', numbers(20_000));
  await client.close();
  const running = run('import', '--queues', '^stopped$', '--no-definitions');
  await until('the queue exists', async () => {
    const moved = await waxwing.connect(brokerUrl);
    const channel = await moved.model.createChannel();
    await channel.assertQueue('stopped', { durable: true });
    const { messageCount } = await channel.checkQueue('stopped');
    await moved.close();
    return messageCount > 500;
  });
  running.child.kill('SIGINT');
  const { code, output } = await running.ended;
  assert.equal(code, 1, output);
  assert.match(output, /interrupted; run the same command again to continue/);
  assert.equal((await run('import', '--queues', '^stopped$').ended).code, 0);
  const moved = await waxwing.connect(brokerUrl);
  assert.deepEqual(await moved.take('stopped'), numbers(20_000), 'none twice');
  await moved.close();
});

test('a broker is exported into a RabbitMQ', { skip }, async () => {
  const own = await waxwing.connect(brokerUrl);
  const channel = await own.model.createConfirmChannel();
  await channel.assertExchange('out', 'fanout', { durable: true });
  await channel.assertQueue('exported', { durable: true });
  await channel.bindQueue('exported', 'out', '');
  for (const body of numbers(5000)) channel.publish('out', '', Buffer.from(body));
  await channel.waitForConfirms();
  await own.close();
  const running = run('export', '--queues', '^exported$', '--retry-seconds', '300');
  await until('some have been moved', async () => {
    return (await readyAt('rabbit', 'exported').catch(() => 0)) > 200;
  });
  running.child.kill('SIGKILL');
  await running.ended;
  const { code, output } = await run('export', '--queues', '^exported$').ended;
  assert.equal(code, 0, output);
  assert.match(output, /users who need a new password if the target is a RabbitMQ: admin/);
  const moved = await rabbitMq.connect();
  await assertMoved(moved, 'exported', 5000, 200);
  await moved.close();
  const { text } = await rabbitMq.call('GET', '/api/exchanges/%2F/out');
  assert.equal(JSON.parse(text).type, 'fanout');
});
