// Memory of idle connections, memory at rest, and the creation of brokers.

import { setTimeout as pause } from 'node:timers/promises';
import { awaitExit } from '../../processes.ts';
import type { Figures } from '../../results.ts';
import type { ProtocolName, ProtocolPeer } from '../peers/peer.ts';
import { WaxwingActiveMq } from '../peers/waxwing.ts';
import type { Measurement, ScenarioName } from '../results.ts';
import { peersOf, programs, type Session } from '../session.ts';

const settleMs = 3000;

const idle: readonly (readonly [ScenarioName, ProtocolName])[] = [
  ['idle-openwire', 'openwire'],
  ['idle-stomp', 'stomp'],
  ['idle-mqtt', 'mqtt'],
];

/** A broker keeps memory of earlier connections, so that it is started again first. */
async function restart(peer: ProtocolPeer): Promise<void> {
  await peer.stop();
  await peer.start();
  await pause(settleMs);
}

async function idleConnectionKiB(
  { load, options }: Session,
  peer: ProtocolPeer,
  protocol: ProtocolName,
): Promise<number> {
  await restart(peer);
  const endpoint = peer.endpoint(protocol);
  if (endpoint === undefined) throw new Error('the broker has no endpoint for it');
  // The first connections load code that all of them share.
  const before = await load.openIdle(programs[protocol], endpoint, 10);
  await pause(settleMs);
  const base = await peer.memoryKiB();
  const child = await load.openIdle(programs[protocol], endpoint, options.connections);
  await pause(settleMs);
  const grown = (await peer.memoryKiB()) - base;
  for (const one of [child, before]) {
    one.kill('SIGKILL');
    await awaitExit(one, 1000);
  }
  return grown / options.connections;
}

/** Records a figure, or the reason why it cannot be measured. */
async function attempt(
  session: Session,
  run: Pick<Measurement, 'scenario' | 'peer' | 'round'>,
  measure: () => Promise<Figures>,
): Promise<void> {
  try {
    session.record({ ...run, bodyBytes: 0, figures: await measure() });
  } catch (error) {
    session.leaveOut(`${run.scenario} of ${run.peer}`, error);
  }
}

/** Measures the memory of one of many idle connections over TLS. */
export async function measureIdle(session: Session): Promise<void> {
  const { options } = session;
  for (const [scenario, protocol] of idle) {
    if (!options.only.includes(scenario)) continue;
    const peers = peersOf(session, scenario, protocol);
    for (let round = 1; round <= options.rounds; round++) {
      for (const peer of peers)
        await attempt(session, { scenario, peer: peer.name, round }, async () => ({
          idleConnectionKiB: await idleConnectionKiB(session, peer, protocol),
        }));
    }
  }
}

/** Measures the memory of a broker that has just been started and has no connection. */
export async function measureRest(session: Session): Promise<void> {
  for (let round = 1; round <= session.options.rounds; round++) {
    for (const peer of session.peers)
      await attempt(session, { scenario: 'rest', peer: peer.name, round }, async () => {
        await restart(peer);
        return { idleBrokerRssKiB: peer.brokerKiB() };
      });
  }
}

/** Measures the time from CreateBroker to RUNNING from the view of an AWS client. */
export async function measureCreation(session: Session): Promise<void> {
  const waxwing = session.peers.find((peer) => peer instanceof WaxwingActiveMq);
  if (waxwing === undefined) return;
  for (let round = 1; round <= session.options.rounds; round++)
    await attempt(session, { scenario: 'create', peer: 'waxwing', round }, async () => {
      const startedAt = performance.now();
      await waxwing.createBroker(`bench-${round}`);
      return { createMs: performance.now() - startedAt };
    });
}
