// The performance goals.

import type { FigureName, PeerName, Results, ScenarioName } from './results.ts';
import { medianOf, ratioOf, type Series } from './statistics.ts';
import { type Goal, type Measured, type Verdict, verdicts } from './verdicts.ts';

type BrokerGoal = Goal<Results>;

type Where = readonly [ScenarioName, number, FigureName];

const series = (peer: PeerName | 'disk', [scenario, bodyBytes, figure]: Where): Series => ({
  scenario,
  bodyBytes,
  figure,
  peer,
});

/** Debian bookworm's RabbitMQ is used if the newer one is not available. */
const substitutes: Partial<Record<PeerName, PeerName>> = {
  rabbitmq4: 'rabbitmq3',
  'rabbitmq4-gocryptfs': 'rabbitmq3-gocryptfs',
};

const ours = (figure: Where) => (results: Results) => {
  const value = medianOf(results.measurements, series('waxwing', figure));
  return value === undefined ? undefined : { value };
};

function oursOver(figure: Where, peer: PeerName, theirs: Where = figure, isInverse = false) {
  return ({ measurements }: Results): Measured | undefined => {
    const ratio = (other: PeerName) => {
      const [above, below] = [series('waxwing', figure), series(other, theirs)];
      return isInverse ? ratioOf(measurements, below, above) : ratioOf(measurements, above, below);
    };
    const value = ratio(peer);
    if (value !== undefined) return { value };
    const beside = substitutes[peer];
    const instead = beside && ratio(beside);
    return beside && instead !== undefined ? { value: instead, beside } : undefined;
  };
}

const perCpu = (scenario: ScenarioName, bodyBytes: number): Where => [
  scenario,
  bodyBytes,
  'messagesPerCpuSecond',
];
const confirm = (figure: FigureName): Where => ['S4', 1024, figure];
const backlog = (figure: FigureName): Where => ['S6', 1024, figure];

const least = (
  name: string,
  what: string,
  goal: number,
  must: number,
  measure: BrokerGoal['measure'],
) => ({ name, what, unit: '×', sense: 'least', goal, must, measure }) satisfies BrokerGoal;
const most = (
  name: string,
  what: string,
  unit: string,
  goal: number,
  must: number,
  measure: BrokerGoal['measure'],
) => ({ name, what, unit, sense: 'most', goal, must, measure }) satisfies BrokerGoal;

const sealed = 'TLS and gocryptfs';

function scaled(measure: BrokerGoal['measure'], factor: number): BrokerGoal['measure'] {
  return (results) => {
    const measured = measure(results);
    return measured && { ...measured, value: measured.value * factor };
  };
}

function latency({ measurements }: Results): Measured | undefined {
  const value = ratioOf(
    measurements,
    series('waxwing', ['latency', 1024, 'confirmP50Ms']),
    series('disk', ['latency', 0, 'overwriteP50Ms']),
  );
  return value === undefined ? undefined : { value };
}

/** Goals relative to LavinMQ, which is only measured if a build of it is available. */
const lavinGoals: readonly BrokerGoal[] = [
  least(
    'G6',
    `S4 against LavinMQ with ${sealed}, 1 KiB`,
    2,
    1.2,
    oursOver(perCpu('S4', 1024), 'lavinmq-gocryptfs'),
  ),
  least('G6', 'the same, 16 B', 2.5, 1.5, oursOver(perCpu('S4', 16), 'lavinmq-gocryptfs')),
  least(
    'G7',
    'S4 against LavinMQ without protection (S2), 1 KiB',
    1,
    0.6,
    oursOver(perCpu('S4', 1024), 'lavinmq', perCpu('S2', 1024)),
  ),
  least('G7', 'the same, 16 B', 1.3, 0.8, oursOver(perCpu('S4', 16), 'lavinmq', perCpu('S2', 16))),
  least(
    'G8',
    `S4 against LavinMQ with ${sealed}, 16 KiB`,
    2,
    1.2,
    oursOver(perCpu('S4', 16384), 'lavinmq-gocryptfs'),
  ),
  least(
    'G10',
    `LavinMQ’s confirm p99 with ${sealed} (S4, 1 KiB) over ours`,
    2,
    1,
    oursOver(confirm('confirmP99Ms'), 'lavinmq-gocryptfs', confirm('confirmP99Ms'), true),
  ),
  least(
    'G11b',
    'S1 against LavinMQ with TLS, 1 KiB',
    1.2,
    0.8,
    oursOver(perCpu('S1', 1024), 'lavinmq'),
  ),
  least('G11b', 'the same, 16 B', 3, 1.5, oursOver(perCpu('S1', 16), 'lavinmq')),
];

