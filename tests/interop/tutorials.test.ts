import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { AMQPClient, type AMQPMessage } from '@cloudamqp/amqp-client';
import { Connection } from 'rabbitmq-client';
import { packageFolder } from '../../src/base/package-folder.ts';
import { installed } from '../support/debian-packages.ts';
import { sharedWaxwing } from '../support/shared-waxwing.ts';

import type { Waxwing } from '../support/waxwing.ts';

// The scenarios of RabbitMQ's tutorials (work queues, publish/subscribe, routing, topics, RPC, confirms) with
// client libraries of other languages, over TLS.

const run = promisify(execFile);
const scripts = join(packageFolder, 'tests', 'interop', 'tutorials');
/** Milliseconds after which a program is killed. Go compiles for a while. */
const timeout = 300_000;

let waxwing: Waxwing;
let folder: string;

before(async () => {
  waxwing = await sharedWaxwing();
  folder = mkdtempSync(join(tmpdir(), 'waxwing-tutorials-'));
});

after(() => rmSync(folder, { recursive: true, force: true }));

/** What every program prints. */
const expected = {
  work: Array.from({ length: 10 }, (_, i) => `task ${i}`),
  fanout: [['hello'], ['hello']],
  direct: ['error'],
  topic: ['lazy', 'lazy.brown.fox', 'quick.orange.rabbit'],
  rpc: '55',
  confirmed: 20,
};

async function said(command: string, args: readonly string[], more: object = {}): Promise<unknown> {
  const env = {
    PATH: process.env['PATH'],
    HOME: folder,
    URL: waxwing.amqpUrl,
    CA_FILE: waxwing.environment['WAXWING_CA_FILE'],
    ...more,
  };
  const { stdout } = await run(command, args, { env, timeout, killSignal: 'SIGKILL' });
  return JSON.parse(stdout);
}

const php = (await installed('php-cli', 'php-amqplib')) ?? false;
test('php-amqplib', { skip: php }, async () => {
  assert.deepEqual(await said('php', [join(scripts, 'tutorials.php')]), expected);
});

const ruby = (await installed('ruby-bunny')) ?? false;
test('Bunny', { skip: ruby }, async () => {
  assert.deepEqual(await said('ruby', [join(scripts, 'tutorials.rb')]), expected);
});

const go = (await installed('golang-go', 'golang-github-rabbitmq-amqp091-go-dev')) ?? false;
test('amqp091-go', { skip: go }, async () => {
  const settings = { GO111MODULE: 'off', GOPATH: '/usr/share/gocode', GOFLAGS: '-p=1' };
  const found = await said('go', ['run', join(scripts, 'tutorials.go')], settings);
  assert.deepEqual(found, expected);
});

const java =
  (await installed('librabbitmq-client-java', 'libslf4j-java', 'default-jdk-headless')) ?? false;
test("RabbitMQ's Java client", { skip: java }, async () => {
  const jars = ['amqp-client', 'slf4j-api', 'slf4j-nop'].map(
    (name) => `/usr/share/java/${name}.jar`,
  );
  const args = ['-Xmx256m', '-XX:+UseSerialGC', '-cp', jars.join(':')];
  assert.deepEqual(await said('java', [...args, join(scripts, 'Tutorials.java')]), expected);
});

/** Collects bodies, and gives them out sorted when there are enough. */
class Bodies {
  readonly #bodies: string[] = [];
  #wanted = Infinity;
  #done: (bodies: string[]) => void = () => {};

