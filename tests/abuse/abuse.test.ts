import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { LookupEventsCommand } from '@aws-sdk/client-cloudtrail';
import { until } from '../support/processes.ts';
import { isLong, writeProof } from '../support/proof.ts';
import { Waxwing } from '../support/waxwing.ts';
import { Attackers } from './attackers.ts';
import { attacks } from './attacks.ts';
import { call, logIn, metricsText } from './good-client.ts';

// Four processes attack a service without valid credentials, while an authenticated client calls
// the API and logs in to a broker, each time on a new connection.

/** Another length is for trying the test itself. */
const seconds = Number(process.env['WAXWING_ABUSE_SECONDS'] ?? 20);
const names = process.env['WAXWING_ABUSE_ATTACKS']?.split(',') ?? Object.keys(attacks);
/** The limits during an attack. */
const goals = { p99Ms: 2000, growthMib: 64 } as const;
const places = {
  'other addresses': ['127.0.0.2', '127.0.0.3', '127.0.0.4', '127.0.0.5'],
  'the same address': ['127.0.0.1', '127.0.0.1', '127.0.0.1', '127.0.0.1'],
} as const;

function residentMib(pid: number): number {
  const [, kib] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Math.round(Number(kib) / 102.4) / 10;
}

/** How long it takes, and what became of it. */
async function timed(what: () => Promise<void>) {
  const began = performance.now();
  const failure = await what().then(
    () => undefined,
    (error: Error) => error.message,
  );
  return { ms: Math.round(performance.now() - began), failure };
}

function p99(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.ceil(values.length * 0.99) - 1] ?? 0;
}