const goals: readonly BrokerGoal[] = [
  least(
    'G1',
    `S4 against RabbitMQ 4 with ${sealed}, 1 KiB`,
    25,
    12,
    oursOver(perCpu('S4', 1024), 'rabbitmq4-gocryptfs'),
  ),
  least('G2', 'the same, 16 B', 20, 10, oursOver(perCpu('S4', 16), 'rabbitmq4-gocryptfs')),
  least(
    'G3',
    'S4 against RabbitMQ 4 without protection (S2), 1 KiB',
    8,
    4,
    oursOver(perCpu('S4', 1024), 'rabbitmq4', perCpu('S2', 1024)),
  ),
  least('G4', 'the same, 16 B', 15, 8, oursOver(perCpu('S4', 16), 'rabbitmq4', perCpu('S2', 16))),
  least(
    'G5',
    'S4 against RabbitMQ 4 with a quorum queue (S3), 1 KiB',
    10,
    5,
    oursOver(perCpu('S4', 1024), 'rabbitmq4', perCpu('S3', 1024)),
  ),
  ...lavinGoals,
  least(
    'G8',
    `S4 against RabbitMQ 4 with ${sealed}, 16 KiB`,
    4,
    2,
    oursOver(perCpu('S4', 16384), 'rabbitmq4-gocryptfs'),
  ),
  least(
    'G9',
    `RabbitMQ 4’s confirm p50 with ${sealed} (S4, 1 KiB) over ours`,
    20,
    10,
    oursOver(confirm('confirmP50Ms'), 'rabbitmq4-gocryptfs', confirm('confirmP50Ms'), true),
  ),
  least(
    'G9',
    'the same, p99',
    20,
    10,
    oursOver(confirm('confirmP99Ms'), 'rabbitmq4-gocryptfs', confirm('confirmP99Ms'), true),
  ),
  least(
    'G11',
    'S1 against RabbitMQ 4 with TLS, 1 KiB',
    10,
    5,
    oursOver(perCpu('S1', 1024), 'rabbitmq4'),
  ),
  least('G11', 'the same, 16 B', 25, 12, oursOver(perCpu('S1', 16), 'rabbitmq4')),
  most(
    'G12',
    'backlog: resident memory, the program of Node counted for each process',
    'MiB',
    150,
    300,
    scaled(ours(backlog('publishRssMaxKiB')), 1 / 1024),
  ),
  most(
    'G12',
    'backlog: memory after it, the program of Node counted once',
    'MiB',
    150,
    300,
    scaled(ours(backlog('backlogOnceKiB')), 1 / 1024),
  ),
  most('G12', 'backlog: disk over bodies', '×', 1.06, 1.15, ours(backlog('diskPerBody'))),
  least(
    'G13',
    'backlog: publishing against RabbitMQ 4 without protection',
    8,
    4,
    oursOver(backlog('publishedPerCpuSecond'), 'rabbitmq4'),
  ),
  least(
    'G13',
    'backlog: draining against the same',
    6,
    3,
    oursOver(backlog('drainedPerCpuSecond'), 'rabbitmq4'),
  ),
  least(
    'G14',
    'start to first connection, faster than RabbitMQ 4 by',
    20,
    10,
    oursOver(['start', 0, 'startMs'], 'rabbitmq4', ['start', 0, 'startMs'], true),
  ),
  most(
    'G14',
    'start to first connection (300 ms on Node 20)',
    'ms',
    150,
    300,
    ours(['start', 0, 'startMs']),
  ),
  most(
    'G15',
    'restart with a million messages to first delivery',
    'ms',
    400,
    1000,
    ours(backlog('restartMs')),
  ),
  least(
    'G16',
    'TLS open and close against RabbitMQ 4',
    4,
    2.5,
    oursOver(['S9', 0, 'connectionsPerCpuSecond'], 'rabbitmq4'),
  ),
  most(
    'G17',
    'memory of an idle connection over RabbitMQ 4’s',
    '×',
    0.25,
    0.5,
    oursOver(['idle', 0, 'idleConnectionKiB'], 'rabbitmq4'),
  ),
  most(
    'G18',
    'memory at rest, broker',
    'MiB',
    80,
    120,
    scaled(ours(['start', 0, 'idleBrokerRssKiB']), 1 / 1024),
  ),
  most(
    'G18',
    'memory at rest, whole service',
    'MiB',
    150,
    150,
    scaled(ours(['start', 0, 'idleRssKiB']), 1 / 1024),
  ),
  least(
    '–',
    'S4 against RabbitMQ 4 with TLS and nothing sealed, 1 KiB',
    12,
    4,
    oursOver(perCpu('S4', 1024), 'rabbitmq4'),
  ),
  least(
    '–',
    'a stream with 10 consumers against RabbitMQ 4 with TLS, 1 KiB',
    2,
    1.5,
    oursOver(perCpu('stream', 1024), 'rabbitmq4'),
  ),
  ...[16, 1024].flatMap((bodyBytes) => [
    least(
      '–',
      `messages per CPU-second over 100 queues to those over one, ${bodyBytes === 16 ? '16 B' : '1 KiB'}`,
      0.8,
      0.8,
      ours(['queues', bodyBytes, 'keptOf100']),
    ),
    least('–', 'the same, 1,000 queues', 0.8, 0.8, ours(['queues', bodyBytes, 'keptOf1000'])),
  ]),
  most('–', 'CreateBroker to RUNNING', 'ms', 1000, 1000, ours(['create', 0, 'createMs'])),
  most('–', 'confirm of a single message over one write and fdatasync', '×', 2, 2, latency),
];

/** Compares results with all goals. */
export function judge(results: Results): Verdict<Results>[] {
  return verdicts(goals, results);
}
