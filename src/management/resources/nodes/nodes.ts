// The only node: /api/nodes.

import type { JsonObject } from '../../../broker/rabbitmq/model.ts';
import { type Answer, emptyAnswer } from '../../answers.ts';
import { notFound } from '../../errors.ts';
import { listAnswer, objectAnswer } from '../../listing/list.ts';
import { type Management, nodeName } from '../../management.ts';
import type { ApiRequest } from '../../request.ts';

/** The values that have a rate in RabbitMQ. */
const rated = [
  'channel_closed',
  'channel_created',
  'connection_closed',
  'connection_created',
  'context_switches',
  'disk_free',
  'fd_used',
  'gc_bytes_reclaimed',
  'gc_num',
  'io_read_avg_time',
  'io_read_bytes',
  'io_read_count',
  'io_reopen_count',
  'io_seek_avg_time',
  'io_seek_count',
  'io_sync_avg_time',
  'io_sync_count',
  'io_write_avg_time',
  'io_write_bytes',
  'io_write_count',
  'mem_used',
  'mnesia_disk_tx_count',
  'mnesia_ram_tx_count',
  'msg_store_read_count',
  'msg_store_write_count',
  'proc_used',
  'queue_created',
  'queue_declared',
  'queue_deleted',
  'queue_index_read_count',
  'queue_index_write_count',
  'sockets_used',
] as const;

/** The reasons of blocking that are alarms in RabbitMQ. */
export function alarmsOf({ broker }: Management): { memory: boolean; disk: boolean } {
  const reasons = [...broker.flow.reasons];
  return {
    memory: reasons.some((reason) => reason.includes('memory')),
    disk: reasons.some((reason) => reason.includes('disk')),
  };
}

async function nodeToJson(management: Management): Promise<JsonObject> {
  const { broker, clock, node, version, startedAtMs } = management;
  const alarms = alarmsOf(management);
  const zeros = rated.flatMap((name) => [
    [name, 0] as const,
    [`${name}_details`, { rate: 0 }] as const,
  ]);
  return {
    ...Object.fromEntries(zeros),
    applications: [
      { name: 'rabbit', description: 'RabbitMQ', version },
      { name: 'rabbitmq_management', description: 'RabbitMQ Management Console', version },
    ],
    auth_mechanisms: [
      { name: 'AMQPLAIN', description: 'QPid AMQPLAIN mechanism', enabled: true },
      { name: 'PLAIN', description: 'SASL PLAIN authentication mechanism', enabled: true },
    ],
    being_drained: false,
    cluster_links: [],
    config_files: [],
    contexts: [],
    db_dir: '',
    disk_free: await node.diskFreeBytes().catch(() => 0),
    disk_free_alarm: alarms.disk,
    disk_free_limit: node.diskReserveBytes,
    enabled_plugins: ['rabbitmq_management', 'rabbitmq_prometheus'],
    exchange_types: [],
    fd_total: 1_048_576,
    fd_used: await node.openFileCount().catch(() => 0),
    log_files: [],
    mem_alarm: alarms.memory,
    mem_calculation_strategy: 'rss',
    mem_limit: broker.limits.memoryBytesMax,
    mem_used: broker.memoryBytes,
    metrics_gc_queue_length: {},
    name: nodeName,
    net_ticktime: 60,
    os_pid: String(process.pid),
    partitions: [],
    proc_total: 1_048_576,
    proc_used: 1,
    processors: 1,
    rates_mode: 'basic',
    ra_open_file_metrics: {},
    run_queue: 0,
    running: true,
    sockets_total: 1_048_576,
    sockets_used: node.socketCount(),
    type: 'disc',
    uptime: Math.round(clock.nowMs() - startedAtMs),
  };
}

/** `GET /api/nodes` */
export async function listNodes(request: ApiRequest): Promise<Answer> {
  const node = await nodeToJson(request.management);
  return listAnswer(request, {
    items: [node],
    name: () => nodeName,
    write: (each) => each,
    order: ['name'],
  });
}

/** `GET /api/nodes/{name}` */
export async function getNode(request: ApiRequest): Promise<Answer> {
  requireNode(request);
  return objectAnswer(request, await nodeToJson(request.management));
}

/** Checks the label `name`. @throws {ManagementError} `not-found` */
export function requireNode(request: ApiRequest): void {
  if (request.label('name') !== nodeName) throw notFound();
}

/** `POST /api/rebalance/queues` and `DELETE /api/reset`: nothing to do on a single node. */
export function rebalance(): Answer {
  return emptyAnswer(204);
}
