import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { AmqpClient } from '../support/amqp-client.ts';
import { ManagementHost } from './management-host.ts';

// RabbitMQ's metrics for Prometheus.

let host: ManagementHost;
let client: AmqpClient;

before(async () => {
  host = await ManagementHost.open();
  client = await host.connect();
  const channel = await client.model.createConfirmChannel();
  for (const name of ['a', 'b "quoted"']) await channel.assertQueue(name);
  for (let i = 0; i < 3; i++) channel.sendToQueue('a', Buffer.from('x'));
  channel.sendToQueue('b "quoted"', Buffer.from('x'));
  channel.publish('amq.direct', 'nowhere', Buffer.from('x'));
  await channel.waitForConfirms();
});

after(async () => {
  await client.close();
  await host.close();
});

async function scrape(path: string): Promise<string[]> {
  const reply = await host.call('GET', path);
  assert.equal(reply.status, 200, reply.text);
  assert.match(String(reply.headers['content-type']), /^text\/plain; version=0\.0\.4/);
  const lines = reply.text.split('\n').filter((line) => line !== '');
  for (const line of lines) {
    assert.match(line, /^(#|[a-z_]+(\{([a-z_]+="([^"\\]|\\.)*",?)+\})? (\d|NaN))/, line);
  }
  return lines;
}

test('the sums have the names that dashboards use', async () => {
  const lines = await scrape('/metrics');
  const expected = [
    'rabbitmq_queue_messages_ready 4',
    'rabbitmq_queue_messages_unacked 0',
    'rabbitmq_connections 1',
    'rabbitmq_channels 1',
    'rabbitmq_queues 2',
    'rabbitmq_global_messages_received_total{protocol="amqp091"} 5',
    'rabbitmq_global_messages_routed_total{protocol="amqp091"} 4',
    'rabbitmq_global_messages_unroutable_dropped_total{protocol="amqp091"} 1',
    'rabbitmq_global_messages_confirmed_total{protocol="amqp091"} 5',
    'rabbitmq_alarms_memory_used_watermark 0',
  ];
  for (const line of expected) assert.ok(lines.includes(line), line);
  const metrics = lines
    .filter((line) => line.startsWith('# TYPE'))
    .map((line) => line.split(' ')[2]);
  assert.equal(new Set(metrics).size, metrics.length, 'no metric is declared twice');
});

/** The metrics in the queries of RabbitMQ's Grafana dashboard _RabbitMQ-Overview_. */
const dashboard = {
  served: `build_info channels channels_closed_total channels_opened_total connections
    connections_closed_total connections_opened_total disk_space_available_bytes
    disk_space_available_limit_bytes erlang_uptime_seconds global_consumers
    global_messages_acknowledged_total global_messages_confirmed_total
    global_messages_delivered_total global_messages_received_total global_messages_routed_total
    global_messages_unroutable_dropped_total global_publishers identity_info
    process_open_fds process_resident_memory_bytes queue_messages_ready queue_messages_unacked
    queues resident_memory_limit_bytes`,
  // What is not counted here: their panels are empty.
  missing: `global_messages_delivered_consume_auto_ack_total
    global_messages_delivered_consume_manual_ack_total
    global_messages_delivered_get_auto_ack_total global_messages_delivered_get_manual_ack_total
    global_messages_get_empty_total global_messages_received_confirm_total
    global_messages_redelivered_total global_messages_unroutable_returned_total
    message_size_bytes_bucket message_size_bytes_count message_size_bytes_sum process_max_fds
    queues_created_total queues_declared_total queues_deleted_total`,
};

test("RabbitMQ's dashboard finds its metrics, except for those that are listed as missing", async () => {
  const lines = await scrape('/metrics');
  const found = new Set(lines.map((line) => line.split(/[{ ]/)[0]));
  const split = (names: string) => names.split(/\s+/).map((name) => `rabbitmq_${name}`);
  for (const name of split(dashboard.served)) assert.ok(found.has(name), name);
  for (const name of split(dashboard.missing)) assert.ok(!found.has(name), `${name} is served`);
  // The labels by which its queries join and select.
  assert.ok(
    lines.some((line) => /^rabbitmq_identity_info\{rabbitmq_node=.*rabbitmq_cluster=/.test(line)),
  );
  const opened = lines.find((line) => line.startsWith('rabbitmq_connections_opened_total '));
  assert.ok(Number(opened?.split(' ')[1]) >= 1, opened);
});

test('each object has values with its names', async () => {
  const lines = await scrape('/metrics/per-object');
  assert.ok(lines.includes('rabbitmq_queue_messages_ready{vhost="/",queue="a"} 3'));
  assert.ok(lines.includes('rabbitmq_queue_messages_ready{vhost="/",queue="b \\"quoted\\""} 1'));
  assert.ok(lines.some((line) => line.startsWith('rabbitmq_channel_consumers{channel="127.')));
});

test('families and virtual hosts are selected', async () => {
  const lines = await scrape('/metrics/detailed?family=queue_coarse_metrics&vhost=%2F');
  const values = lines.filter((line) => line.startsWith('rabbitmq_detailed_'));
  assert.equal(values.length, 6);
  assert.ok(values.includes('rabbitmq_detailed_queue_messages{vhost="/",queue="a"} 3'));
  const none = await scrape('/metrics/detailed?family=queue_coarse_metrics&vhost=none');
  assert.deepEqual(
    none.filter((line) => line.startsWith('rabbitmq_detailed_')),
    [],
  );
});

test('the memory of the broker is shown in parts, and each path names itself', async () => {
  const lines = await scrape('/metrics/memory-breakdown');
  const value = (name: string) => {
    const found = lines.find((line) => line.startsWith(`rabbitmq_memory_${name}_bytes `));
    return Number(found?.split(' ')[1]);
  };
  const parts = ['classic_queue_erlang_process', 'binary_heap', 'other_erlang_process'].map(value);
  const sum = parts.reduce((total, bytes) => total + bytes, 0);
  assert.ok(parts.every((bytes) => bytes > 0) && sum > 20e6 && sum < 4e9, String(parts));
  for (const [path, endpoint] of [
    ['/metrics', 'aggregated'],
    ['/metrics/per-object', 'per-object'],
    ['/metrics/detailed', 'detailed'],
    ['/metrics/memory-breakdown', 'memory-breakdown'],
  ] as const) {
    const identity = (await scrape(path)).find((line) => line.includes('identity_info{'));
    assert.match(identity ?? '', new RegExp(`rabbitmq_endpoint="${endpoint}"`));
  }
});

test('only users for monitoring see metrics', async () => {
  await host.json('PUT', '/api/users/m', { password: 'p', tags: 'management' });
  for (const path of ['', '/per-object', '/detailed', '/memory-breakdown'].map(
    (p) => `/metrics${p}`,
  )) {
    assert.equal((await host.call('GET', path, undefined, { user: 'm:p' })).status, 401);
    assert.equal((await host.call('GET', path, undefined, { user: '' })).status, 401);
  }
});
