import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Ledger } from '../crash/ledger.ts';
import { deadLettersOf, declareAll, Load, queues } from '../crash/load.ts';
import { isLong, writeProof } from '../support/proof.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { Waxwing } from '../support/waxwing.ts';

// The mixed load of the kills for a long time, without kills and with short queues.

/** Another length is for trying the test itself. */
const minutes = Number(process.env['WAXWING_SOAK_MINUTES'] ?? 10);
/** Seconds between two looks, and how much the last third may have above the first. */
const lookSeconds = 5;
const growthMax = 0.15;
/** The first look counts when caches are full. */
const warmUpSeconds = 30;

function residentMib(pid: number): number {
  const [, kib] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Math.round(Number(kib) / 102.4) / 10;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/** By how much the median of the last third is above that of the first. */
function growth(values: readonly number[]): number {
  const third = Math.floor(values.length / 3);
  return median(values.slice(-third)) / median(values.slice(0, third)) - 1;
}

/** The permitted memory of a waiting message. */
const bytesPerMessage = 30;

/**
 * Empties the queues that nobody consumes.
 *
 * @returns how many messages wait in the others, whose consumers may be slower than their publishers
 */
async function keepShort(waxwing: Waxwing, ledger: Ledger): Promise<number> {
  const client = await waxwing.connect();
  const channel = await client.model.createChannel();
  for (const queue of ['kept', 'dead', 'copies', 'committed-1', 'committed-2', 'fan-2', 'fan-3']) {
    await channel.purgeQueue(queue);
    ledger.emptied(queue);
  }
  ledger.forgetSettled();
  let waiting = 0;
  for (const queue of queues) waiting += (await channel.checkQueue(queue)).messageCount;
  await client.close();
  return waiting;
}

const skip = !isLong && 'ten minutes are for npm run test:long';
test(`memory stays constant over ${minutes} minutes of mixed load`, { skip }, async (t) => {
  const waxwing = await Waxwing.start();
  try {
    const place = { url: waxwing.amqpUrl, ca: waxwing.ca };
    await declareAll(place);
    const ledger = new Ledger(deadLettersOf);
    const load = new Load(place, ledger, new SeededRandom(1));
    await load.start();
    const [brokerPid = 0] = waxwing.children;
    const samples = {
      brokerMib: [] as number[],
      serviceMib: [] as number[],
      waiting: [] as number[],
    };
    const looks = Math.floor((minutes * 60) / lookSeconds);
    for (let look = 0; look < looks; look++) {
      // A soak is time that passes: there is no condition to wait for.
      await new Promise((resolve) => setTimeout(resolve, lookSeconds * 1000));
      const waiting = await keepShort(waxwing, ledger);
      if (look * lookSeconds < warmUpSeconds) continue;
      samples.brokerMib.push(residentMib(brokerPid));
      samples.serviceMib.push(residentMib(waxwing.pid));
      samples.waiting.push(waiting);
    }
    load.expectEnd();
    const beyondBacklog = samples.brokerMib.map(
      (mib, i) => mib - ((samples.waiting[i] ?? 0) * bytesPerMessage) / (1024 * 1024),
    );
    const found = {
      minutes,
      lookSeconds,
      growthMax,
      // Beyond what the messages that wait may take.
      bytesPerMessage,
      brokerGrowth: growth(beyondBacklog),
      serviceGrowth: growth(samples.serviceMib),
      messages: ledger.counts,
      findings: ledger.findings.slice(0, 10),
      ...samples,
    };
    writeProof('soak', found);
    t.diagnostic(
      JSON.stringify({
        ...found,
        brokerMib: median(samples.brokerMib),
        serviceMib: median(samples.serviceMib),
      }),
    );
    assert.deepEqual(ledger.findings, []);
    assert.ok(found.brokerGrowth <= growthMax, `the broker grew by ${found.brokerGrowth}`);
    assert.ok(found.serviceGrowth <= growthMax, `the service grew by ${found.serviceGrowth}`);
  } catch (error) {
    t.diagnostic(waxwing.output.slice(-4000));
    throw error;
  } finally {
    await waxwing.remove();
  }
});
