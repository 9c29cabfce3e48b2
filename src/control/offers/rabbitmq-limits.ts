// The limits of Amazon MQ for RabbitMQ brokers of a single instance, by instance type.

import type { BrokerLimits } from '../configurations/rabbitmq/broker-limits.ts';

/** What Amazon MQ gives a RabbitMQ broker of a single instance. */
export interface RabbitMqInstance {
  /** The limits of a broker whose configuration has no keys for them. */
  readonly defaults: BrokerLimits;
  /** The limits that a configuration can raise them to. */
  readonly maximum: BrokerLimits;
  /** The limits of the virtual host `/` of a new broker; undefined for none. */
  readonly vhost: { readonly 'max-queues': number; readonly 'max-connections': number } | undefined;
  /** The memory above which publishers are blocked, bytes. */
  readonly memoryBytesMax: number;
  /** The free disk space below which they are blocked, bytes. */
  readonly diskReserveBytes: number;
}

const gib = 1024 ** 3;
const sizes = 'medium large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge'.split(' ');

/** Connections, channels, queues, shovels, virtual hosts, exchanges. */
type Row = readonly number[];

/** The maximum of m7g instances. */
const maximumOfM7g: readonly Row[] = [
  [300, 900, 2500, 150, 10, 12_500],
  [5000, 15_000, 20_000, 250, 1500, 100_000],
  [10_000, 30_000, 30_000, 500, 1500, 150_000],
  [20_000, 60_000, 40_000, 1000, 1500, 200_000],
  [40_000, 120_000, 60_000, 2000, 1500, 300_000],
  [80_000, 240_000, 80_000, 4000, 1500, 400_000],
  [120_000, 360_000, 100_000, 6000, 1500, 500_000],
  [160_000, 480_000, 120_000, 8000, 1500, 600_000],
];

/** The defaults of RabbitMQ 4. */
const defaultsOfM7g: readonly Row[] = [
  [100, 500, 500, 30, 10, 500],
  [1500, 4500, 1000, 50, 50, 1000],
  [3000, 9000, 2000, 100, 100, 2000],
  [6000, 18_000, 4000, 200, 150, 4000],
  [12_000, 36_000, 8000, 400, 200, 8000],
  [24_000, 72_000, 16_000, 800, 250, 16_000],
  [36_000, 108_000, 24_000, 1200, 300, 24_000],
  [48_000, 144_000, 32_000, 1600, 350, 32_000],
];

const memoryGibOfM7g = [1.8, 4.3, 9.3, 19.3, 39.4, 79.7, 119.8, 160.1];
/** `max-queues` and `max-connections` of `/`, RabbitMQ 3. */
const vhostOfM7g: readonly Row[] = [
  [2500, 100],
  [20_000, 5000],
  [30_000, 10_000],
  [40_000, 20_000],
  [60_000, 40_000],
  [80_000, 80_000],
  [100_000, 120_000],
  [120_000, 160_000],
];

/** The other instance types, which only have RabbitMQ 3: queues, limits of `/`, memory and disk in GiB. */
const older: Readonly<Record<string, { row: Row; vhost: Row; memory: number; disk: number }>> = {
  't3.micro': { row: [500, 1500, 2500, 150], vhost: [500, 500], memory: 0.4, disk: 0 },
  'm5.large': { row: [5000, 15_000, 30_000, 250], vhost: [20_000, 4000], memory: 3.2, disk: 12 },
  'm5.xlarge': { row: [10_000, 30_000, 60_000, 500], vhost: [30_000, 8000], memory: 6.4, disk: 20 },
  'm5.2xlarge': {
    row: [20_000, 60_000, 120_000, 1000],
    vhost: [60_000, 15_000],
    memory: 12.8,
    disk: 36,
  },
  'm5.4xlarge': {
    row: [40_000, 120_000, 240_000, 2000],
    vhost: [150_000, 30_000],
    memory: 25.6,
    disk: 69,
  },
};

/**
 * Returns the limits of an instance type.
 *
 * @param hostInstanceType `mq.m7g.large`
 * @param engineVersion with RabbitMQ 3, the defaults are the maximum
 * @returns undefined for an instance type that Amazon MQ does not have for RabbitMQ
 */
export function rabbitMqInstance(
  hostInstanceType: string,
  engineVersion: string,
): RabbitMqInstance | undefined {
  const name = hostInstanceType.replace('mq.', '');
  const at = sizes.indexOf(name.replace('m7g.', ''));
  const other = Object.hasOwn(older, name) ? older[name] : undefined;
  const row = other?.row ?? maximumOfM7g[at];
  if (row === undefined) return undefined;
  const isOlder = engineVersion.startsWith('3.');
  const maximum = { ...limitsOf(row), consumersPerChannelMax: 1000, bodyBytesMax: 134_217_728 };
  const defaults = {
    ...limitsOf(defaultsOfM7g[at] ?? row),
    consumersPerChannelMax: 10,
    bodyBytesMax: 524_288,
  };
  const [queueMax = 0, connectionMax = 0] = other?.vhost ?? vhostOfM7g[at] ?? [];
  return {
    defaults: isOlder ? maximum : defaults,
    maximum,
    vhost: isOlder ? { 'max-queues': queueMax, 'max-connections': connectionMax } : undefined,
    memoryBytesMax: Math.floor((other?.memory ?? memoryGibOfM7g[at] ?? 0) * gib),
    diskReserveBytes: (other?.disk ?? 10) * gib,
  };
}

function limitsOf(row: Row): BrokerLimits {
  const [connections, channels, queues, shovels, vhosts, exchanges] = row;
  return {
    ...(connections !== undefined && { connectionCountMax: connections }),
    ...(channels !== undefined && { channelCountMax: channels }),
    ...(queues !== undefined && { queueCountSum: queues }),
    ...(shovels !== undefined && { shovelCountMax: shovels }),
    ...(vhosts !== undefined && { vhostCountMax: vhosts }),
    ...(exchanges !== undefined && { exchangeCountSum: exchanges }),
  };
}
