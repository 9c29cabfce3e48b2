// A run of faults of a cluster under load.

import { execFileSync } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { until } from '../../support/processes.ts';
import { SeededRandom } from '../../support/seeded-random.ts';
import { FaultClients } from './clients.ts';
import { FaultedCluster } from './faulted-cluster.ts';
import { FaultLedger } from './ledger.ts';

/** Milliseconds in which every publisher gets a confirm after a cluster has recovered. */
const confirmMs = 120_000;
/** Milliseconds in which all that was confirmed is received. */
const receiveMs = 120_000;
/** Load before each fault, milliseconds at most. */
const loadMsMax = 1000;

interface Fault {
  readonly kind: string;
  /** How many times of a hundred. */
  readonly weight: number;
  readonly do: (cluster: FaultedCluster, node: number, run: number) => Promise<void>;
}

/** The faults, and how often each is played. */
const faults: readonly Fault[] = [
  { kind: 'node killed', weight: 30, do: (cluster, node) => cluster.killNodes([node]) },
  { kind: 'volume of a node killed', weight: 18, do: (cluster, node) => cluster.killVolume(node) },
  {
    kind: 'network partition, 4 s',
    weight: 16,
    do: (cluster, node) => cluster.partition(node, 4000),
  },
  {
    kind: 'network partition, 30 s',
    weight: 3,
    do: (cluster, node) => cluster.partition(node, 30_000),
  },
  { kind: 'node stopped, 3 s', weight: 9, do: (cluster, node) => cluster.freezeNode(node, 3000) },
  {
    kind: 'node stopped, 30 s',
    weight: 2,
    do: (cluster, node) => cluster.freezeNode(node, 30_000),
  },
  {
    kind: 'volume of a node stopped, 3 s',
    weight: 6,
    do: (cluster, node) => cluster.freezeVolume(node, 3000),
  },
  {
    kind: 'volume of a node slow, 4 s',
    weight: 6,
    do: (cluster, node) => cluster.slowVolume(node, 4000),
  },
  { kind: 'disk of a node full, 4 s', weight: 2, do: (cluster) => cluster.fillDisk(4000) },
  {
    kind: 'clock of a node 2 h ahead, and right again',
    weight: 2,
    do: async (cluster) => {
      await cluster.skewClock(true);
      await cluster.recovered();
      await delay(1000);
      await cluster.skewClock(false);
    },
  },
  {
    kind: 'two nodes killed at once',
    weight: 3,
    do: (cluster, node) => cluster.killNodes([node, (node % 3) + 1]),
  },
  { kind: 'key disabled and enabled', weight: 3, do: (cluster) => cluster.disableKey() },
  { kind: 'service killed', weight: 2, do: (cluster) => cluster.killService() },
];

/** What could not be played, and why. */
const skipped = {
  'disk slowed by the kernel':
    'the kernel has no device mapper (dm-delay), and cgroup v1 does not throttle buffered writes; the process that serves a volume is stopped for four fifths of the time instead',
  'clock behind': 'certificates of nodes would not be valid yet; they are for an hour before',
};

/** The line that plays the same faults again. */
export function replayOf(seed: number, count: number): string {
  return `npm run cluster-faults -- --seed ${seed} --faults ${count}`;
}

/** The result of a run. */
export interface FaultReport {
  readonly seed: number;
  readonly faults: number;
  readonly rabbitMq: string;
  readonly clients: Readonly<Record<string, string>>;
  readonly byKind: Readonly<Record<string, { count: number; seconds: number; secondsMax: number }>>;
  readonly messages: {
    readonly confirmed: number;
    readonly byClient: Readonly<Record<string, number>>;
    readonly received: number;
    readonly receivedAgain: number;
    /** Times that the consumer got nothing for 20 s while publishers got confirms, and connected again. */
    readonly stalls: number;
  };
  /** Received more than two minutes after the cluster was complete. */
  readonly late: readonly string[];
  readonly lost: readonly string[];
  readonly otherFindings: readonly string[];
  readonly skipped: Readonly<Record<string, string>>;
  readonly durationSeconds: number;
}

/**
 * Plays faults, one after the other, while publishers with confirms and a consumer work. After each one,
 * the cluster must be complete, every publisher must get confirms, and everything that was confirmed must
 * have been received.
 *
 * @param maxMs when no further one begins
 * @param progress called after each
 */
