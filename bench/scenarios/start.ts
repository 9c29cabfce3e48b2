// Start and creation times.

import { readFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { setTimeout as pause } from 'node:timers/promises';
import { CreateBrokerCommand, DescribeBrokerCommand, MqClient } from '@aws-sdk/client-mq';
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

function client(environment: Readonly<Record<string, string>>): MqClient {
  const ca = readFileSync(environment['WAXWING_CA_FILE'] ?? '');
  return new MqClient({
    requestHandler: { httpsAgent: new Agent({ ca }) },
    endpoint: environment['AWS_ENDPOINT_URL'] ?? '',
    region: environment['AWS_REGION'] ?? '',
    credentials: {
      accessKeyId: environment['AWS_ACCESS_KEY_ID'] ?? '',
      secretAccessKey: environment['AWS_SECRET_ACCESS_KEY'] ?? '',
    },
  });
}

/** Measures the time from CreateBroker to RUNNING from the view of an AWS client. */
export async function measureCreation(session: Session): Promise<void> {
  if (session.waxwing === undefined) return;
  const environment = await session.waxwing.serviceEnvironment();
  const mq = client(environment);
  for (let round = 1; round <= session.options.rounds; round++) {
    const startedAt = performance.now();
    const { BrokerId } = await mq.send(
      new CreateBrokerCommand({
        BrokerName: `bench-${round}`,
        DeploymentMode: 'SINGLE_INSTANCE',
        EngineType: 'RABBITMQ',
        EngineVersion: '3.13',
        HostInstanceType: 'mq.m5.large',
        PubliclyAccessible: true,
        AutoMinorVersionUpgrade: true,
        Users: [{ Username: 'bench', Password: `bench-${process.pid}-password` }],
      }),
    );
    let state = '';
    while (state !== 'RUNNING') {
      if (performance.now() - startedAt > 60_000)
        throw new Error(`a new broker is ${state} after a minute instead of RUNNING`);
      await pause(5);
      state = (await mq.send(new DescribeBrokerCommand({ BrokerId }))).BrokerState ?? '';
    }
    const figures = { createMs: performance.now() - startedAt };
    session.record({ scenario: 'create', peer: 'waxwing', bodyBytes: 0, round, figures });
  }
}
