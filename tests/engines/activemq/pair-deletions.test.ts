// What was deleted before the promotion of a replica of a pair of Debian's ActiveMQ, and queues with long names.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { findPairInstallation } from '../../../src/engines/activemq/installation.ts';
import { BrokerPair } from '../../support/broker-pair.ts';
import { describeBroker, password } from '../../support/broker-requests.ts';
import { JavaProgram } from '../../support/java-programs.ts';
import { until } from '../../support/processes.ts';
import { isLong } from '../../support/proof.ts';
import { serviceMetrics } from '../../support/service-metric.ts';
import type { ReceivedFrame } from '../../support/stomp-peer.ts';
import type { StompTlsClient } from '../../support/stomp-tls-client.ts';
import { Waxwing } from '../../support/waxwing.ts';

const found = await findPairInstallation(process.env);
const sources = join(import.meta.dirname, '../../../../tests/engines/activemq');
const client = isLong ? await JavaProgram.compile(sources, 'PairClient') : 'only in the long run';
const skip =
  typeof found === 'string'
    ? `pairs of ActiveMQ cannot run here: ${found}`
    : typeof client === 'string'
      ? client
      : false;
const java = client as JavaProgram; // otherwise every test is skipped
/** Milliseconds for a change of a state. */
const patienceMs = 240_000;

let waxwing: Waxwing;
let pair: BrokerPair;

before(async () => {
  if (skip !== false) return;
  waxwing = await Waxwing.start({ args: ['--no-default-broker'] });
  const mode = { DeploymentMode: 'ACTIVE_STANDBY_MULTI_AZ' } as const;
  pair = await BrokerPair.create(waxwing, 'pair', mode, mode, patienceMs);
  await java.trust(join(waxwing.folder.data, 'ca.pem'));
});

after(async () => {
  if (skip !== false) return;
  await waxwing.remove();
  java.remove();
});

async function send(of: StompTlsClient, destination: string, body: string): Promise<void> {
  of.send('SEND', { destination, persistent: 'true', receipt: 'r' }, body);
  const [frame] = await of.frames(1);
  assert.equal(frame?.command, 'RECEIPT');
}

const bodies = ['one', 'two', 'three'];
const reader = { 'client-id': 'reader' };
const subscribe = (name: string) => ({
  id: 's',
  destination: `/topic/${name}`,
  ack: 'auto',
  'activemq.subscriptionName': name,
});

/** Leaves three messages in a queue, and three for a durable subscription. */
async function leave(name: string): Promise<void> {
  const away = await pair.connect(reader);
  away.send('SUBSCRIBE', { ...subscribe(name), receipt: 's' });
  await away.frames(1);
  away.send('DISCONNECT', { receipt: 'd' });
  await away.frames(1);
  away.destroy();
  const sender = await pair.connect();
  for (const body of bodies) {
    await send(sender, `/queue/${name}`, body);
    await send(sender, `/topic/${name}`, body);
  }
  sender.destroy();
}

async function deleteQueue(name: string): Promise<void> {
  const { BrokerInstances = [] } = await describeBroker(waxwing, pair.primary);
  const urls = BrokerInstances.map(({ Endpoints = [] }) => Endpoints[0] ?? '');
  await java.run(['delete', name], {
    BROKER_URL: `failover:(${urls.join(',')})?startupMaxReconnectAttempts=60`,
    BROKER_USER: 'admin',
    BROKER_PASSWORD: password,
  });
}

/** Deletes what {@link leave} left. */
async function end(name: string): Promise<void> {
  await deleteQueue(name);
  const away = await pair.connect(reader);
  const ended = { id: 's', 'activemq.subscriptionName': name, receipt: 'u' };
  away.send('UNSUBSCRIBE', { ...ended, destination: `/topic/${name}` });
  const [frame] = await away.frames(1);
  assert.equal(frame?.command, 'RECEIPT', frame?.body);
  away.destroy();
}

/** Without the receipt of the subscription. */
const messagesOf = (frames: readonly ReceivedFrame[]) =>
  frames.filter(({ command }) => command === 'MESSAGE').map(({ body }) => body);

/** Returns the messages that are left in a queue and in a durable subscription. */
async function left(name: string): Promise<[string[], string[]]> {
  const queued = await pair.drain(name);
  const back = await pair.connect(reader);
  back.send('SUBSCRIBE', { ...subscribe(name), receipt: 's' });
  const topical = messagesOf(await back.frames(1));
  const sender = await pair.connect();
  await send(sender, `/topic/${name}`, 'end');
  sender.destroy();
  while (topical.at(-1) !== 'end') topical.push(...messagesOf(await back.frames(1)));
  back.send('DISCONNECT', { receipt: 'd' });
  await back.frames(1);
  back.destroy();
  return [queued, topical.slice(0, -1)];
}

for (const mode of ['SWITCHOVER', 'FAILOVER'] as const) {
  test(`a queue and a durable subscription that were just deleted do not come back by a ${mode}`, {
    skip,
  }, async () => {
    const name = `just-${mode}`;
    await leave(name);
    await end(name);
    await pair.copied();
    await pair.promote(mode);
    assert.deepEqual(await left(name), [[], []]);
  });
}

test('a queue with a long name has metrics, and does not hide the sums', { skip }, async () => {
  const sender = await pair.connect();
  const names = ['a', 'b'].map((end) => `${'long'.repeat(100)}${end}`);
  for (const name of names) await send(sender, `/queue/${name}`, 'body');
  sender.destroy();
  const metrics = async () => {
    const text = await serviceMetrics(waxwing);
    const queues = [...text.matchAll(/waxwing_queue_messages_ready\{[^}]*queue="(long[^"]*)"/g)];
    const hasSums = /^waxwing_messages_published_total\{[^}]*broker="pair-/m.test(text);
    return queues.length === 2 && hasSums ? queues.map(([, name = '']) => name) : undefined;
  };
  const found = await until('both queues and the sums have metrics', metrics, patienceMs);
  for (const name of found) assert.match(name, /^(?:long)+l?o?n?~[\da-f]{60,64}$/);
  assert.equal(new Set(found).size, 2);
});
