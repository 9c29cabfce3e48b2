// The tables of docs/performance.md about brokers of ActiveMQ's type.

import { type Column, Columns, doubts, flowColumns, table } from '../columns.ts';
import { goalTable } from '../verdicts.ts';
import { judge } from './goals.ts';
import { type PeerName, peerNames, type Results, type ScenarioName } from './results.ts';

const titles: Readonly<Record<PeerName, string>> = {
  waxwing: 'Waxwing',
  activemq: 'ActiveMQ',
  mosquitto: 'mosquitto',
  'waxwing-rabbitmq': 'Waxwing, RabbitMQ’s type',
  rabbitmq4: 'RabbitMQ 4.0',
};

const scenarioTitles: Readonly<Record<ScenarioName, string>> = {
  'openwire-async': 'OpenWire, persistent, asynchronous send',
  'openwire-transactions': 'OpenWire, persistent, transactions of 100',
  'openwire-sync': 'OpenWire, persistent, synchronous send',
  'openwire-sync-8': 'OpenWire, persistent, synchronous send, 8 producers',
  'openwire-sync-32': 'OpenWire, persistent, synchronous send, 32 producers',
  'openwire-transient': 'OpenWire, non-persistent',
  'stomp-receipts': 'STOMP, persistent, with receipts',
  stomp: 'STOMP, persistent, without receipts',
  'stomp-transactions': 'STOMP, persistent, transactions of 100',
  'stomp-transient': 'STOMP, non-persistent',
  'mqtt-qos1': 'MQTT, QoS 1, durable session',
  'mqtt-fan-out': 'MQTT, QoS 0, fan-out to 100 (deliveries)',
  amqp10: 'AMQP 1.0, persistent',
  'rabbitmq-mqtt-qos1': 'MQTT, QoS 1, durable session, RabbitMQ’s type',
  'rabbitmq-stomp-receipts': 'STOMP, persistent, with receipts, RabbitMQ’s type',
  'idle-openwire': 'Idle OpenWire connections',
  'idle-stomp': 'Idle STOMP connections',
  'idle-mqtt': 'Idle MQTT connections',
  rest: 'Memory at rest',
  create: 'Creating a broker of ActiveMQ’s type',
};

type Of = Columns<ScenarioName, PeerName>;

function columnsOf(scenario: ScenarioName, of: Of): Column[] {
  switch (scenario) {
    case 'idle-openwire':
    case 'idle-stomp':
    case 'idle-mqtt':
      return [of.plain('KiB a connection', 'idleConnectionKiB'), of.ratio('idleConnectionKiB')];
    case 'rest':
      return [of.plain('RSS MiB, broker', 'idleBrokerRssKiB', 1 / 1024)];
    case 'create':
      return [of.plain('ms to RUNNING', 'createMs')];
    default:
      return flowColumns(of);
  }
}

function scenarioTable(results: Results, scenario: ScenarioName, bodyBytes: number): string {
  const series = { scenario, bodyBytes };
  // Ratios refer to the other broker.
  const of: Of = new Columns(
    results.measurements,
    series,
    titles,
    (there) => there.find((name) => !name.startsWith('waxwing')) ?? 'waxwing',
  );
  const size = bodyBytes === 0 ? '' : `, ${bodyBytes.toLocaleString('en-US')} B`;
  const text = table(of.peers(), titles, columnsOf(scenario, of));
  return `### ${scenarioTitles[scenario]}${size}\n\n${text}`;
}

function scenarioTables(results: Results): string[] {
  const names = Object.keys(scenarioTitles) as ScenarioName[];
  return names.flatMap((scenario) => {
    const own = results.measurements.filter((one) => one.scenario === scenario);
    const sizes = [...new Set(own.map((one) => one.bodyBytes))].sort((a, b) => a - b);
    return sizes.map((bodyBytes) => scenarioTable(results, scenario, bodyBytes));
  });
}

function setting(results: Results): string {
  const { machine, versions, leftOut, rounds, seconds } = results;
  const lines = [
    `Measured ${results.startedAt.slice(0, 10)}: ${rounds} rounds, ${seconds} s a run after 2 s of warm-up.`,
    `${machine.cores} cores (${machine.processor}), ${machine.memoryGiB} GiB, ${machine.filesystem}, Linux ${machine.kernel}, ${machine.system}, Node ${machine.node}.`,
    ...peerNames.flatMap((name) => (versions[name] ? [`${titles[name]}: ${versions[name]}.`] : [])),
    ...leftOut.map((what) => `Left out: ${what}.`),
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
