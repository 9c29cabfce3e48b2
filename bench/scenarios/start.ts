// Start and creation times.

import { setTimeout as pause } from 'node:timers/promises';
import { createBroker, mqClient } from '../peers/mq-client.ts';
import type { Peer } from '../peers/peer.ts';
import { cpuSeconds, rssKiB } from '../processes.ts';
import type { Figures } from '../results.ts';
import { plainFolderPeers, type Session } from '../session.ts';

const settleMs = 3000;

async function startMs(peer: Peer): Promise<number> {
  const launchedAt = peer.launch();
  return Number((await peer.ready()) - launchedAt) / 1e6;
}

async function measureStart(peer: Peer): Promise<Figures> {
  await peer.stop();
  await peer.reset();
  const freshStartMs = await startMs(peer);
  await pause(settleMs);
  const pids = peer.pids();
  // The second process of Waxwing is the broker. In RabbitMQ, all processes are.
  const broker = peer.name === 'waxwing' ? pids.slice(1) : pids;
  const memory = { idleRssKiB: rssKiB(pids), idleBrokerRssKiB: rssKiB(broker) };
  await peer.stop();
  const existing = await startMs(peer);
  const startCpuSeconds = cpuSeconds(peer.pids());
  return { freshStartMs, startMs: existing, startCpuSeconds, ...memory };
}

/**
 * Measures the time from the start of the processes to the first greeting over TLS, and the memory
 * at rest.
 */
export async function measureStarts(session: Session): Promise<void> {
  for (let round = 1; round <= session.options.rounds; round++) {
    for (const peer of plainFolderPeers(session)) {
      const figures = await measureStart(peer);
      session.record({ scenario: 'start', peer: peer.name, bodyBytes: 0, round, figures });
    }
  }
}

/** Measures the time from CreateBroker to RUNNING from the view of an AWS client. */
export async function measureCreation(session: Session): Promise<void> {
  if (session.waxwing === undefined) return;
  const mq = mqClient(await session.waxwing.serviceEnvironment());
  const user = { Username: 'bench', Password: `bench-${process.pid}-password` };
  for (let round = 1; round <= session.options.rounds; round++) {
    const startedAt = performance.now();
    await createBroker(mq, 'RABBITMQ', `bench-${round}`, user);
    const figures = { createMs: performance.now() - startedAt };
    session.record({ scenario: 'create', peer: 'waxwing', bodyBytes: 0, round, figures });
  }
}
