import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import { until } from '../support/processes.ts';
import { isLong, writeProof } from '../support/proof.ts';
import { activeMqInputs } from './activemq-inputs.ts';
import { administrationInputs } from './administration-inputs.ts';
import { consoleInputs } from './console-inputs.ts';
import { inputs } from './inputs.ts';
import { MeteredProcess } from './metered-process.ts';
import { mqttInputs } from './rabbitmq-mqtt-inputs.ts';
import { stompInputs } from './rabbitmq-stomp-inputs.ts';

// Inputs of one client with much work, and the longest turns of the broker's event loop. A short
// run checks the results only; the long one measures times.

type Measured = Awaited<ReturnType<MeteredProcess['end']>>;

/** The goal for the longest turn, milliseconds, and the most runs of an input that does not reach it. */
const goalMs = 20;
const runsMax = 3;

interface Figure {
  readonly what: string;
  readonly count: number;
  /** The longest turn of the run in which it was shortest. */
  readonly longestMs: number;
  /** The longest turns of all runs, shortest first. */
  readonly runsMs: readonly number[];
  readonly longestCollectionMs: number;
  readonly residentMib: number;
}

const figures: Figure[] = [];
const rounded = (ms: number) => Math.round(ms * 10) / 10;

/** The process of short runs, whose broker is renewed: starting one takes a second. */
let shared: MeteredProcess | undefined;

async function nextBroker(): Promise<MeteredProcess> {
  if (isLong || shared === undefined) {
    const started = await MeteredProcess.start('rabbitmq');
    if (!isLong) shared = started;
    return started;
  }
  await shared.renew();
  return shared;
}

after(async () => {
  await shared?.stop();
  if (isLong) writeProof('stalls', { unit: 'processor milliseconds of the longest turn', figures });
});

/**
 * Measures an input in the short run once. In the long run, it is repeated with new processes while a turn
 * takes longer than the goal: what the program does takes as long in each of them, but the machine
 * below, which counts as processor time too, also delays single turns.
 */
async function measure(
  t: TestContext,
  input: Pick<Figure, 'what' | 'count'>,
  once: () => Promise<Measured>,
): Promise<void> {
  const runs: Measured[] = [];
  do runs.push(await once());
  while (isLong && runs.length < runsMax && (runs.at(-1)?.longestMs ?? 0) > goalMs);
  runs.sort((one, other) => one.longestMs - other.longestMs);
  const [least] = runs;
  assert.ok(least !== undefined && least.longestMs > 0);
  const { residentMib } = least;
  const longestMs = rounded(least.longestMs);
  const longestCollectionMs = rounded(least.longestCollectionMs);
  const runsMs = runs.map((run) => rounded(run.longestMs));
  figures.push({ ...input, longestMs, runsMs, longestCollectionMs, residentMib });
  const turns = `the longest turn took ${runsMs.join(', ')} ms`;
  t.diagnostic(`${input.count}: ${turns}, the longest collection ${longestCollectionMs} ms`);
}

/** Measures the turns of a broker while something is done. */
async function turnsOf(broker: MeteredProcess, act: () => Promise<void>): Promise<Measured> {
  // What a broker loads a second after its start is loaded then. Other results do not need it.
  if (isLong) await until('it measures', async () => (await broker.scrape()) > 0);
  broker.begin();
  await act();
  return broker.end();
}

// Those of administrators check nothing that other tests do not, so short runs leave them out.
const allInputs = isLong ? [...inputs, ...administrationInputs] : inputs;

for (const { what, counts, prepare } of allInputs) {
  const count = counts[isLong ? 0 : 1];
  test(`no client is blocked while ${what}`, (t) =>
    measure(t, { what, count }, async () => {
      const broker = await nextBroker();
      try {
        const act = await prepare({ broker, client: await broker.connect(), count });
        const measured = await turnsOf(broker, act);
        // Whoever else is there is served.
        await (await broker.connect()).caughtUp();
        return measured;
      } finally {
        if (isLong) await broker.stop();
      }
    }));
}

for (const { what, counts, prepare } of [...stompInputs, ...mqttInputs]) {
  const count = counts[isLong ? 0 : 1];
  test(`no client is blocked while ${what}`, (t) =>
    measure(t, { what, count }, async () => {
      const broker = await nextBroker();
      try {
        const measured = await turnsOf(broker, await prepare(broker, count));
        await (await broker.connect()).caughtUp();
        return measured;
      } finally {
        if (isLong) await broker.stop();
      }
    }));
}

// Those of ActiveMQ's type check nothing that other tests do not, so short runs leave them out.
for (const { what, count, prepare } of isLong ? [...activeMqInputs, ...consoleInputs] : []) {
  test(`no client is blocked while ${what}`, (t) =>
    measure(t, { what, count }, async () => {
      const broker = await MeteredProcess.start('activemq');
      try {
        const measured = await turnsOf(broker, await prepare(broker, count));
        await (await broker.openwire('ID:other')).caughtUp();
        return measured;
      } finally {
        await broker.stop();
      }
    }));
}
