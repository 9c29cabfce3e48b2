// Plays the faults of one cluster, in a network namespace of its own. It prints lines of JSON for the
// program that started it, and ends with its input. Arguments: seed, faults, clusters, its number, and the
// numbers of the faults that were played before.

import { setTimeout as delay } from 'node:timers/promises';
import { until } from '../../support/processes.ts';
import { FaultClients } from './clients.ts';
import { FaultedCluster } from './faulted-cluster.ts';
import { type JournalLine, tenth } from './journal.ts';
import { type PlannedFault, plan } from './kinds.ts';
import { FaultLedger } from './ledger.ts';

/** Milliseconds in which every publisher gets a confirm after a cluster has recovered. */
const confirmMs = 120_000;
/** Milliseconds in which all that was confirmed is received. */
const receiveMs = 120_000;
/** Load between two faults, milliseconds. */
const loadMs = 500;

/** Interval of looks at the clock, and what counts as a stand-still of the machine; milliseconds. */
const tickMs = 500;
const stillMs = 2500;

const [seed = 0, count = 0, clusters = 1, own = 1, ...played] = process.argv.slice(2).map(Number);
const faults = plan(seed, count, clusters).filter(
  ({ cluster, number }) => cluster === own && !played.includes(number),
);
const cluster = new FaultedCluster();
const ledger = new FaultLedger();
let isEnding = false;
process.stdin.resume().once('end', () => {
  isEnding = true;
});

let stoodStillMs = 0;
let tickedMs = performance.now();
setInterval(() => {
  const nowMs = performance.now();
  if (nowMs - tickedMs > stillMs) stoodStillMs += nowMs - tickedMs - tickMs;
  tickedMs = nowMs;
}, tickMs).unref();

/** What has been told. */
let counted = { confirmed: [0], received: 0, receivedAgain: 0, stalls: 0, stoodStillMs: 0 };

process.exitCode = await run();
process.exit();

/** Plays all faults. Returns the exit code. */
async function run(): Promise<number> {
  let clients: FaultClients | undefined;
  try {
    await cluster.start();
    const { ca, environment } = cluster.waxwing;
    const caFile = environment['WAXWING_CA_FILE'] ?? '';
    clients = new FaultClients({ url: await cluster.url(), ca, caFile }, ledger);
    await clients.start();
    await confirms(clients);
    counted = figures(clients);
    for (const fault of faults) {
      if (isEnding) break;
      await delay(loadMs);
      await play(fault, clients);
    }
    tell({ type: 'end', cluster: own, lost: await unreceived() });
    return 0;
  } catch (error) {
    const state = await cluster.state().catch(String);
    const missing = ledger.snapshot()();
    const text = `${String(error)}; not received: ${missing.join(', ') || 'nothing'}`;
    tell({ type: 'finding', cluster: own, text });
    console.error(`cluster ${own}: ${text}\n${state}`);
    return 1;
  } finally {
    await clients?.stop();
    await cluster.remove();
  }
}

/**
 * Plays one fault while publishers with confirms and a consumer work. After it, the cluster must be
 * complete, every publisher must get confirms, and everything that was confirmed must have been received.
 */
async function play({ number, kind, node }: PlannedFault, clients: FaultClients): Promise<void> {
  const before = counted;
  const times = [performance.now()];
  const step = async <T>(what: Promise<T>) => {
    const done = await what;
    times.push(performance.now());
    return done;
  };
  console.error(`cluster ${own}: fault ${number}, ${kind.name}, node ${node}`);
  await step(kind.do(cluster, node));
  await step(cluster.recovered());
  await step(confirms(clients));
  const late = await step(unreceived());
  const after = figures(clients);
  counted = after;
  tell({
    type: 'fault',
    number,
    kind: kind.name,
    cluster: own,
    node,
    seconds: times.slice(1).map((ms, at) => tenth((ms - (times[at] ?? ms)) / 1000)),
    stoodStill: tenth((after.stoodStillMs - before.stoodStillMs) / 1000),
    confirmed: Object.fromEntries(
      clients.prefixes.map((name, at) => [
        name,
        (after.confirmed[at] ?? 0) - (before.confirmed[at] ?? 0),
      ]),
    ),
    received: after.received - before.received,
    receivedAgain: after.receivedAgain - before.receivedAgain,
    stalls: after.stalls - before.stalls,
    late,
    problems: clients.problems.splice(0),
  });
}

function figures(clients: FaultClients) {
  return {
    confirmed: clients.prefixes.map((prefix) => ledger.confirmedOf(prefix)),
    received: ledger.receivedCount,
    receivedAgain: ledger.againCount,
    stalls: clients.stallCount,
    stoodStillMs,
  };
}

/** Waits until each publisher gets another confirm. */
async function confirms(clients: FaultClients): Promise<void> {
  const before = clients.prefixes.map((prefix) => [prefix, ledger.confirmedOf(prefix)] as const);
  const stuck = () => before.filter(([prefix, known]) => ledger.confirmedOf(prefix) <= known);
  await until(
    () => `confirms for ${stuck().map(([prefix]) => prefix)}`,
    () => stuck().length === 0,
    confirmMs,
  );
}

/** The messages that are confirmed by now and are not received in time. */
async function unreceived(): Promise<string[]> {
  const left = ledger.snapshot();
  await until('all messages', () => left().length === 0, receiveMs).catch(() => {});
  return left();
}

function tell(line: JournalLine): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
