// S4 with many queues.

import type { FlowReport } from '../load.ts';
import type { Peer } from '../peers/peer.ts';
import type { FigureName, Figures } from '../results.ts';
import { brokersAtRest, plainFolderPeers, type Session } from '../session.ts';
import { storedFlow } from './messages.ts';

/** The numbers of queues and the names of their figures. */
const counts: readonly {
  readonly queues: number;
  readonly perSecond: FigureName;
  readonly perCpuSecond: FigureName;
  readonly kept?: FigureName;
}[] = [
  { queues: 1, perSecond: 'messagesPerSecond', perCpuSecond: 'messagesPerCpuSecond' },
  {
    queues: 100,
    perSecond: 'perSecondOf100',
    perCpuSecond: 'perCpuSecondOf100',
    kept: 'keptOf100',
  },
  {
    queues: 1000,
    perSecond: 'perSecondOf1000',
    perCpuSecond: 'perCpuSecondOf1000',
    kept: 'keptOf1000',
  },
];

const bodySizes: readonly number[] = [16, 1024];

/** Returns figures about possible errors of the measurement, over all runs. */
function doubts(reports: readonly FlowReport[]): Figures {
  const sum = (of: (report: FlowReport) => number) =>
    reports.reduce((total, report) => total + of(report), 0);
  const others = reports.map(
    ({ machine_busy_s: busy, self_cpu_s: own, server_cpu_s: server }) => busy - own - server,
  );
  return {
    otherCpuSeconds: Math.max(0, ...others),
    gaps: sum((report) => report.gaps),
    redelivered: sum((report) => report.redelivered),
    refused: sum((report) => report.nacked),
    rssMaxKiB: Math.max(...reports.map((report) => report.rss_max_kb)),
  };
}

/** Runs the same flow over one, a hundred and a thousand queues in succession. */
async function measure(session: Session, peer: Peer, bodyBytes: number, name: string) {
  const figures: Figures = {};
  const reports: FlowReport[] = [];
  for (const { queues, perSecond, perCpuSecond, kept } of counts) {
    const spread = ['--spread', '--queues', String(queues), '--qname', `${name}-${queues}`];
    const time = ['--warmup', '2', '--duration', String(session.options.seconds), '--delete'];
    const args = [...storedFlow, ...spread, '--size', String(bodyBytes), ...time];
    await brokersAtRest(session);
    const report = await session.load.run(peer.endpoint('tls'), peer.pids(), args);
    reports.push(report);
    figures[perSecond] = report.cons_s;
    figures[perCpuSecond] = report.msgs_per_cpu_s;
    const [one] = reports;
    if (kept && one) figures[kept] = report.msgs_per_cpu_s / one.msgs_per_cpu_s;
  }
  return { ...figures, ...doubts(reports) };
}

/** S4 over many queues in turn, with one publishing and one consuming connection. */
export async function measureQueues(session: Session): Promise<void> {
  const { options, record } = session;
  for (const bodyBytes of bodySizes.filter((size) => options.sizes.includes(size))) {
    for (let round = 1; round <= options.rounds; round++) {
      for (const peer of plainFolderPeers(session)) {
        const figures = await measure(session, peer, bodyBytes, `queues-${bodyBytes}-${round}`);
        record({ scenario: 'queues', peer: peer.name, bodyBytes, round, figures });
      }
    }
  }
}
