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

interface Figure {
  readonly what: string;
  readonly count: number;
  readonly longestMs: number;
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

/** Measures the turns of a broker while something is done. */
async function measure(
  t: TestContext,
  broker: MeteredProcess,
  { what, count }: { readonly what: string; readonly count: number },
  act: () => Promise<void>,
): Promise<void> {
  // What a broker loads a second after its start is loaded then. Other results do not need it.
  if (isLong) await until('it measures', async () => (await broker.scrape()) > 0);
  broker.begin();
  await act();
  const measured = await broker.end();
  const longestMs = rounded(measured.longestMs);
  const longestCollectionMs = rounded(measured.longestCollectionMs);
  const { residentMib } = measured;
  figures.push({ what, count, longestMs, longestCollectionMs, residentMib });
  t.diagnostic(
    `${count}: the longest turn took ${longestMs} ms, the longest collection ${longestCollectionMs} ms`,
  );
  assert.ok(longestMs > 0);
}

// Those of administrators check nothing that other tests do not, so short runs leave them out.
const allInputs = isLong ? [...inputs, ...administrationInputs] : inputs;

for (const { what, counts, prepare } of allInputs) {
  test(`no client is blocked while ${what}`, async (t) => {
    const broker = await nextBroker();
    try {
      const count = counts[isLong ? 0 : 1];
      const act = await prepare({ broker, client: await broker.connect(), count });
      await measure(t, broker, { what, count }, act);
      // Whoever else is there is served.
      await (await broker.connect()).caughtUp();
    } finally {
      if (isLong) await broker.stop();
    }
  });
}

for (const { what, counts, prepare } of [...stompInputs, ...mqttInputs]) {
  test(`no client is blocked while ${what}`, async (t) => {
    const broker = await nextBroker();
    try {
      const count = counts[isLong ? 0 : 1];
      await measure(t, broker, { what, count }, await prepare(broker, count));
      await (await broker.connect()).caughtUp();
    } finally {
      if (isLong) await broker.stop();
    }
  });
}

// Those of ActiveMQ's type check nothing that other tests do not, so short runs leave them out.
for (const { what, count, prepare } of isLong ? [...activeMqInputs, ...consoleInputs] : []) {
  test(`no client is blocked while ${what}`, async (t) => {
    const broker = await MeteredProcess.start('activemq');
    try {
      await measure(t, broker, { what, count }, await prepare(broker, count));
      await (await broker.openwire('ID:other')).caughtUp();
    } finally {
      await broker.stop();
    }
  });
}
