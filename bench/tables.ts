// The tables of docs/performance.md.

import { judge, type Verdict } from './goals.ts';
import type { FigureName, Measurement, PeerName, Results, ScenarioName } from './results.ts';
import { peerNames } from './results.ts';
import { medianOf, ratioOf, type Series } from './statistics.ts';

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
  S6: 'S6 and S8, backlog and restart',
  S9: 'S9, opening and closing over TLS',
  latency: 'One confirm at a time over TLS',
  idle: 'Idle connections over TLS',
  start: 'Start and memory at rest',
  create: 'Creating a broker',
};

/** Formats a number with three significant digits, or in whole thousands with separators. */
export function showNumber(value: number | undefined): string {
  if (value === undefined) return '';
  if (value >= 1000) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}

interface Column {
  readonly title: string;
  readonly show: (peer: PeerName) => string;
}

/** Formats a Markdown table with one row per broker. */
function table(peers: readonly PeerName[], columns: readonly Column[]): string {
  const lines = [
    ['broker', ...columns.map(({ title }) => title)],
    ['---', ...columns.map(() => '--:')],
    ...peers.map((peer) => [titles[peer], ...columns.map(({ show }) => show(peer))]),
  ];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** Creates the columns of a scenario with one body size. */
class Columns {
  readonly #measurements: readonly Measurement[];
  readonly #scenario: ScenarioName;
  readonly #bodyBytes: number;

  constructor(measurements: readonly Measurement[], scenario: ScenarioName, bodyBytes: number) {
    this.#measurements = measurements;
    this.#scenario = scenario;
    this.#bodyBytes = bodyBytes;
  }

  #series(peer: PeerName, figure: FigureName): Series {
    return { scenario: this.#scenario, bodyBytes: this.#bodyBytes, peer, figure };
  }

  #median(peer: PeerName, figure: FigureName): number | undefined {
    return medianOf(this.#measurements, this.#series(peer, figure));
  }

  /** Returns the measured brokers, Waxwing first. */
  peers(): PeerName[] {
    const isOfIt = ({ scenario, bodyBytes }: Measurement) =>
      scenario === this.#scenario && bodyBytes === this.#bodyBytes;
    const there = new Set(this.#measurements.filter(isOfIt).map(({ peer }) => peer));
    return peerNames.filter((name) => there.has(name));
  }

  plain(title: string, figure: FigureName, factor = 1): Column {
    const value = (peer: PeerName) => this.#median(peer, figure);
    return {
      title,
      show: (peer) => {
        const found = value(peer);
        return showNumber(found === undefined ? undefined : found * factor);
      },
    };
  }

  pair(title: string, first: FigureName, second: FigureName): Column {
    const show = (peer: PeerName, figure: FigureName) => showNumber(this.#median(peer, figure));
    return {
      title,
      show: (peer) =>
        this.#median(peer, first) ? `${show(peer, first)} / ${show(peer, second)}` : '–',
    };
  }

  /** A column with ratios to RabbitMQ 4, or to RabbitMQ 3.10 if only this was measured. */
  ratio(figure: FigureName): Column {
    const peers = this.peers();
    const base = peers.includes('rabbitmq4') ? 'rabbitmq4' : 'rabbitmq3';
    return {
      title: `to ${titles[base]}`,
      show: (peer) =>
        showNumber(
          ratioOf(this.#measurements, this.#series(peer, figure), this.#series(base, figure)),
        ),
    };
  }
}

function flowColumns(of: Columns): Column[] {
  return [
    of.plain('msg/s', 'messagesPerSecond'),
    of.ratio('messagesPerSecond'),
    of.plain('msg per server-CPU-s', 'messagesPerCpuSecond'),
    of.ratio('messagesPerCpuSecond'),
    of.pair('confirm p50 / p99 ms', 'confirmP50Ms', 'confirmP99Ms'),
    of.pair('end to end p50 / p99 ms', 'endToEndP50Ms', 'endToEndP99Ms'),
    of.plain('RSS MiB', 'rssMaxKiB', 1 / 1024),
  ];
}

function backlogColumns(of: Columns): Column[] {
  return [
    of.plain('messages', 'backlogMessages'),
    of.plain('published/s', 'publishedPerSecond'),
    of.plain('per server-CPU-s', 'publishedPerCpuSecond'),
    of.plain('rate kept', 'publishRateKept'),
    of.plain('RSS MiB, most', 'publishRssMaxKiB', 1 / 1024),
    of.plain('after', 'backlogRssKiB', 1 / 1024),
    of.plain('disk over bodies', 'diskPerBody'),
    of.plain('drained/s', 'drainedPerSecond'),
    of.plain('per server-CPU-s', 'drainedPerCpuSecond'),
    of.plain('restart to first delivery ms', 'restartMs'),
    of.plain('disk drained MiB', 'diskAfterDrainMiB'),
  ];
}

function queuesColumns(of: Columns): Column[] {
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

function columnsOf(scenario: ScenarioName, of: Columns): Column[] {
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
      const of = new Columns(measurements, scenario, bodyBytes);
      const size = bodyBytes === 0 ? '' : `, ${bodyBytes.toLocaleString('en-US')} B`;
      const text = `### ${scenarioTitles[scenario]}${size}\n\n`;
      const after = scenario === 'latency' ? `\n\n${diskLine(measurements)}` : '';
      return text + table(of.peers(), columnsOf(scenario, of)) + after;
    }),
  );
}

const verdictWords = { goal: 'yes', must: 'the must', neither: '**no**' };

function goalLine({ goal, measured, reached }: Verdict): string {
  const sign = goal.sense === 'least' ? '≥' : '≤';
  const limit = (value: number) => `${sign} ${showNumber(value)} ${goal.unit}`;
  const beside = measured?.beside ? ` (beside ${titles[measured.beside]})` : '';
  const value = measured ? `${showNumber(measured.value)} ${goal.unit}${beside}` : '';
  const cells = [goal.name, goal.what, limit(goal.goal), limit(goal.must), value];
  return `| ${[...cells, reached ? verdictWords[reached] : ''].join(' | ')} |`;
}

/** The table of goals with required and measured figures, where measured. */
function goalTable(results: Results): string {
  const verdicts = judge(results).filter(({ measured }) => measured !== undefined);
  if (verdicts.length === 0) return '';
  const head = ['| | what | goal | must | measured | reached |', '|---|---|--:|--:|--:|---|'];
  return ['### Goals', '', ...head, ...verdicts.map(goalLine)].join('\n');
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

/**
 * Describes possible errors of the measurement: lost or duplicated messages, and other load on the
 * machine.
 */
function doubts({ measurements }: Results): string {
  const wrong = measurements.filter(
    ({ figures: { gaps = 0, redelivered = 0, refused = 0 } }) => gaps + redelivered + refused > 0,
  );
  const others = measurements.flatMap(({ figures }) => figures.otherCpuSeconds ?? []);
  const most = others.length === 0 ? 0 : Math.max(...others);
  return [
    `- Runs with messages missing, out of sequence, delivered twice or refused: ${wrong.length}.`,
    `- CPU time that other processes took during a run: ${showNumber(most)} s at most.`,
  ].join('\n');
}

/** Formats the whole report as Markdown. */
export function report(results: Results): string {
  const parts = [setting(results), doubts(results), goalTable(results), ...scenarioTables(results)];
  return parts.filter((part) => part !== '').join('\n\n');
}
