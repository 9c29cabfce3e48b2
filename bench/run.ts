// Runs the benchmarks.

import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { writeDocument } from './document.ts';
import { LoadGenerator } from './load.ts';
import { describeMachine } from './machine.ts';
import { type Options, readOptions } from './options.ts';
import { ensurePackages } from './peers/debian-packages.ts';
import { lavinMq } from './peers/lavinmq.ts';
import type { Peer, PeerSettings } from './peers/peer.ts';
import { rabbitMq } from './peers/rabbitmq.ts';
import { RootedPeer } from './peers/rooted-peer.ts';
import { Waxwing } from './peers/waxwing.ts';
import { killEverything } from './processes.ts';
import type { Measurement, PeerName, Results, ScenarioName } from './results.ts';
import { measureBacklog } from './scenarios/backlog.ts';
import { measureIdle, measureOpening } from './scenarios/connections.ts';
import { measureFlows, measureLatency } from './scenarios/messages.ts';
import { measureQueues } from './scenarios/queues.ts';
import { measureCreation, measureStarts } from './scenarios/start.ts';
import type { Session } from './session.ts';
import { report, showNumber } from './tables.ts';

/** The order of the scenarios. Creating brokers is last, because the brokers remain. */
const scenarios: readonly [readonly ScenarioName[], (session: Session) => Promise<void>][] = [
  [['S1', 'S2', 'S3', 'S4', 'S5'], measureFlows],
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

function tell({ scenario, peer, bodyBytes, round, figures }: Measurement): void {
  const shown = Object.entries(figures)
    .filter(([, value]) => value !== 0)
    .map(([name, value]) => `${name} ${showNumber(value)}`);
  console.error(`${scenario} ${bodyBytes} B, round ${round}, ${peer}: ${shown.join(', ')}`);
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
      tell(measurement);
    },
  };
  for (const [names, run] of scenarios)
    if (names.some((name) => only.includes(name))) await run(session);
  for (const peer of peers) await peer.stop();
  return { startedAt, machine, rounds, seconds, versions, leftOut, measurements };
}

/** Deletes the files of earlier runs that were killed. Their processes have ended. */
function deleteAbandoned(cacheFolder: string): void {
  for (const name of readdirSync(cacheFolder)) {
    const pid = /^run-(\d+)$/.exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`))
      rmSync(join(cacheFolder, name), { recursive: true, force: true });
  }
}

const options = readOptions(process.argv);
mkdirSync(options.cacheFolder, { recursive: true });
deleteAbandoned(options.cacheFolder);
const runFolder = join(options.cacheFolder, `run-${process.pid}`);
mkdirSync(runFolder);
const folders = [runFolder];

/** Ends all processes and deletes the data, regardless of how the run ended. */
async function cleanUp(): Promise<void> {
  await killEverything();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(signal, () => {
    void cleanUp().then(() => process.exit(1));
  });

try {
  await ensurePackages({
    gcc: 'gcc',
    '/usr/include/openssl/ssl.h': 'libssl-dev',
    setpriv: 'util-linux',
  });
  const load = await LoadGenerator.build();
  folders.push(load.folder);
  const results = await measure(options, load, runFolder);
  mkdirSync(dirname(options.output), { recursive: true });
  writeFileSync(options.output, `${JSON.stringify(results, undefined, 1)}\n`);
  const text = report(results);
  console.log(text);
  console.error(`results: ${options.output}`);
  if (options.write) console.error(`tables: ${writeDocument(text)}`);
} finally {
  await cleanUp();
}
