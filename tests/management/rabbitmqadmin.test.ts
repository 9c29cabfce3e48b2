import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { administrator, ManagementHost } from './management-host.ts';

// `rabbitmqadmin`, the program that RabbitMQ's management plugin brings, unchanged.

const run = promisify(execFile);
const plugins = '/usr/lib/rabbitmq/lib';

/** The program of the installed RabbitMQ. */
function findProgram(): string | undefined {
  try {
    const files = readdirSync(plugins, { recursive: true, encoding: 'utf8' });
    const found = files.find((file) => file.endsWith('/cli/rabbitmqadmin'));
    return found === undefined ? undefined : join(plugins, found);
  } catch {
    return undefined; // no such folder
  }
}

const program = findProgram();
const skip = program === undefined ? 'the Debian package rabbitmq-server is missing' : false;

let host: ManagementHost;
let folder: string;

before(async () => {
  if (program === undefined) return;
  host = await ManagementHost.open();
  folder = mkdtempSync(join(tmpdir(), 'waxwing-rabbitmqadmin-'));
  writeFileSync(join(folder, 'ca.pem'), host.authority);
});

after(async () => {
  if (program === undefined) return;
  await host.close();
  rmSync(folder, { recursive: true });
});

async function admin(...words: string[]): Promise<string> {
  const [user = '', password = ''] = administrator.split(':');
  const common = ['--ssl', '--ssl-ca-cert-file', join(folder, 'ca.pem'), '--host', 'localhost'];
  const port = ['--port', String(host.managementPort), '-u', user, '-p', password, '-f', 'tsv'];
  const { stdout } = await run('/usr/bin/python3', [program ?? '', ...common, ...port, ...words]);
  return stdout.trim();
}

test('rabbitmqadmin declares, binds, publishes, gets, lists and deletes', { skip }, async () => {
  await admin('declare', 'queue', 'name=orders', 'durable=true', 'queue_type=quorum');
  await admin('declare', 'exchange', 'name=events', 'type=topic');
  await admin(
    'declare',
    'binding',
    'source=events',
    'destination=orders',
    'destination_type=queue',
    'routing_key=order.*',
  );
  const sent = await admin(
    'publish',
    'exchange=events',
    'routing_key=order.new',
    'payload=one more',
  );
  assert.match(sent, /Message published/);
  const got = await admin('get', 'queue=orders', 'ackmode=ack_requeue_false', 'count=2');
  assert.match(got, /order\.new\tevents\t0\tone more/);
  assert.equal(await admin('list', 'queues', 'name', 'type'), 'name\ttype\norders\tquorum');
  assert.match(await admin('list', 'bindings'), /events\torders\torder\.\*/);
  await admin('declare', 'vhost', 'name=tenant');
  await admin('declare', 'user', 'name=worker', 'password=secret', 'tags=monitoring');
  await admin(
    'declare',
    'permission',
    'vhost=tenant',
    'user=worker',
    'configure=',
    'write=.*',
    'read=.*',
  );
  assert.match(await admin('list', 'permissions', 'user', 'vhost'), /worker\ttenant/);
  await admin('declare', 'policy', 'name=short', 'pattern=^o', 'definition={"max-length":5}');
  assert.match(await admin('list', 'policies', 'name', 'pattern'), /short\t\^o/);
  await admin('declare', 'vhost_limit', 'vhost=tenant', 'name=max-queues', 'value=3');
  assert.match(await admin('show', 'overview'), /3\.13\.0/);
  for (const list of [
    'vhosts',
    'users',
    'nodes',
    'exchanges',
    'connections',
    'channels',
    'consumers',
  ]) {
    await admin('list', list);
  }
  await admin('purge', 'queue', 'name=orders');
  await admin('delete', 'policy', 'name=short');
  await admin('delete', 'permission', 'vhost=tenant', 'user=worker');
  await admin('delete', 'user', 'name=worker');
  await admin('delete', 'vhost', 'name=tenant');
  await admin('delete', 'exchange', 'name=events');
  await admin('delete', 'queue', 'name=orders');
  assert.equal(await admin('list', 'queues', 'name'), 'No items');
});

test('rabbitmqadmin closes a connection', { skip }, async () => {
  const client = await host.connect();
  const listed = await admin('list', 'connections', 'name', 'user');
  const name = listed.split('\n')[1]?.split('\t')[0] ?? '';
  await admin('close', 'connection', `name=${name}`);
  assert.match(await client.ended, /CONNECTION_FORCED/);
});
