// Runs the benchmarks.

import { describeRun } from './columns.ts';
import { writeResults } from './document.ts';
import type { LoadGenerator } from './load.ts';
import { describeMachine } from './machine.ts';
import { type Options, readOptions } from './options.ts';
import { lavinMq } from './peers/lavinmq.ts';
import type { Peer, PeerSettings } from './peers/peer.ts';
import { rabbitMq } from './peers/rabbitmq.ts';
import { RootedPeer } from './peers/rooted-peer.ts';
import { Waxwing } from './peers/waxwing.ts';
import type { Measurement, PeerName, Results, ScenarioName } from './results.ts';
import { withRunFolder } from './run-folder.ts';
import { measureBacklog } from './scenarios/backlog.ts';
import { measureIdle, measureOpening } from './scenarios/connections.ts';
import { measureFlows, measureLatency } from './scenarios/messages.ts';
import { measureQueues } from './scenarios/queues.ts';
import { measureCreation, measureStarts } from './scenarios/start.ts';
import type { Session } from './session.ts';
import { report } from './tables.ts';

/** The order of the scenarios. Creating brokers is last, because the brokers remain. */
const scenarios: readonly [readonly ScenarioName[], (session: Session) => Promise<void>][] = [
  [['S1', 'S2', 'S3', 'S4', 'S5', 'stream'], measureFlows],
  [['queues'], measureQueues],
  [['latency'], measureLatency],
  [['S9'], measureOpening],
  [['idle'], measureIdle],
  [['start'], measureStarts],
  [['S6'], measureBacklog],
  [['create'], measureCreation],
];

async function createPeer(
  name: PeerName,
  settings: PeerSettings,
  load: LoadGenerator,
): Promise<Peer> {
  if (name === 'waxwing') return await Waxwing.create(settings, load);
  const { cacheFolder } = settings;
  const codename = name.startsWith('rabbitmq3') ? 'bookworm' : 'trixie';
  const program = name.startsWith('lavinmq')
    ? await lavinMq(cacheFolder)
    : await rabbitMq(name, cacheFolder, codename);
  return await RootedPeer.create(name, program, settings, load);
}

/** Starts all brokers. A broker that cannot run here is omitted, except Waxwing. */
async function startPeers(
  options: Options,
  settings: PeerSettings,
  load: LoadGenerator,
  leftOut: Partial<Record<PeerName, string>>,
): Promise<Peer[]> {
  const peers: Peer[] = [];
  for (const name of options.peers) {
    try {
      const peer = await createPeer(name, settings, load);
      peer.launch();
      await peer.ready();
      peers.push(peer);
      console.error(`${name}: ${peer.version}`);
    } catch (error) {
      if (name === 'waxwing') throw error;
      leftOut[name] = error instanceof Error ? error.message : String(error);
      console.error(`${name} is left out: ${leftOut[name]}`);
    }
  }
  return peers;
}

async function measure(options: Options, load: LoadGenerator, runFolder: string): Promise<Results> {
  const { cacheFolder, node, rounds, seconds, only } = options;
  const leftOut: Partial<Record<PeerName, string>> = {};
  const measurements: Measurement[] = [];
  const machine = describeMachine(runFolder, node);
  const startedAt = new Date().toISOString();
  const peers = await startPeers(options, { cacheFolder, runFolder, node }, load, leftOut);
  const versions = Object.fromEntries(peers.map(({ name, version }) => [name, version]));
  const session: Session = {
    options,
    load,
    peers,
    waxwing: peers.find((peer) => peer instanceof Waxwing),
    runFolder,
    record: (measurement) => {
      measurements.push(measurement);
      console.error(describeRun(measurement));
    },
  };
  for (const [names, run] of scenarios)
    if (names.some((name) => only.includes(name))) await run(session);
  for (const peer of peers) await peer.stop();
  return { startedAt, machine, rounds, seconds, versions, leftOut, measurements };
}

const options = readOptions(process.argv);
await withRunFolder(options.cacheFolder, ['amqp091_load', 'sync_probe'], async (load, folder) => {
  const results = await measure(options, load, folder);
  writeResults(results, report(results), options, 'npm run bench');
});
