import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { DecryptCommand } from '@aws-sdk/client-kms';
import { formsOf, type Hidden, type Place, readable } from '../../src/cli/drill/plain-text.ts';
import { systemDataKey } from '../../src/server/system-volume.ts';
import { systemDisk } from '../../src/storage/disk.ts';
import { readVolumeHeader } from '../../src/storage/volume.ts';
import { createKey, password, underKey } from '../support/broker-requests.ts';
import { hiddenTexts, placesOf, placesUnder } from '../support/readable.ts';
import { Waxwing } from '../support/waxwing.ts';

// Searches all bytes that the service writes for texts that must not be readable.

let waxwing: Waxwing;
const hidden: Hidden[] = [];
/** The arguments and environments of the processes. */
const processes: Place[] = [];

before(async () => {
  waxwing = await Waxwing.start({ args: ['--log-level', 'info'] });
  const key = await createKey(waxwing);
  const id = await waxwing.createBroker(underKey(key));
  await useBroker(waxwing.amqpUrl, 'first');
  await useBroker(await waxwing.brokerUrl(id), 'second');
  await refusedLogin(await waxwing.brokerUrl(id));
  hidden.push(...(await keys(id)), ...secretsOfTheEnvironment());
  processes.push(...[waxwing.pid, ...waxwing.children].flatMap(placesOf));
});
after(() => waxwing.remove());

/** Leaves messages of every kind in a broker: settled, waiting, dead, large. */
async function useBroker(url: string, which: string): Promise<void> {
  const names = {
    queue: `hidden-queue-${which}`,
    graves: `hidden-graves-${which}`,
    exchange: `hidden-exchange-${which}`,
    routingKey: `hidden.routing.key.${which}`,
    header: `hidden-header-${which}`,
    body: `hidden body, ${which}`,
  };
  const client = await waxwing.connect(url);
  const channel = await client.model.createConfirmChannel();
  await channel.assertExchange(names.exchange, 'topic');
  await channel.assertQueue(names.graves, { durable: true });
  const deadLetters = { deadLetterExchange: '', deadLetterRoutingKey: names.graves };
  await channel.assertQueue(names.queue, { durable: true, ...deadLetters });
  await channel.bindQueue(names.queue, names.exchange, names.routingKey);
  for (const size of [1, 10, 10_000]) {
    for (let i = 0; i < 10; i++) {
      channel.publish(names.exchange, names.routingKey, Buffer.from(names.body.repeat(size)), {
        persistent: true,
        headers: { [names.header]: names.header },
      });
    }
  }
  await channel.waitForConfirms();
  for (let i = 0; i < 6; i++) {
    const message = await channel.get(names.queue);
    assert.ok(message !== false);
    if (i % 2 === 0) channel.ack(message);
    else channel.reject(message, false);
  }
  await client.close();
  hidden.push(...hiddenTexts(...Object.values(names)));
}

/** A password that somebody typed into the wrong field must not end up in a log either. */
async function refusedLogin(url: string): Promise<void> {
  const wrong = 'a-password-of-another-place';
  await assert.rejects(waxwing.connect(url.replace(password, wrong)), /403|ACCESS_REFUSED/);
  hidden.push(...hiddenTexts(wrong, password));
}

/** The keys themselves: root key, data keys. */
async function keys(brokerId: string): Promise<Hidden[]> {
  const { folder } = waxwing;
  const [keyFile = ''] = await readdir(folder.keys);
  const root = readFileSync(join(folder.keys, keyFile), 'utf8').trim().slice(-64);
  const system = await systemDataKey(folder.data, folder.rootKey);
  const header = await readVolumeHeader(systemDisk, join(folder.data, 'brokers', brokerId));
  const { Plaintext } = await waxwing.kms.send(
    new DecryptCommand({
      CiphertextBlob: header.wrappedKey,
      EncryptionContext: { 'aws:ebs:id': header.id },
    }),
  );
  assert.equal(Plaintext?.length, 32);
  return [
    { name: 'the root key', bytes: Buffer.from(root, 'hex') },
    { name: "the system volume's data key", bytes: system.export() },
    { name: "a broker's data key", bytes: Buffer.from(Plaintext) },
  ];
}

function secretsOfTheEnvironment(): Hidden[] {
  const { AWS_SECRET_ACCESS_KEY = '', WAXWING_METRICS_TOKEN = '' } = waxwing.environment;
  const defaultPassword = new URL(waxwing.amqpUrl).password;
  assert.equal(AWS_SECRET_ACCESS_KEY.length, 40);
  assert.equal(defaultPassword.length, 24);
  assert.ok(WAXWING_METRICS_TOKEN.length >= 24);
  const given = [AWS_SECRET_ACCESS_KEY, defaultPassword, WAXWING_METRICS_TOKEN];
  return hiddenTexts(...given, 'PRIVATE KEY-----');
}

/** All that can be read by now. */
function places(): Place[] {
  const said = { name: 'the output', bytes: Buffer.from(waxwing.output) };
  return [...placesUnder(waxwing.folder.data), said];
}

test('no hidden data is readable while the service runs', () => {
  const found = places();
  assert.ok(found.length >= 8, found.map(({ name }) => name).join());
  assert.ok(readable(hiddenTexts('WAXWVOL\n'), found).length >= 3); // headers are clear
  assert.deepEqual(readable(hidden, found), []);
});

test('no hidden data is in the arguments or environment of any process', () => {
  assert.equal(processes.length, 6);
  assert.ok(processes.every(({ name, bytes }) => name.endsWith('environ') || bytes.length > 0));
  assert.ok(readable(hiddenTexts(waxwing.folder.root), processes).length > 0);
  assert.deepEqual(readable(hidden, processes), []);
});

test('no hidden data is readable after a kill, a start and a stop', async () => {
  await waxwing.kill();
  assert.deepEqual(readable(hidden, places()), []);
  await waxwing.restart();
  assert.deepEqual(readable(hidden, places()), []);
  assert.equal(await waxwing.stop(), 0);
  assert.deepEqual(readable(hidden, places()), []);
});

test('the search finds each hidden item in each encoding, wherever it is', () => {
  const canary = join(waxwing.folder.data, 'brokers', 'canary');
  const wanted = hidden.flatMap(({ name, bytes }) =>
    formsOf(bytes).map(([form, sought]) => ({ text: `${name} ${form}`, sought })),
  );
  const parts = wanted.flatMap(({ sought }) => [randomBytes(1000), sought]);
  writeFileSync(canary, Buffer.concat([...parts, Buffer.alloc(100)]));
  const found = readable(hidden, placesUnder(waxwing.folder.data));
  rmSync(canary);
  assert.deepEqual(
    found.sort(),
    wanted.map(({ text }) => `${text} is readable in ${canary}`).sort(),
  );
});
