// S1 to S5 and latency.

import type { FlowReport } from '../load.ts';
import type { Peer, Transport } from '../peers/peer.ts';
import type { Figures, ScenarioName } from '../results.ts';
import type { Session } from '../session.ts';

/** A scenario with a flow of messages from producers to consumers. */
interface Flow {
  readonly scenario: ScenarioName;
  readonly transport: Transport;
  readonly bodyBytes: readonly number[];
  /** Whether the flow writes to disk; otherwise it is not run on gocryptfs. */
  readonly isStored: boolean;
  readonly args: readonly string[];
}

// A limit of unconsumed messages: the queue stays short, and the rate is the sustained rate from
// end to end.
const short = ['--inflight', '10000'];
const transient = [...short, '--autoack'];
const confirmed = ['--persistent', '--durable', '--confirm', '1000'];
/** Options of flows of persistent messages: confirms and manual acknowledgements. */
export const storedFlow: readonly string[] = [
  ...short,
  ...confirmed,
  ...['--prefetch', '1000', '--ack-batch', '100'],
];
const stream = ['--qtype', 'stream', '--consumers', '10'];
const fanOut = ['--exchange', 'topic', '--queues', '10', '--consumers', '10'];

/** The flows of a group are compared with each other, so that their runs are interleaved. */
const groups: readonly (readonly Flow[])[] = [
  [
    {
      scenario: 'S1',
      transport: 'tls',
      bodyBytes: [16, 1024, 16384],
      isStored: false,
      args: transient,
    },
  ],
  [
    {
      scenario: 'S2',
      transport: 'plain',
      bodyBytes: [16, 1024, 16384],
      isStored: true,
      args: storedFlow,
    },
    {
      scenario: 'S3',
      transport: 'plain',
      bodyBytes: [1024],
      isStored: true,
      args: [...storedFlow, '--qtype', 'quorum'],
    },
    {
      scenario: 'S4',
      transport: 'tls',
      bodyBytes: [16, 1024, 16384],
      isStored: true,
      args: storedFlow,
    },
  ],
  [
    {
      scenario: 'S5',
      transport: 'tls',
      bodyBytes: [1024],
      isStored: false,
      args: [...transient, ...fanOut],
    },
  ],
  [
    {
      scenario: 'stream',
      transport: 'tls',
      bodyBytes: [1024],
      isStored: true,
      args: [...storedFlow, ...stream],
    },
  ],
];

function takesPart(peer: Peer, flow: Flow): boolean {
  if (flow.transport === 'plain' && peer.name === 'waxwing') return false;
  const isRabbitOnly = flow.scenario === 'S3' || flow.scenario === 'stream';
  if (isRabbitOnly && peer.name.startsWith('lavinmq')) return false;
  return flow.isStored || !peer.name.endsWith('gocryptfs');
}

/** Converts a report of a load generator to figures. */
export function flowFigures(report: FlowReport): Figures {
  const ours = report.self_cpu_s + report.server_cpu_s;
  return {
    messagesPerSecond: report.cons_s,
    messagesPerCpuSecond: report.msgs_per_cpu_s,
    confirmP50Ms: report.conf_p50_ms,
    confirmP99Ms: report.conf_p99_ms,
    endToEndP50Ms: report.e2e_p50_ms,
    endToEndP99Ms: report.e2e_p99_ms,
    rssMaxKiB: report.rss_max_kb,
    serverCpuSeconds: report.server_cpu_s,
    loadCpuSeconds: report.self_cpu_s,
    otherCpuSeconds: Math.max(0, report.machine_busy_s - ours),
    stolenSeconds: report.steal_s,
    gaps: report.gaps,
    redelivered: report.redelivered,
    refused: report.nacked,
  };
}

async function runFlow(
  session: Session,
  peer: Peer,
  flow: Flow,
  bodyBytes: number,
  round: number,
): Promise<void> {
  const { load, options, record } = session;
  const time = ['--warmup', '2', '--duration', String(options.seconds)];
  const queue = ['--qname', `${flow.scenario}-${bodyBytes}-${round}`, '--delete'];
  const args = [...flow.args, '--size', String(bodyBytes), ...time, ...queue];
  const report = await load.run(peer.endpoint(flow.transport), peer.pids(), args);
  const figures = flowFigures(report);
  record({ scenario: flow.scenario, peer: peer.name, bodyBytes, round, figures });
}

/** S1 to S5, and the stream. */
export async function measureFlows(session: Session): Promise<void> {
  const { options } = session;
  for (const group of groups) {
    const wanted = group.filter((flow) => options.only.includes(flow.scenario));
    for (const size of options.sizes) {
      for (let round = 1; round <= options.rounds; round++) {
        for (const flow of wanted.filter((one) => one.bodyBytes.includes(size)))
          for (const peer of session.peers.filter((one) => takesPart(one, flow)))
            await runFlow(session, peer, flow, size, round);
      }
    }
  }
}

/** Measures the latency of one confirm at a time, and of one write and fdatasync of the disk. */
export async function measureLatency(session: Session): Promise<void> {
  const { load, options, record, runFolder } = session;
  const bodyBytes = 1024;
  const args = ['--consumers', '0', '--persistent', '--durable', '--confirm', '1'];
  const time = ['--warmup', '1', '--duration', String(options.seconds)];
  for (let round = 1; round <= options.rounds; round++) {
    const disk = await load.probeDisk(runFolder, options.seconds);
    const figures = {
      overwriteP50Ms: disk.overwrite_p50_ms,
      overwriteP99Ms: disk.overwrite_p99_ms,
      appendP50Ms: disk.append_p50_ms,
      appendP99Ms: disk.append_p99_ms,
    };
    record({ scenario: 'latency', peer: 'disk', bodyBytes: 0, round, figures });
    for (const peer of session.peers) {
      const whole = [...args, ...time, '--size', String(bodyBytes), '--qname', 'latency'];
      const run = load.run(peer.endpoint('tls'), peer.pids(), [...whole, '--delete']);
      const { conf_p50_ms: p50, conf_p99_ms: p99 } = await run;
      const latency = { confirmP50Ms: p50, confirmP99Ms: p99 };
      record({ scenario: 'latency', peer: peer.name, bodyBytes, round, figures: latency });
    }
  }
}