/** The experience of a well-behaved client during an attack. */
async function measure(attack: string, from: readonly string[]) {
  const waxwing = await Waxwing.start({ args: ['--log-level', 'error'] });
  const pids = { service: waxwing.pid, broker: waxwing.children[0] ?? 0 };
  const before = { service: residentMib(pids.service), broker: residentMib(pids.broker) };
  const most = { ...before };
  const look = setInterval(() => {
    most.service = Math.max(most.service, residentMib(pids.service));
    most.broker = Math.max(most.broker, residentMib(pids.broker));
  }, 100);
  // Guesses from the same address delay a client that has not logged in before.
  if (from.includes('127.0.0.1')) await logIn(waxwing);
  const attackers = new Attackers(waxwing, attack, from);
  try {
    await until('they attack', () => attackers.counts.begunCount > 0);
    const calls: { ms: number; failure: string | undefined }[] = [];
    const logIns: typeof calls = [];
    const endMs = performance.now() + seconds * 1000;
    while (performance.now() < endMs) {
      calls.push(await timed(() => call(waxwing)));
      logIns.push(await timed(() => logIn(waxwing)));
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return {
      rounds: attackers.counts.begunCount,
      calls: calls.length,
      callP99Ms: p99(calls.map(({ ms }) => ms)),
      logInP99Ms: p99(logIns.map(({ ms }) => ms)),
      failures: [...calls, ...logIns].flatMap(({ failure }) => failure ?? []).slice(0, 5),
      serviceGrowthMib: Math.round((most.service - before.service) * 10) / 10,
      brokerGrowthMib: Math.round((most.broker - before.broker) * 10) / 10,
    };
  } finally {
    clearInterval(look);
    await attackers.end();
    await waxwing.remove();
  }
}

const skip = !isLong && 'figures are for npm run test:long on a quiet machine';
test('four attacking processes neither delay an authorized client nor exhaust memory', {
  skip,
}, async (t) => {
  const results: Record<string, Record<string, Awaited<ReturnType<typeof measure>>>> = {};
  for (const name of names) {
    results[name] = {};
    for (const [place, from] of Object.entries(places)) {
      const result = await measure(name, from);
      t.diagnostic(`${name} from ${place}: ${JSON.stringify(result)}`);
      results[name] = { ...results[name], [place]: result };
    }
  }
  writeProof('abuse', { seconds, goals, results });
  const missed = Object.entries(results).flatMap(([name, byPlace]) =>
    Object.entries(byPlace).flatMap(([place, found]) => {
      const isMet =
        found.failures.length === 0 &&
        Math.max(found.callP99Ms, found.logInP99Ms) <= goals.p99Ms &&
        Math.max(found.serviceGrowthMib, found.brokerGrowthMib) < goals.growthMib;
      return isMet ? [] : [`${name} from ${place}`];
    }),
  );
  assert.deepEqual(missed, []);
});

/** The value of a metric, all its labels together. */
async function metric(waxwing: Waxwing, name: string): Promise<number> {
  const { WAXWING_METRICS_TOKEN: token = '' } = waxwing.environment;
  const text = await metricsText(waxwing, token);
  const values = [...text.matchAll(new RegExp(`^${name}(?:{[^}]*})? (\\d+)$`, 'gm'))];
  return values.reduce((sum, [, value]) => sum + Number(value), 0);
}

test('an authorized client is served and memory stays bounded under each short attack', async (t) => {
  const waxwing = await Waxwing.start({ args: ['--record-failed-logins'] });
  try {
    await call(waxwing);
    await logIn(waxwing);
    const pids = [waxwing.pid, ...waxwing.children];
    const growth: string[] = [];
    for (const name of Object.keys(attacks)) {
      const before = pids.map(residentMib);
      const attackers = new Attackers(waxwing, name, ['127.0.0.1'], 20);
      await until(`${name} has begun`, () => attackers.counts.begunCount === 20);
      await call(waxwing);
      await logIn(waxwing);
      const grown = pids.map((pid, i) => Math.round(residentMib(pid) - (before[i] ?? 0)));
      growth.push(`${name} ${grown.join(' and ')}`);
      assert.ok(Math.max(...grown) < goals.growthMib, `${name}: ${grown.join(' and ')} MiB`);
      await attackers.end();
    }
    t.diagnostic(`MiB by which service and broker grew: ${growth.join(', ')}`);
    assert.deepEqual([waxwing.pid, ...waxwing.children], pids);
    await failuresAreTold(waxwing);
  } finally {
    await waxwing.remove();
  }
});

/** The guesses of the attack are in the log, in the metrics and in the trail; no password is. */
async function failuresAreTold(waxwing: Waxwing): Promise<void> {
  const { username } = new URL(waxwing.amqpUrl);
  await until('failed log-ins are counted', () => metric(waxwing, 'waxwing_login_failures_total'));
  assert.ok((await metric(waxwing, 'waxwing_api_refusals_total')) > 0);
  await until('the log has them', () => waxwing.output.includes('"a log-in failed"'));
  assert.match(waxwing.output, new RegExp(`"user":"${username}".*"a log-in failed"`));
  // Refusals after the first of a period are told at its end, one line for each kind.
  const refused = /"reason":"(missing-authentication|signature-mismatch)".*"a request was refused"/;
  await until('the log has the refused calls', () => refused.test(waxwing.output));
  const found = await waxwing.trail.send(
    new LookupEventsCommand({
      LookupAttributes: [{ AttributeKey: 'EventName', AttributeValue: 'BrokerLogin' }],
    }),
  );
  const events = (found.Events ?? []).map(({ CloudTrailEvent = '' }) => CloudTrailEvent);
  const [event = '{}'] = events;
  const { eventCategory, managementEvent, errorCode, sourceIPAddress } = JSON.parse(event);
  assert.deepEqual(
    { eventCategory, managementEvent, errorCode, sourceIPAddress },
    {
      eventCategory: 'Data',
      managementEvent: false,
      errorCode: 'AccessRefused',
      sourceIPAddress: '127.0.0.1',
    },
  );
  for (const told of [waxwing.output, ...events]) assert.doesNotMatch(told, /guess \d|nobody-\d/);
}
