// S9 and idle connections.

import type { IdleReport, OpeningReport } from '../load.ts';
import { plainFolderPeers, type Session } from '../session.ts';

/** S9: opens and closes connections over TLS with full handshakes, four at a time. */
export async function measureOpening(session: Session): Promise<void> {
  const { load, options, record } = session;
  const args = ['--churn', '--churn-threads', '4', '--duration', String(options.seconds)];
  for (let round = 1; round <= options.rounds; round++) {
    for (const peer of plainFolderPeers(session)) {
      const report = await load.run<OpeningReport>(peer.endpoint('tls'), peer.pids(), args);
      const figures = {
        connectionsPerSecond: report.churn_per_s,
        connectionsPerCpuSecond: report.conns_per_cpu_s,
      };
      record({ scenario: 'S9', peer: peer.name, bodyBytes: 0, round, figures });
    }
  }
}

/** Measures the memory of one of a thousand idle TLS connections with a channel. */
export async function measureIdle(session: Session): Promise<void> {
  const { load, options, record } = session;
  for (let round = 1; round <= options.rounds; round++) {
    for (const peer of plainFolderPeers(session)) {
      // A broker keeps memory of earlier connections and of recovery.
      await peer.stop();
      await peer.reset();
      peer.launch();
      await peer.ready();
      const args = ['--idle', '1000', '--duration', '1'];
      const report = await load.run<IdleReport>(peer.endpoint('tls'), peer.pids(), args);
      const figures = { idleConnectionKiB: report.kb_per_conn };
      record({ scenario: 'idle', peer: peer.name, bodyBytes: 0, round, figures });
    }
  }
}
