import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { administrator, ManagementHost } from '../management/management-host.ts';
import { installed } from '../support/debian-packages.ts';
import { isLong } from '../support/proof.ts';

// Ansible's collection community.rabbitmq: the modules that use the management API and AMQP. The others call
// rabbitmqctl on the machine of the broker.

const run = promisify(execFile);
const why = isLong
  ? await installed('ansible', 'python3-pika')
  : 'it runs Ansible: only in long runs';
const skip = why ?? false;
const timeout = 600_000;

let host: ManagementHost;
let folder: string;

before(async () => {
  if (skip !== false) return;
  host = await ManagementHost.open();
  folder = mkdtempSync(join(tmpdir(), 'waxwing-ansible-'));
  writeFileSync(join(folder, 'ca.pem'), host.authority);
});

after(async () => {
  if (skip !== false) return;
  await host.close();
  rmSync(folder, { recursive: true });
});

/** What tasks of a play did. */
interface Tasks {
  readonly changed: number;
  readonly ok: number;
  readonly failures: number;
}

/** Runs tasks with the log-in of the broker. */
async function play(tasks: readonly Record<string, Record<string, unknown>>[]): Promise<Tasks> {
  const [login_user = '', login_password = ''] = administrator.split(':');
  const management = {
    login_user,
    login_password,
    login_host: 'localhost',
    login_port: String(host.managementPort),
    login_protocol: 'https',
    ca_cert: join(folder, 'ca.pem'),
  };
  // The parameter `cafile` would require a client certificate.
  const ssl = encodeURIComponent(JSON.stringify({ cafile: join(folder, 'ca.pem') }));
  const amqp = {
    url: `${host.amqpUrl().replace('127.0.0.1', 'localhost')}/%2F?ssl_options=${ssl}`,
  };
  const withLogin = tasks.map((task) =>
    Object.fromEntries(
      Object.entries(task).map(([name, args]) => [
        `community.rabbitmq.rabbitmq_${name}`,
        { ...(name === 'publish' ? amqp : management), ...args },
      ]),
    ),
  );
  const book = [{ hosts: 'localhost', connection: 'local', gather_facts: false, tasks: withLogin }];
  const file = join(folder, 'play.json');
  writeFileSync(file, JSON.stringify(book));
  const env = {
    ...process.env,
    HOME: folder,
    ANSIBLE_STDOUT_CALLBACK: 'json',
    ANSIBLE_PYTHON_INTERPRETER: '/usr/bin/python3',
    ANSIBLE_LOCALHOST_WARNING: 'false',
    LC_ALL: 'C.UTF-8',
  };
  const done = run('/usr/bin/ansible-playbook', ['-i', 'localhost,', file], {
    env,
    maxBuffer: 16 * 1024 * 1024,
  });
  const { stdout } = await done.catch((error: unknown) => {
    throw new Error((error as { stdout?: string }).stdout ?? String(error));
  });
  const { stats } = JSON.parse(stdout.slice(stdout.indexOf('{'))) as {
    stats: Record<string, Tasks>;
  };
  return stats['localhost'] as Tasks; // the only machine
}

const declared = [
  { exchange: { name: 'events', exchange_type: 'topic' } },
  { exchange: { name: 'copies', exchange_type: 'fanout', durable: false, auto_delete: true } },
  {
    queue: {
      name: 'orders',
      message_ttl: 60_000,
      max_length: 100,
      dead_letter_exchange: 'events',
      dead_letter_routing_key: 'dead',
      arguments: { 'x-queue-type': 'quorum' },
    },
  },
  { queue: { name: 'plain', max_priority: 5, auto_expires: 3_600_000 } },
  {
    binding: {
      name: 'events',
      destination: 'orders',
      destination_type: 'queue',
      routing_key: 'order.*',
    },
  },
  { binding: { name: 'events', destination: 'copies', destination_type: 'exchange' } },
];

test('Ansible declares exchanges, queues and bindings, and a repetition changes nothing', {
  skip,
  timeout,
}, async () => {
  const first = await play(declared);
  assert.deepEqual([first.failures, first.changed], [0, declared.length]);
  const again = await play(declared);
  assert.deepEqual([again.failures, again.changed, again.ok], [0, 0, declared.length]);
  const { type, arguments: args } = await host.json('GET', '/api/queues/%2F/orders');
  assert.deepEqual(
    [type, args],
    [
      'quorum',
      {
        'x-queue-type': 'quorum',
        'x-message-ttl': 60_000,
        'x-max-length': 100,
        'x-dead-letter-exchange': 'events',
        'x-dead-letter-routing-key': 'dead',
      },
    ],
  );
});

test('Ansible publishes text and files over AMQP', { skip, timeout }, async () => {
  const src = join(folder, 'message.bin');
  writeFileSync(src, Buffer.from([0, 255, 10, 13]));
  const common = { exchange: 'events', routing_key: 'order.new' };
  const { failures, changed } = await play([
    { publish: { ...common, body: 'one', content_type: 'text/plain', durable: true } },
    { publish: { ...common, body: 'two', headers: { team: 'shop' } } },
    { publish: { ...common, src } },
    { publish: { queue: 'direct', durable: true, body: 'to the queue' } },
  ]);
  assert.deepEqual([failures, changed], [0, 4]);
  const client = await host.connect();
  const found = await client.take('orders');
  assert.deepEqual([found.length, ...found.slice(0, 2)], [3, 'one', 'two']);
  assert.deepEqual(await client.take('direct'), ['to the queue']);
  assert.equal((await host.call('DELETE', '/api/queues/%2F/direct')).status, 204);
  await client.close();
});

test('Ansible removes what it declared, and reports a queue with other arguments', {
  skip,
  timeout,
}, async () => {
  await assert.rejects(
    play([{ queue: { name: 'plain', max_priority: 9 } }]),
    /attributes differ from the current state|RabbitMQ RESTAPI doesn't support attribute changes/,
  );
  const absent = declared
    .toReversed()
    .map((task) =>
      Object.fromEntries(
        Object.entries(task).map(([name, args]) => [name, { ...args, state: 'absent' }]),
      ),
    );
  const removed = await play(absent);
  assert.deepEqual([removed.failures, removed.changed], [0, declared.length]);
  const left = await host.json<{ name: string }[]>('GET', '/api/queues');
  assert.deepEqual(left, []);
});
