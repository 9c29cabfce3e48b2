import type { IdleReport, OpeningReport } from '../load.ts';
import { plainFolderPeers, type Session } from '../session.ts';

/** S9: opening and closing connections over TLS with a full handshake, four at a time. */
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

/** Memory of one of a thousand connections over TLS, each with a channel, that do nothing. */
export async function measureIdle(session: Session): Promise<void> {
  const { load, options, record } = session;
  for (let round = 1; round <= options.rounds; round++) {
    for (const peer of plainFolderPeers(session)) {
      // A broker keeps the memory that earlier connections needed, or recovering what they stored.
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
