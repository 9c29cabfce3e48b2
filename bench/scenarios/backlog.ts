// S6 and S8: a backlog and a restart.

import { setTimeout as pause } from 'node:timers/promises';
import type { FlowReport } from '../load.ts';
import type { Peer, Transport } from '../peers/peer.ts';
import { startTimeoutSeconds } from '../peers/peer.ts';
import { diskBytes, rssKiB, sharedMemory } from '../processes.ts';
import type { Figures } from '../results.ts';
import { plainFolderPeers, type Session } from '../session.ts';

const bodyBytes = 1024;
const queue = ['--qname', 'backlog', '--size', String(bodyBytes)];
const publish = ['--consumers', '0', '--persistent', '--durable', '--confirm', '1000'];
const reader = ['--producers', '0', '--no-declare'];
const consume = [...reader, '--prefetch', '1000', '--ack-batch', '100'];
/** Receives one message and does not acknowledge it. */
const peek = [...reader, '--prefetch', '1', '--ack-batch', '2', '--first'];
const settleMs = 5000;

/** Number of messages that remain for the restart. */
const leftForRestart = 1_000_000;

/**
 * Returns the rate of the last quarter divided by that of the first, from the counts per half
 * second; 1 if the run was too short.
 */
export function rateKept(progress: FlowReport['progress']): number {
  const counts = (progress ?? []).map(([, confirmed]) => confirmed);
  const quarter = Math.floor((counts.length - 1) / 4);
  if (quarter < 1) return 1;
  const between = (from: number, to: number) => (counts[to] ?? 0) - (counts[from] ?? 0);
  const last = counts.length - 1;
  return between(last - quarter, last) / between(0, quarter);
}

async function fill(session: Session, peer: Peer, transport: Transport): Promise<Figures> {
  const count = session.options.backlog;
  const before = diskBytes(peer.dataFolder);
  const args = [...queue, ...publish, '--count', String(count), '--progress'];
  const report = await session.load.run(peer.endpoint(transport), peer.pids(), args);
  await pause(settleMs);
  const { pssKiB, onceKiB } = sharedMemory(peer.pids());
  return {
    backlogMessages: count,
    publishedPerSecond: report.pub_s,
    publishedPerCpuSecond: report.msgs_per_cpu_s,
    publishRateKept: rateKept(report.progress),
    publishRssMaxKiB: report.rss_max_kb,
    backlogRssKiB: rssKiB(peer.pids()),
    backlogPssKiB: pssKiB,
    backlogOnceKiB: onceKiB,
    diskPerBody: (diskBytes(peer.dataFolder) - before) / (count * bodyBytes),
  };
}

async function drain(session: Session, peer: Peer, transport: Transport, count: number) {
  const args = [...queue, ...consume, '--count', String(count)];
  const report = await session.load.run(peer.endpoint(transport), peer.pids(), args);
  return {
    drainedPerSecond: report.cons_s,
    drainedPerCpuSecond: report.msgs_per_cpu_s,
  };
}

async function restart(session: Session, peer: Peer, transport: Transport): Promise<Figures> {
  await peer.stop();
  const launchedAt = peer.launch();
  const args = [...queue, ...peek, '--wait', String(startTimeoutSeconds)];
  const report = await session.load.run(peer.endpoint(transport), peer.pids(), args);
  return { restartMs: report.first_at_ns / 1e6 - Number(launchedAt) / 1e6 };
}

async function measure(session: Session, peer: Peer): Promise<Figures> {
  const transport = peer.name === 'waxwing' ? 'tls' : 'plain';
  const { backlog } = session.options;
  await peer.stop();
  await peer.reset();
  peer.launch();
  await peer.ready();
  const filled = await fill(session, peer, transport);
  const left = Math.min(leftForRestart, Math.ceil(backlog / 2));
  const drained = await drain(session, peer, transport, backlog - left);
  const restarted = await restart(session, peer, transport);
  await drain(session, peer, transport, left);
  await pause(settleMs);
  const diskAfterDrainMiB = diskBytes(peer.dataFolder) / 2 ** 20;
  return { ...filled, ...drained, ...restarted, diskAfterDrainMiB };
}

/** S6 and S8: builds a backlog, drains a part of it, restarts the broker, and drains the rest. */
export async function measureBacklog(session: Session): Promise<void> {
  for (const peer of plainFolderPeers(session)) {
    const figures = await measure(session, peer);
    session.record({ scenario: 'S6', peer: peer.name, bodyBytes, round: 1, figures });
  }
}
