// The tables of docs/performance.md.

import { type Column, Columns, doubts, flowColumns, showNumber, table } from './columns.ts';
import { judge } from './goals.ts';
import type { FigureName, Measurement, PeerName, Results, ScenarioName } from './results.ts';
import { peerNames } from './results.ts';
import { medianOf } from './statistics.ts';
import { goalTable } from './verdicts.ts';

type Of = Columns<ScenarioName, PeerName | 'disk'>;

/** The titles of brokers in tables. */
const titles: Readonly<Record<PeerName, string>> = {
  waxwing: 'Waxwing',
  rabbitmq3: 'RabbitMQ 3.10',
  rabbitmq4: 'RabbitMQ 4.0',
  'rabbitmq3-gocryptfs': 'RabbitMQ 3.10 on gocryptfs',
  'rabbitmq4-gocryptfs': 'RabbitMQ 4.0 on gocryptfs',
  lavinmq: 'LavinMQ',
  'lavinmq-gocryptfs': 'LavinMQ on gocryptfs',
};

const scenarioTitles: Readonly<Record<ScenarioName, string>> = {
  S1: 'S1, transient over TLS',
  S2: 'S2, persistent, plain connections',
  S3: 'S3, quorum queue, plain connections',
  S4: 'S4, persistent over TLS',
  S5: 'S5, fan-out to 10 queues over TLS (deliveries)',
  queues: 'S4 over 1, 100 and 1,000 queues',
  stream: 'A stream with 10 consumers over TLS (deliveries)',
  S6: 'S6 and S8, backlog and restart',
  S9: 'S9, opening and closing over TLS',
  latency: 'One confirm at a time over TLS',
  idle: 'Idle connections over TLS',
  start: 'Start and memory at rest',
  create: 'Creating a broker',
};

function backlogColumns(of: Of): Column[] {
  return [
    of.plain('messages', 'backlogMessages'),
    of.plain('published/s', 'publishedPerSecond'),
    of.plain('per server-CPU-s', 'publishedPerCpuSecond'),
    of.plain('rate kept', 'publishRateKept'),
    of.plain('RSS MiB, most', 'publishRssMaxKiB', 1 / 1024),
    of.plain('after', 'backlogRssKiB', 1 / 1024),
    of.plain('PSS MiB after', 'backlogPssKiB', 1 / 1024),
    of.plain('program once, MiB after', 'backlogOnceKiB', 1 / 1024),
    of.plain('disk over bodies', 'diskPerBody'),
    of.plain('drained/s', 'drainedPerSecond'),
    of.plain('per server-CPU-s', 'drainedPerCpuSecond'),
    of.plain('restart to first delivery ms', 'restartMs'),
    of.plain('disk drained MiB', 'diskAfterDrainMiB'),
  ];
}

function queuesColumns(of: Of): Column[] {
  return [
    of.plain('msg per server-CPU-s, 1 queue', 'messagesPerCpuSecond'),
    of.plain('100 queues', 'perCpuSecondOf100'),
    of.plain('1,000 queues', 'perCpuSecondOf1000'),
    of.plain('100 to 1', 'keptOf100'),
    of.plain('1,000 to 1', 'keptOf1000'),
    of.plain('msg/s, 1 queue', 'messagesPerSecond'),
    of.plain('100 queues', 'perSecondOf100'),
    of.plain('1,000 queues', 'perSecondOf1000'),
    of.plain('RSS MiB', 'rssMaxKiB', 1 / 1024),
  ];
}

function columnsOf(scenario: ScenarioName, of: Of): Column[] {
  switch (scenario) {
    case 'S6':
      return backlogColumns(of);
    case 'S9':
      return [
        of.plain('per s', 'connectionsPerSecond'),
        of.plain('per server-CPU-s', 'connectionsPerCpuSecond'),
        of.ratio('connectionsPerCpuSecond'),
      ];
    case 'queues':
      return queuesColumns(of);
    case 'latency':
      return [of.pair('confirm p50 / p99 ms', 'confirmP50Ms', 'confirmP99Ms')];
    case 'idle':
      return [of.plain('KiB a connection', 'idleConnectionKiB'), of.ratio('idleConnectionKiB')];
    case 'start':
      return [
        of.plain('ms, existing data', 'startMs'),
        of.ratio('startMs'),
        of.plain('CPU-s', 'startCpuSeconds'),
        of.plain('ms, no data yet', 'freshStartMs'),
        of.plain('RSS MiB, broker', 'idleBrokerRssKiB', 1 / 1024),
        of.plain('RSS MiB, all', 'idleRssKiB', 1 / 1024),
      ];
    case 'create':
      return [of.plain('ms to RUNNING', 'createMs')];
    default:
      return flowColumns(of);
  }
}

function diskLine(measurements: readonly Measurement[]): string {
  const of = (figure: FigureName) =>
    showNumber(medianOf(measurements, { scenario: 'latency', peer: 'disk', bodyBytes: 0, figure }));
  return `One write and fdatasync of 4 KiB: overwriting p50 / p99 ${of('overwriteP50Ms')} / ${of('overwriteP99Ms')} ms, appending ${of('appendP50Ms')} / ${of('appendP99Ms')} ms.`;
}

function scenarioTables(results: Results): string[] {
  const { measurements } = results;
  const sizesOf = (scenario: ScenarioName) => {
    const own = measurements.filter((one) => one.scenario === scenario && one.peer !== 'disk');
    return [...new Set(own.map((one) => one.bodyBytes))].sort((a, b) => a - b);
  };
  const names = Object.keys(scenarioTitles) as ScenarioName[];
  return names.flatMap((scenario) =>
    sizesOf(scenario).map((bodyBytes) => {
      const series = { scenario, bodyBytes };
      const of: Of = new Columns(measurements, series, titles, (there) =>
        there.includes('rabbitmq4') ? 'rabbitmq4' : 'rabbitmq3',
      );
      const size = bodyBytes === 0 ? '' : `, ${bodyBytes.toLocaleString('en-US')} B`;
      const text = `### ${scenarioTitles[scenario]}${size}\n\n`;
      const after = scenario === 'latency' ? `\n\n${diskLine(measurements)}` : '';
      return text + table(of.peers(), titles, columnsOf(scenario, of)) + after;
    }),
  );
}

function setting(results: Results): string {
  const { machine, versions, leftOut, rounds, seconds } = results;
  const lines = [
    `Measured ${results.startedAt.slice(0, 10)}: ${rounds} rounds, ${seconds} s a run after 2 s of warm-up.`,
    `${machine.cores} cores (${machine.processor}), ${machine.memoryGiB} GiB, ${machine.filesystem}, Linux ${machine.kernel}, ${machine.system}, Node ${machine.node}.`,
    ...peerNames.flatMap((name) => (versions[name] ? [`${titles[name]}: ${versions[name]}.`] : [])),
    ...peerNames.flatMap((name) =>
      leftOut[name] ? [`Left out: ${titles[name]}, because ${leftOut[name]}.`] : [],
    ),
  ];
  return lines.map((line) => `- ${line}`).join('\n');
}

/** Formats the whole report as Markdown. */
export function report(results: Results): string {
  const parts = [
    setting(results),
    doubts(results.measurements),
    goalTable(judge(results), titles),
    ...scenarioTables(results),
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}