  add(body: string): void {
    this.#bodies.push(body);
    if (this.#bodies.length >= this.#wanted) this.#done(this.#bodies.toSorted());
  }

  take(count: number): Promise<string[]> {
    return new Promise((resolve) => {
      this.#wanted = count;
      this.#done = resolve;
      if (this.#bodies.length >= count) resolve(this.#bodies.toSorted());
    });
  }
}

function fib(n: number): number {
  return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

const animals = ['quick.orange.rabbit', 'lazy.brown.fox', 'quick.brown.fox', 'lazy'];

test('@cloudamqp/amqp-client', async () => {
  const client = new AMQPClient(waxwing.amqpUrl, { ca: waxwing.ca });
  const connection = await client.connect();
  const channel = await connection.channel();
  await channel.queueDeclare('cloud.work', { durable: true });
  const tasks = new Bodies();
  for (let i = 0; i < 2; i++) {
    const worker = await connection.channel();
    await worker.basicQos(1);
    await worker.basicConsume('cloud.work', { noAck: false }, async (message: AMQPMessage) => {
      tasks.add(message.bodyString() ?? '');
      await message.ack();
    });
  }
  for (const task of expected.work) await channel.basicPublish('', 'cloud.work', task);
  const listen = async (exchange: string, keys: readonly string[]) => {
    const bodies = new Bodies();
    const { name } = await channel.queueDeclare('', { exclusive: true });
    for (const key of keys) await channel.queueBind(name, exchange, key);
    await channel.basicConsume(name, { noAck: true }, (message: AMQPMessage) =>
      bodies.add(message.bodyString() ?? ''),
    );
    return bodies;
  };
  for (const type of ['fanout', 'direct', 'topic']) {
    await channel.exchangeDeclare(`cloud.${type}`, type, { autoDelete: true, durable: false });
  }
  const logs = [await listen('cloud.fanout', ['']), await listen('cloud.fanout', [''])];
  const errors = await listen('cloud.direct', ['error']);
  const found = await listen('cloud.topic', ['*.orange.*', 'lazy.#']);
  await channel.basicPublish('cloud.fanout', '', 'hello');
  for (const key of ['info', 'error', 'debug'])
    await channel.basicPublish('cloud.direct', key, key);
  for (const key of animals) await channel.basicPublish('cloud.topic', key, key);
  await channel.queueDeclare('cloud.rpc', { autoDelete: true, durable: false });
  await channel.basicConsume('cloud.rpc', { noAck: true }, async (request: AMQPMessage) => {
    const { correlationId, replyTo = '' } = request.properties;
    const answer = String(fib(Number(request.bodyString())));
    await channel.basicPublish('', replyTo, answer, correlationId ? { correlationId } : {});
  });
  const answers = new Bodies();
  const replies = await channel.queueDeclare('', { exclusive: true });
  await channel.basicConsume(replies.name, { noAck: true }, (reply: AMQPMessage) => {
    if (reply.properties.correlationId === 'the call') answers.add(reply.bodyString() ?? '');
  });
  const call = { correlationId: 'the call', replyTo: replies.name };
  await channel.basicPublish('', 'cloud.rpc', '10', call);
  const confirming = await connection.channel();
  await confirming.confirmSelect();
  const confirmed = new Set<number>();
  for (let i = 0; i < 20; i++) {
    confirmed.add(await confirming.basicPublish('cloud.direct', 'unheard', `confirmed ${i}`));
  }
  assert.deepEqual(
    {
      work: await tasks.take(10),
      fanout: await Promise.all(logs.map((log) => log.take(1))),
      direct: await errors.take(1),
      topic: await found.take(3),
      rpc: (await answers.take(1))[0],
      confirmed: confirmed.size,
    },
    expected,
  );
  await channel.queueDelete('cloud.work');
  await connection.close();
});

test('rabbitmq-client', async () => {
  const connection = new Connection({ url: waxwing.amqpUrl, tls: { ca: waxwing.ca } });
  const bodiesOf = (bodies: Bodies) => async (message: { body: unknown }) =>
    bodies.add(String(message.body));
  const consumers: { close(): Promise<void> }[] = [];
  const tasks = new Bodies();
  const ready: Promise<unknown>[] = [];
  const consume = (bodies: Bodies, more: object) => {
    const consumer = connection.createConsumer(more, bodiesOf(bodies));
    consumers.push(consumer);
    ready.push(new Promise((resolve) => consumer.once('ready', resolve as () => void)));
    return bodies;
  };
  for (let i = 0; i < 2; i++) {
    consume(tasks, {
      queue: 'rc.work',
      queueOptions: { durable: true },
      qos: { prefetchCount: 1 },
    });
  }
  const listen = (type: string, keys: readonly string[]) =>
    consume(new Bodies(), {
      queueOptions: { exclusive: true },
      exchanges: [{ exchange: `rc.${type}`, type, autoDelete: true }],
      queueBindings: keys.map((routingKey) => ({ exchange: `rc.${type}`, routingKey })),
    });
  const logs = [listen('fanout', ['']), listen('fanout', [''])];
  const errors = listen('direct', ['error']);
  const found = listen('topic', ['*.orange.*', 'lazy.#']);
  const server = connection.createConsumer(
    { queue: 'rc.rpc', queueOptions: { autoDelete: true } },
    async (request, reply) => {
      await reply(String(fib(Number(request.body))));
    },
  );
  consumers.push(server);
  ready.push(new Promise((resolve) => server.once('ready', resolve as () => void)));
  await Promise.all(ready);
  const publisher = connection.createPublisher({ confirm: true });
  let confirmed = 0;
  const publish = async (exchange: string, routingKey: string, body: string) => {
    await publisher.send({ exchange, routingKey, durable: true }, body);
    confirmed++;
  };
  for (const task of expected.work) await publish('', 'rc.work', task);
  await publish('rc.fanout', '', 'hello');
  for (const key of ['info', 'error', 'debug']) await publish('rc.direct', key, key);
  for (const key of animals) await publish('rc.topic', key, key);
  await publish('rc.direct', 'unheard', '');
  await publish('rc.direct', 'unheard', '');
  const rpc = connection.createRPCClient({ confirm: true });
  const answer = await rpc.send('rc.rpc', '10');
  assert.deepEqual(
    {
      work: await tasks.take(10),
      fanout: await Promise.all(logs.map((log) => log.take(1))),
      direct: await errors.take(1),
      topic: await found.take(3),
      rpc: String(answer.body),
      confirmed,
    },
    expected,
  );
  await rpc.close();
  await publisher.close();
  for (const consumer of consumers) await consumer.close();
  await connection.queueDelete('rc.work');
  await connection.close();
});
