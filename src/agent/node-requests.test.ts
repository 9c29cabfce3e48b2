import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ManualClock } from '../../tests/support/manual-clock.ts';
import { WaxwingError } from '../base/errors.ts';
import { LocalHost } from '../engines/rabbitmq/hosts/local-host.ts';
import { Lease } from '../hosts/lease.ts';
import { NodeRequests } from './node-requests.ts';

// Requests of the service, to a host without programs: none of these may reach one.

const address = '10.0.0.2';
const program = '/nonexistent/program';
const broker = `b-${'0'.repeat(8)}-0000-0000-0000-${'0'.repeat(12)}`;
const volume = `vol-${'0'.repeat(17)}`;
const id = { broker, volume };
const node = {
  number: 1,
  name: 'rabbit1@n1.example',
  host: 'n1.example',
  version: '3.10',
  address,
  ports: { amqps: 20_001, management: 20_002, distribution: 20_003 },
};
const command = { kind: 'forget', node };
const none = Buffer.alloc(0);

let folder = '';
let requests: NodeRequests;
const clock = new ManualClock();
const lease = new Lease(clock);
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waxwing-agent-'));
  const programs = {
    server: program,
    epmd: program,
    control: program,
    queues: program,
    upgrade: program,
    erl: program,
  };
  const host = new LocalHost({
    id: 'h-1',
    name: 'a',
    zone: 'a',
    address,
    dataFolder: folder,
    folder: join(folder, 'clusters'),
    installations: [
      { ...programs, pluginsFolder: program, version: '3.10.8', plugins: [], user: undefined },
    ],
    log: () => {},
  });
  requests = new NodeRequests(host, lease, () => {});
});
after(() => rm(folder, { recursive: true, force: true }));

function refused(op: string, fields: object, code: string, body = none): Promise<void> {
  return assert.rejects(
    requests.perform(op, fields as never, body),
    (error: unknown) => error instanceof WaxwingError && error.code === code,
  );
}

test('nothing is created, opened, written or started without a lease', async () => {
  const port = 20_004;
  await refused('create', id, 'lease-ended', Buffer.alloc(32, 1));
  await refused('unlock', id, 'lease-ended', Buffer.alloc(32, 1));
  await refused('write', id, 'lease-ended');
  await refused('start', { ...id, node, port }, 'lease-ended');
  await refused('start-epmd', { broker, address, port }, 'lease-ended');
  await refused('command', { ...id, node, port, command }, 'lease-ended');
  lease.grant(1000);
  clock.advance(1000);
  await refused('unlock', id, 'lease-ended', Buffer.alloc(32, 1));
});

test('requests of another form are refused', async () => {
  lease.grant(60_000);
  const port = 20_004;
  await refused('run', id, 'message-invalid');
  await refused('unlock', id, 'message-invalid', Buffer.alloc(31));
  await refused('state', { ...id, broker: 'b-../../etc' }, 'message-invalid');
  await refused('state', { ...id, volume: '../vol' }, 'message-invalid');
  await refused('remove', { broker: '..' }, 'message-invalid');
  await refused('write', { ...id, settings: {} }, 'message-invalid');
  await refused('ports', { address: '0.0.0.0', count: 3 }, 'message-invalid');
  await refused('ports', { address, count: 10_000 }, 'message-invalid');
  await refused('start-epmd', { broker, address: '10.0.0.3', port }, 'message-invalid');
  const elsewhere = { ...node, address: '0.0.0.0' };
  await refused('start', { ...id, node: elsewhere, port }, 'message-invalid');
  await refused('start', { ...id, node: { ...node, name: '-eval' }, port }, 'message-invalid');
  await refused('start', { ...id, node, port: 80 }, 'message-invalid');
  for (const version of [undefined, '3', '3.10/..', '3.10 4.0', '1'.repeat(100)]) {
    await refused('start', { ...id, node: { ...node, version }, port }, 'message-invalid');
  }
  for (const wrong of [
    { kind: 'eval', text: 'halt().' },
    { kind: 'drain --help' },
    { kind: 'constructor' },
    { kind: 'forget', node: { ...node, name: '--offline' } },
    { kind: 'hosts', nodes: Array.from({ length: 10 }, () => node), gone: [] },
    { kind: 'hosts', nodes: [{ ...node, host: '"], halt(' }], gone: [] },
    { kind: 'hosts', nodes: [node], gone: ['1,2}'] },
  ]) {
    await refused('command', { ...id, node, port, command: wrong }, 'message-invalid');
  }
});

test('a volume belongs to one broker', async () => {
  assert.deepEqual(await requests.perform('state', id, none), { state: 'missing' });
  await refused('state', { ...id, broker: broker.replace('b-0', 'b-1') }, 'message-invalid');
});
