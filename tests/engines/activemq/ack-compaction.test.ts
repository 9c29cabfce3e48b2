// Copies of the journal of Debian's ActiveMQ while it forwards acknowledgements to newer files (ack compaction).

import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { cutTorn, JournalCopy } from '../../../src/engines/activemq/replicas/journal-copy.ts';
import { until } from '../../support/processes.ts';
import { isLong } from '../../support/proof.ts';
import { RealActiveMq } from '../../support/real-activemq.ts';
import { StompTlsClient } from '../../support/stomp-tls-client.ts';

/** Small files, which are looked at often: acknowledgements are forwarded after seconds instead of minutes. */
const store =
  'journalMaxFileLength="256kb" checkpointInterval="100" cleanupInterval="100" ' +
  'compactAcksAfterNoGC="2" compactAcksIgnoresStoreGrowth="true"';
/** How often the copy is used in place of the store. */
const rounds = isLong ? 3 : 1;
/** Messages that are sent in each round. */
const workCount = 3000;
const bodyBytes = 2000;

let real: RealActiveMq | string = isLong ? '' : 'only in the long run: ActiveMQ starts slowly';
const folder = mkdtempSync(join(tmpdir(), 'waxwing-compaction-'));

before(async () => {
  if (isLong) real = await RealActiveMq.start('', { store });
});

after(async () => {
  if (typeof real !== 'string') await real.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function connect(of: RealActiveMq): Promise<StompTlsClient> {
  const port = { port: of.stompPort, ca: readFileSync(of.caFile, 'utf8') };
  const client = await StompTlsClient.connect(port, 'bob', 'a long password');
  await client.frames(1);
  return client;
}

/** The journal files that ack compaction has written. Their first record names the file whose acknowledgements they have. */
function forwarded(from: string): string[] {
  const rewritten = 16;
  return readdirSync(from)
    .filter((name) => /^db-\d+\.log$/.test(name))
    .filter((name) => {
      try {
        // Behind the head of the batch, and that of the record.
        return readFileSync(join(from, name)).at(28 + 5) === rewritten;
      } catch {
        return false; // it was removed meanwhile
      }
    });
}

/** Sends messages to a queue, some of which stay, while the others are taken. */
async function work(of: RealActiveMq, taken: string, from: number, kept: string[]): Promise<void> {
  const client = await connect(of);
  const take = await connect(of);
  take.send('SUBSCRIBE', { id: 's', destination: `/queue/${taken}`, ack: 'client-individual' });
  const held: string[] = [];
  for (let i = from; i < from + workCount; i++) {
    const body = `${i} `.padEnd(bodyBytes, 'x');
    const isKept = i % 100 === 0;
    const destination = isKept ? '/queue/kept' : `/queue/${taken}`;
    client.send('SEND', { destination, persistent: 'true', receipt: 'r' }, body);
    await client.frames(1);
    if (isKept) kept.push(headOf(body));
    else held.push((await take.frames(1))[0]?.headers['ack'] ?? '');
    // The acknowledgements are in newer files than the messages.
    if (held.length > 500) {
      for (const id of held.splice(0)) take.send('ACK', { id, receipt: 'a' });
      await take.frames(501);
    }
  }
  for (const id of held) take.send('ACK', { id, receipt: 'a' });
  if (held.length > 0) await take.frames(held.length);
  client.destroy();
  take.destroy();
}

/** The number of a message. */
const headOf = (body: string) => body.split(' ')[0] ?? '';

/** What a queue has, without what earlier calls added. Nothing is taken out of it. */
async function drain(of: RealActiveMq, queue: string, end: string): Promise<string[]> {
  const client = await connect(of);
  client.send('SUBSCRIBE', { id: 's', destination: `/queue/${queue}`, ack: 'client' });
  client.send('SEND', { destination: `/queue/${queue}`, persistent: 'true' }, end);
  const bodies: string[] = [];
  while (bodies.at(-1) !== end) bodies.push(...(await client.frames(1)).map(({ body }) => body));
  client.destroy();
  return bodies.filter((body) => !body.startsWith('end ')).map(headOf);
}

test('a copy during ack compaction has all messages, and none that was acknowledged', async (t) => {
  if (typeof real === 'string') return t.skip(real);
  const broker = real;
  const kept: string[] = [];
  for (let round = 0; round < rounds; round++) {
    const taken = `taken-${round}`;
    const to = join(folder, `copy-${round}`);
    const copy = new JournalCopy(broker.storeFolder, to);
    const pass = () => copy.pass(Number.POSITIVE_INFINITY, false, async () => {});
    const had = forwarded(broker.storeFolder);
    const isCompacted = () => forwarded(broker.storeFolder).some((name) => !had.includes(name));
    const over = new AbortController();
    const copying = (async () => {
      for (; !over.signal.aborted; await pause(1)) await pass();
    })();
    try {
      await work(broker, taken, round * workCount, kept);
      await until('acknowledgements were forwarded', isCompacted, 120_000);
    } finally {
      over.abort();
      await copying;
    }
    await until('everything is copied', async () => (await pass()).isWhole, 60_000);
    await broker.restart(async () => {
      rmSync(broker.storeFolder, { recursive: true });
      await cutTorn(to);
      cpSync(to, broker.storeFolder, { recursive: true });
    });
    assert.deepEqual(await drain(broker, 'kept', `end ${round}`), kept);
    assert.deepEqual(await drain(broker, taken, `end ${round}`), []);
  }
});
