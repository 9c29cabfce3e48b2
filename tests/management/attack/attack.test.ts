import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { Agent, request } from 'node:https';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ListBrokersCommand } from '@aws-sdk/client-mq';
import type { AmqpClient } from '../../support/amqp-client.ts';
import { describeBroker } from '../../support/broker-requests.ts';
import { isLong, writeProof } from '../../support/proof.ts';
import { Waxwing } from '../../support/waxwing.ts';

// Publishers beside a user who asks the management API for as much as it can (decision 0126).

const skip = isLong ? false : 'it measures times: only in long runs';
const seconds = 20;
const queueCount = 2000;
/** During the attack, 99 % of the confirms must arrive within this time, milliseconds. */
const goalMs = 20;

let waxwing: Waxwing;
let attacker: ChildProcess | undefined;

before(async () => {
  if (skip === false) waxwing = await Waxwing.start();
});

after(async () => {
  attacker?.kill('SIGKILL');
  if (skip === false) await waxwing.remove();
});

const percentile = (times: readonly number[], part: number) =>
  Math.round((times.toSorted((a, b) => a - b)[Math.floor(times.length * part)] ?? 0) * 10) / 10;

/** Publishes persistent messages one after the other for a time; how long each confirm took, ms. */
async function confirmTimes(client: AmqpClient, ms: number): Promise<number[]> {
  const channel = await client.model.createConfirmChannel();
  await channel.assertQueue('paid', { durable: true, arguments: { 'x-max-length': 1000 } });
  const times: number[] = [];
  for (const endMs = performance.now() + ms; performance.now() < endMs; ) {
    const beganMs = performance.now();
    await new Promise<void>((resolve, reject) => {
      channel.sendToQueue('paid', Buffer.from('order'), { persistent: true }, (error) =>
        error === null ? resolve() : reject(error as Error),
      );
    });
    times.push(performance.now() - beganMs);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  await channel.close();
  return times;
}

/** Sends a request of a user, and reads the answer. */
function ask(
  to: { origin: string; agent: Agent },
  user: string,
  path: string,
  method = 'GET',
  body = '',
) {
  const { origin, agent } = to;
  const authorization = `Basic ${Buffer.from(user).toString('base64')}`;
  return new Promise<number>((resolve, reject) => {
    request(`${origin}${path}`, { method, agent, headers: { authorization } }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode ?? 0));
    })
      .on('error', reject)
      .end(body);
  });
}

/** Asks for something expensive from time to time, as a console or Prometheus does; each status, and how long it took. */
async function askNow(to: { origin: string; agent: Agent }, user: string, ms: number) {
  const answers: { status: number; ms: number }[] = [];
  for (const endMs = performance.now() + ms; performance.now() < endMs; ) {
    const beganMs = performance.now();
    const status = await ask(to, user, '/metrics/per-object');
    answers.push({ status, ms: performance.now() - beganMs });
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  return answers;
}

test('confirms beside the requests of one user stay quick', {
  skip,
  timeout: 300_000,
}, async () => {
  const { environment, ca } = waxwing;
  const { BrokerSummaries } = await waxwing.mq.send(new ListBrokersCommand({}));
  const { BrokerInstances } = await describeBroker(waxwing, BrokerSummaries?.[0]?.BrokerId ?? '');
  const { origin, port } = new URL(BrokerInstances?.[0]?.ConsoleURL ?? '');
  const client = await waxwing.connect();
  const channel = await client.model.createChannel();
  for (let i = 0; i < queueCount; i++) await channel.assertQueue(`queue-${i}`);
  await channel.close();
  const quiet = await confirmTimes(client, 3000);
  const user = new URL(waxwing.amqpUrl);
  const admin = `${user.username}:${user.password}`;
  const to = { origin, agent: new Agent({ keepAlive: true, ca }) };
  const other = JSON.stringify({ password: 'the-other-user', tags: 'monitoring' });
  assert.equal(await ask(to, admin, '/api/users/other', 'PUT', other), 201);
  const attack = fileURLToPath(new URL('run.js', import.meta.url));
  attacker = fork(attack, [port, environment['WAXWING_CA_FILE'] ?? '', '128'], {
    env: { ...process.env, ATTACK_USER: admin },
  });
  let counts: Record<string, number> = {};
  attacker.on('message', (told) => {
    counts = told as typeof counts;
  });
  const [times, others] = await Promise.all([
    confirmTimes(client, seconds * 1000),
    askNow(to, 'other:the-other-user', seconds * 1000),
  ]);
  attacker.kill('SIGKILL');
  to.agent.destroy();
  await client.close();
  const figures = {
    seconds,
    goals: { p99Ms: goalMs },
    quiet: {
      confirms: quiet.length,
      p50Ms: percentile(quiet, 0.5),
      p99Ms: percentile(quiet, 0.99),
    },
    attacked: {
      confirms: times.length,
      p50Ms: percentile(times, 0.5),
      p99Ms: percentile(times, 0.99),
      longestMs: percentile(times, 1 - 1 / times.length),
    },
    answers: counts,
    other: {
      requests: others.length,
      p50Ms: percentile(
        others.map(({ ms }) => ms),
        0.5,
      ),
      longestMs: Math.round(Math.max(...others.map(({ ms }) => ms))),
    },
  };
  console.log(JSON.stringify(figures));
  writeProof('management-attack', figures);
  assert.ok((counts['200'] ?? 0) > 10, JSON.stringify(counts));
  assert.ok((counts['429'] ?? 0) > 10, JSON.stringify(counts));
  assert.deepEqual([...new Set(others.map(({ status }) => status))], [200]);
  assert.ok(figures.attacked.p99Ms < goalMs, JSON.stringify(figures));
});
