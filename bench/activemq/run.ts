// Runs the benchmarks of brokers of ActiveMQ's type.

import { describeRun } from '../columns.ts';
import { writeResults } from '../document.ts';
import type { LoadGenerator } from '../load.ts';
import { describeMachine } from '../machine.ts';
import type { PeerSettings } from '../peers/peer.ts';
import { withRunFolder } from '../run-folder.ts';
import { type Options, readOptions } from './options.ts';
import { ActiveMq } from './peers/activemq.ts';
import { Mosquitto } from './peers/mosquitto.ts';
import type { ProtocolName, ProtocolPeer } from './peers/peer.ts';
import { RabbitMq } from './peers/rabbitmq.ts';
import { WaxwingActiveMq } from './peers/waxwing.ts';
import { WaxwingRabbitMq } from './peers/waxwing-rabbitmq.ts';
import type { Measurement, PeerName, Results, ScenarioName } from './results.ts';
import { measureFlows } from './scenarios/flows.ts';
import { measureCreation, measureIdle, measureRest } from './scenarios/memory.ts';
import { isMeasured, programs, protocolOf, type Session } from './session.ts';
import { report } from './tables.ts';

const command = 'npm run bench:activemq';

type Create = (settings: PeerSettings, load: LoadGenerator) => Promise<ProtocolPeer>;

const creators: Readonly<Record<PeerName, Create>> = {
  waxwing: WaxwingActiveMq.create,
  activemq: ActiveMq.create,
  mosquitto: Mosquitto.create,
  'waxwing-rabbitmq': WaxwingRabbitMq.create,
  rabbitmq4: RabbitMq.create,
};

/** Returns the protocols of scenarios. */
function protocolsOf(scenarios: readonly ScenarioName[]): ProtocolName[] {
  const found = scenarios.map(protocolOf).filter((protocol) => protocol !== undefined);
  return [...new Set(found)];
}

/** Starts all brokers. A broker that cannot run here is omitted, except Waxwing. */
async function startPeers(
  options: Options,
  settings: PeerSettings,
  load: LoadGenerator,
  leaveOut: Session['leaveOut'],
): Promise<ProtocolPeer[]> {
  const peers: ProtocolPeer[] = [];
  const needed = options.peers.filter((name) =>
    options.only.some((scenario) => isMeasured(name, scenario)),
  );
  for (const name of needed) {
    try {
      const peer = await creators[name](settings, load);
      await peer.start();
      peers.push(peer);
      console.error(`${name}: ${peer.version}`);
    } catch (error) {
      if (name === 'waxwing') throw error;
      leaveOut(name, error);
    }
  }
  return peers;
}

async function measure(options: Options, load: LoadGenerator, runFolder: string): Promise<Results> {
  const { cacheFolder, node, rounds, seconds, only } = options;
  const leftOut = new Set<string>();
  const measurements: Measurement[] = [];
  const machine = describeMachine(runFolder, node);
  const startedAt = new Date().toISOString();
  const leaveOut = (what: string, error: unknown) => {
    const line = `${what}, because ${error instanceof Error ? error.message : String(error)}`;
    if (!leftOut.has(line)) console.error(`left out: ${line}`);
    leftOut.add(line);
  };
  const peers = await startPeers(options, { cacheFolder, runFolder, node }, load, leaveOut);
  const versions = Object.fromEntries(peers.map(({ name, version }) => [name, version]));
  const record = (measurement: Measurement) => {
    measurements.push(measurement);
    console.error(describeRun(measurement));
  };
  const session: Session = { options, load, peers, record, leaveOut };
  await measureFlows(session);
  await measureIdle(session);
  if (only.includes('rest')) await measureRest(session);
  // Creating brokers is last, because the brokers remain.
  if (only.includes('create')) await measureCreation(session);
  for (const peer of peers) await peer.stop();
  return { startedAt, machine, rounds, seconds, versions, leftOut: [...leftOut], measurements };
}

const options = readOptions(process.argv);
const generators = protocolsOf(options.only).map((protocol) => programs[protocol]);
await withRunFolder(
  options.cacheFolder,
  [...generators, 'amqp091_load'],
  async (load, runFolder) => {
    const results = await measure(options, load, runFolder);
    writeResults(results, report(results), options, command);
  },
);
