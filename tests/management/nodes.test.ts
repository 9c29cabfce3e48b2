import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ManagementHost } from './management-host.ts';

// Resources of RabbitMQ 4 about nodes, replicas and virtual hosts, which rabbitmqadmin 2 uses.

let host: ManagementHost;

before(async () => {
  host = await ManagementHost.open('4.3');
  assert.equal((await host.call('PUT', '/api/vhosts/v2')).status, 201);
  const everything = { configure: '.*', read: '.*', write: '.*' };
  assert.equal((await host.call('PUT', '/api/permissions/v2/admin', everything)).status, 201);
});

after(() => host.close());

const read = async (path: string) => JSON.parse((await host.call('GET', path)).text);

test('a virtual host is protected from deletion until the protection ends', async () => {
  const protection = '/api/vhosts/v2/deletion/protection';
  const shown = async () => (await read('/api/vhosts/v2')).protected_from_deletion;
  assert.equal((await host.call('POST', protection)).status, 204);
  assert.equal(await shown(), true);
  const refused = await host.call('DELETE', '/api/vhosts/v2');
  assert.equal(refused.status, 412);
  assert.deepEqual(JSON.parse(refused.text), {
    error: 'precondition_failed',
    reason: "Refusing to delete virtual host 'v2' because it is protected from deletion",
  });
  assert.equal((await host.call('PUT', '/api/vhosts/v2', { description: 'd' })).status, 204);
  const { vhosts } = await read('/api/definitions');
  const exported = vhosts.find(({ name }: { name: string }) => name === 'v2');
  assert.equal(exported.metadata.protected_from_deletion, true);
  assert.equal((await host.call('DELETE', protection)).status, 204);
  assert.equal(await shown(), false);
  const imported = await host.call('POST', '/api/definitions', { vhosts: [exported] });
  assert.equal(imported.status, 204);
  assert.equal(await shown(), true);
  assert.equal((await host.call('DELETE', protection)).status, 204);
  for (const method of ['POST', 'DELETE']) {
    const other = await host.call(method, '/api/vhosts/missing/deletion/protection');
    assert.equal(other.status, 404);
  }
});

test('replicas, memory and health of the only node are those of one node', async () => {
  const ask = async (method: string, path: string, body?: unknown) => {
    const { status, text } = await host.call(method, `/api/${path}`, body);
    return [status, text === '' ? undefined : JSON.parse(text)] as const;
  };
  for (const type of ['quorum', 'classic', 'stream']) {
    const of = { durable: true, arguments: { 'x-queue-type': type } };
    assert.equal((await host.call('PUT', `/api/queues/v2/of-${type}`, of)).status, 201);
  }
  const [status, replicas] = await ask('GET', 'queues/quorum/v2/of-quorum/status');
  assert.deepEqual([status, replicas.length, replicas[0]['Raft State']], [200, 1, 'leader']);
  assert.deepEqual(await ask('GET', 'queues/quorum/v2/of-classic/status'), [
    503,
    { status: 'failed', reason: 'classic_queue_not_supported' },
  ]);
  assert.deepEqual(await ask('GET', 'queues/quorum/v2/of-stream/status'), [
    503,
    { status: 'failed', reason: 'not_quorum_queue' },
  ]);
  const here = { node: 'rabbit@localhost' };
  const replicasOf = (queue: string) => `queues/quorum/v2/${queue}/replicas`;
  assert.equal((await ask('POST', `${replicasOf('of-quorum')}/add`, here))[0], 204);
  for (const body of [{}, { node: 'rabbit@other' }, { node: 1 }, '[]']) {
    assert.equal((await ask('POST', `${replicasOf('of-quorum')}/add`, body))[0], 400);
  }
  assert.equal((await ask('POST', `${replicasOf('missing')}/add`, here))[0], 503);
  assert.deepEqual(await ask('DELETE', `${replicasOf('of-quorum')}/delete`, here), [
    503,
    { error: 'service_unavailable', reason: 'last_node' },
  ]);
  const grow = { vhost_pattern: '.*', queue_pattern: '.*', strategy: 'all' };
  const on = 'queues/quorum/replicas/on';
  assert.equal((await ask('POST', `${on}/rabbit@localhost/grow`, grow))[0], 204);
  assert.equal((await ask('POST', `${on}/rabbit@localhost/grow`, {}))[0], 400);
  assert.equal((await ask('POST', `${on}/rabbit@other/grow`, grow))[0], 404);
  assert.equal((await ask('DELETE', `${on}/rabbit@localhost/shrink`))[0], 202);
  assert.equal((await ask('GET', 'queues/v2/of-quorum'))[0], 200);
  const [, { memory }] = await ask('GET', 'nodes/rabbit@localhost/memory/relative');
  assert.ok(memory.total === 100 && memory.queue_procs >= 1 && memory.queue_procs <= 100);
  assert.deepEqual(await ask('GET', 'nodes/rabbit@localhost/memory/ets'), [
    200,
    { ets_tables_memory: 'no_tables' },
  ]);
  for (const check of [
    'metadata-store/initialized/with-data',
    'reached-target-cluster-size',
    'quorum-queues-without-elected-leaders/all-vhosts/',
    'quorum-queues-without-elected-leaders/all-vhosts/pattern/a.*',
    'quorum-queues-without-elected-leaders/vhost/v2/pattern/a.*',
  ]) {
    assert.deepEqual(await ask('GET', `health/checks/${check}`), [200, { status: 'ok' }], check);
  }
  const [, version] = await ask('GET', 'version');
  assert.match(version, /^\d+\.\d+/);
});

test('attempts to log in are counted by protocol, and an administrator resets the counts', async () => {
  const node = '/api/auth/attempts/rabbit@localhost';
  const of = async (protocol: string) => {
    return (await read(node)).find((each: { protocol: string }) => each.protocol === protocol);
  };
  assert.equal((await host.call('DELETE', node)).status, 204);
  const client = await host.connect();
  await client.close();
  assert.deepEqual(await of('amqp091'), {
    protocol: 'amqp091',
    auth_attempts: 1,
    auth_attempts_failed: 0,
    auth_attempts_succeeded: 1,
  });
  await host.call('GET', '/api/whoami', undefined, { user: 'nobody:wrong' });
  assert.equal((await of('http')).auth_attempts_failed, 1);
  assert.deepEqual(await read(`${node}/source`), []);
  assert.equal((await host.call('GET', '/api/auth/attempts/rabbit@other')).status, 404);
  assert.equal((await host.call('DELETE', `${node}/source`)).status, 204);
  assert.equal(await of('amqp091'), undefined);
});

test('deprecated features have the phases of the version, and transient queues are found', async () => {
  const older = await ManagementHost.open('4.2');
  try {
    const ask = async (path: string) =>
      JSON.parse((await older.call('GET', `/api/deprecated-features${path}`)).text);
    const named = (each: { name: string }) => each.name === 'transient_nonexcl_queues';
    const [before] = (await ask('')).filter(named);
    assert.equal(before.deprecation_phase, 'permitted_by_default');
    assert.deepEqual(await ask('/used'), []);
    const transient = await older.call('PUT', '/api/queues/%2F/t', { durable: false });
    assert.equal(transient.status, 201);
    assert.deepEqual(await ask('/used'), [before]);
  } finally {
    await older.close();
  }
  const [now] = (await read('/api/deprecated-features')).filter(
    ({ name }: { name: string }) => name === 'global_qos',
  );
  assert.equal(now.deprecation_phase, 'denied_by_default');
});