export async function playFaults(
  seed: number,
  count: number,
  maxMs: number,
  progress: (text: string) => void = () => {},
): Promise<FaultReport> {
  const cluster = new FaultedCluster();
  const ledger = new FaultLedger();
  const random = new SeededRandom(seed);
  const order = orderOf(count, random);
  const byKind: Record<string, { count: number; seconds: number; secondsMax: number }> = {};
  const findings: string[] = [];
  const late: string[] = [];
  const lost: string[] = [];
  const beganMs = performance.now();
  let clients: FaultClients | undefined;
  try {
    await cluster.start();
    const { ca, environment } = cluster.waxwing;
    const caFile = environment['WAXWING_CA_FILE'] ?? '';
    clients = new FaultClients({ url: await cluster.url(), ca, caFile }, ledger);
    await clients.start();
    await confirms(clients, ledger);
    for (const [run, fault] of order.entries()) {
      if (performance.now() - beganMs > maxMs) break;
      await delay(random.below(loadMsMax));
      const faultedMs = performance.now();
      await fault.do(cluster, 1 + random.below(3), run);
      await cluster.recovered();
      await confirms(clients, ledger);
      const missing = await unreceived(ledger);
      late.push(...missing.map((id) => `${id}, after fault ${run + 1}: ${fault.kind}`));
      findings.push(...clients.problems.splice(0));
      const seconds = Math.round((performance.now() - faultedMs) / 100) / 10;
      const row = byKind[fault.kind] ?? { count: 0, seconds: 0, secondsMax: 0 };
      byKind[fault.kind] = row;
      row.count++;
      row.seconds = Math.round((row.seconds + seconds) * 10) / 10;
      row.secondsMax = Math.max(row.secondsMax, seconds);
      const numbers = `${ledger.confirmedCount} confirmed, ${ledger.receivedCount} received`;
      progress(`${run + 1}: ${fault.kind}: ${seconds} s, ${numbers}, ${late.length} late`);
    }
    lost.push(...(await unreceived(ledger)));
  } catch (error) {
    findings.push(String(error));
    progress(`${String(error)}\n${await cluster.state().catch(String)}`);
  } finally {
    await clients?.stop();
    await cluster.remove();
  }
  const prefixes = clients?.prefixes ?? [];
  return {
    seed,
    faults: Object.values(byKind).reduce((sum, row) => sum + row.count, 0),
    rabbitMq: cluster.version,
    clients: versions(),
    byKind,
    messages: {
      confirmed: ledger.confirmedCount,
      byClient: Object.fromEntries(prefixes.map((name) => [name, ledger.confirmedOf(name)])),
      received: ledger.receivedCount,
      receivedAgain: ledger.againCount,
      stalls: clients?.stallCount ?? 0,
    },
    late,
    lost,
    otherFindings: findings,
    skipped,
    durationSeconds: Math.round((performance.now() - beganMs) / 1000),
  };
}

/** Each kind as often as its weight says, at least once if there is room, in a random order. */
function orderOf(count: number, random: SeededRandom): Fault[] {
  const total = faults.reduce((sum, { weight }) => sum + weight, 0);
  const wanted = faults.flatMap((fault) =>
    Array.from({ length: Math.max(1, Math.round((fault.weight * count) / total)) }, () => fault),
  );
  const [first] = faults;
  while (first !== undefined && wanted.length < count) wanted.push(first);
  for (let at = wanted.length - 1; at > 0; at--) {
    const other = random.below(at + 1);
    const [one, two] = [wanted[at], wanted[other]];
    if (one !== undefined && two !== undefined) [wanted[at], wanted[other]] = [two, one];
  }
  return wanted.slice(0, count);
}

/** Waits until each publisher gets another confirm. */
async function confirms(clients: FaultClients, ledger: FaultLedger): Promise<void> {
  const before = clients.prefixes.map((prefix) => [prefix, ledger.confirmedOf(prefix)] as const);
  const stuck = () => before.filter(([prefix, count]) => ledger.confirmedOf(prefix) <= count);
  await until(
    () => `confirms for ${stuck().map(([prefix]) => prefix)}`,
    () => stuck().length === 0,
    confirmMs,
  );
}

/** The messages that are confirmed by now and are not received in time. */
async function unreceived(ledger: FaultLedger): Promise<string[]> {
  const left = ledger.snapshot();
  await until('all messages', () => left().length === 0, receiveMs).catch(() => {});
  return left();
}

function versions(): Record<string, string> {
  const query = ['--show', '--showformat=${Version}'];
  const debian = (name: string) =>
    execFileSync('dpkg-query', [...query, name], { encoding: 'utf8' });
  return { pika: debian('python3-pika'), java: debian('librabbitmq-client-java') };
}
