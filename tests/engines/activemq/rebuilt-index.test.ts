// What was deleted and comes back when Debian's ActiveMQ makes its index from a copy of the journal.

import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { cutTorn, JournalCopy } from '../../../src/engines/activemq/replicas/journal-copy.ts';
import { JavaProgram } from '../../support/java-programs.ts';
import { until } from '../../support/processes.ts';
import { isLong } from '../../support/proof.ts';
import { RealActiveMq } from '../../support/real-activemq.ts';
import type { ReceivedFrame } from '../../support/stomp-peer.ts';
import { StompTlsClient } from '../../support/stomp-tls-client.ts';

/** Small files, which are looked at often. */
const store = 'journalMaxFileLength="256kb" checkpointInterval="100" cleanupInterval="100"';
const fillBytes = 10_000;

const notNow = 'only in the long run: ActiveMQ starts slowly';
let real: RealActiveMq | string = notNow;
let java: JavaProgram | string = notNow;
const folder = mkdtempSync(join(tmpdir(), 'waxwing-index-'));

before(async () => {
  if (!isLong) return;
  const sources = join(import.meta.dirname, '../../../../tests/engines/activemq');
  java = await JavaProgram.compile(sources, 'PairClient');
  real = await RealActiveMq.start('', { store });
  if (typeof java !== 'string' && typeof real !== 'string') await java.trust(real.caFile);
});

after(async () => {
  if (typeof real !== 'string') await real.stop();
  if (typeof java !== 'string') java.remove();
  rmSync(folder, { recursive: true, force: true });
});

async function connect(of: RealActiveMq, headers = {}): Promise<StompTlsClient> {
  const port = { port: of.stompPort, ca: readFileSync(of.caFile, 'utf8') };
  const client = await StompTlsClient.connect(port, 'bob', 'a long password', headers);
  await client.frames(1);
  return client;
}

/** Sends a frame with which a client is done, and waits until it is carried out. */
async function done(client: StompTlsClient, command: string, headers = {}): Promise<void> {
  client.send(command, { ...headers, receipt: command });
  const [frame] = await client.frames(1);
  assert.equal(frame?.command, 'RECEIPT', frame?.body);
  client.destroy();
}

async function send(of: RealActiveMq, destination: string, bodies: readonly string[]) {
  const client = await connect(of);
  for (const body of bodies) {
    client.send('SEND', { destination, persistent: 'true', receipt: 'r' }, body);
    await client.frames(1);
  }
  client.destroy();
}

const bodies = ['one', 'two', 'three'];
const reader = { 'client-id': 'reader' };
const subscription = { id: 's', 'activemq.subscriptionName': 'ended' };
const subscribe = { ...subscription, destination: '/topic/news', ack: 'auto' };

/** Without the receipt of the subscription. */
const messagesOf = (frames: readonly ReceivedFrame[]) =>
  frames.filter(({ command }) => command === 'MESSAGE').map(({ body }) => body);

/** What a destination has for a subscriber. */
async function left(of: RealActiveMq, destination: string, headers = {}, connecting = {}) {
  const client = await connect(of, connecting);
  client.send('SUBSCRIBE', { id: 's', destination, ack: 'auto', receipt: 's', ...headers });
  const found = messagesOf(await client.frames(1));
  await send(of, destination, ['end']);
  while (found.at(-1) !== 'end') found.push(...messagesOf(await client.frames(1)));
  await done(client, 'DISCONNECT');
  return found.slice(0, -1);
}

/** The files of the journal, oldest first. */
function journal(of: RealActiveMq): string[] {
  const numberOf = (name: string) => Number(/\d+/.exec(name)?.[0]);
  return readdirSync(of.storeFolder)
    .filter((name) => /^db-\d+\.log$/.test(name))
    .sort((a, b) => numberOf(a) - numberOf(b));
}

test('an ended subscription comes back without the file that says so, and a deleted queue does not', async (t) => {
  if (typeof real === 'string') return t.skip(real);
  if (typeof java === 'string') return t.skip(java);
  const [broker, program] = [real, java];
  const environment = {
    BROKER_URL: `ssl://localhost:${broker.openwirePort}`,
    BROKER_USER: 'bob',
    BROKER_PASSWORD: 'a long password',
  };
  const remove = (queue: string) => program.run(['delete', queue], environment);
  const fill = (queue: string) =>
    send(broker, `/queue/${queue}`, Array<string>(40).fill('x'.repeat(fillBytes)));
  const away = await connect(broker, reader);
  away.send('SUBSCRIBE', { ...subscribe, receipt: 's' });
  await away.frames(1);
  await done(away, 'DISCONNECT');
  for (const destination of ['/queue/deleted', '/topic/news', '/queue/late']) {
    await send(broker, destination, bodies);
  }
  await send(broker, '/queue/kept', ['kept']);
  const [first = ''] = journal(broker).slice(-1);
  await fill('first');
  const [second = ''] = journal(broker).slice(-1);
  await remove('deleted');
  await done(await connect(broker, reader), 'UNSUBSCRIBE', subscription);
  await fill('second');
  for (const queue of ['first', 'second', 'late']) await remove(queue);
  // The list of acknowledgements, which ActiveMQ keeps in the journal, moves to the newest file.
  assert.deepEqual(await left(broker, '/queue/moved'), []);
  const isRemoved = () => journal(broker).includes(first) && !journal(broker).includes(second);
  await until('the file with the deletion is removed', isRemoved);
  const copy = new JournalCopy(broker.storeFolder, folder);
  const isCopied = async () =>
    (await copy.pass(Number.POSITIVE_INFINITY, false, async () => {})).isWhole;
  await until('everything is copied', isCopied);
  const found = () =>
    Promise.all([
      left(broker, '/queue/deleted'),
      left(broker, '/topic/news', subscribe, reader),
      ...['late', 'first', 'second'].map((queue) => left(broker, `/queue/${queue}`)),
    ]);
  await broker.restart();
  assert.deepEqual(await found(), [[], [], [], [], []]);
  await broker.restart(async () => {
    rmSync(broker.storeFolder, { recursive: true });
    await cutTorn(folder);
    cpSync(folder, broker.storeFolder, { recursive: true });
  });
  // ActiveMQ acknowledges the messages of a queue that is deleted, and keeps acknowledgements as long as messages.
  assert.deepEqual(await found(), [[], bodies, [], [], []]);
  assert.deepEqual(await left(broker, '/queue/kept'), ['kept']);
});
