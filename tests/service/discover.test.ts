import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { CreateKeyCommand } from '@aws-sdk/client-kms';
import { password } from '../support/broker-requests.ts';
import { StompTlsClient } from '../support/stomp-tls-client.ts';
import { eventsNamed } from '../support/trail-events.ts';
import { Waxwing } from '../support/waxwing.ts';
import { WaxwingFolder } from '../support/waxwing-folder.ts';

// `waxwing discover` and `--sensitive-names` of the real program.

const address = 'anna.meier@example.com';
const bodies = [`{"mail":"${address}"}`, 'order 4711', `card 4111 1111 1111 1111`];
let waxwing: Waxwing;

before(async () => {
  const folder = new WaxwingFolder();
  const list = join(folder.root, 'names.txt');
  writeFileSync(list, '# customers\nAnna Meier\n\nJohn Smith\n');
  const env = { WAXWING_SENSITIVE_NAMES: 'reject', WAXWING_PERSON_NAMES: list };
  waxwing = await Waxwing.start({ folder, env });
});
after(() => waxwing.remove());

async function discover(broker: string, ...more: string[]) {
  return waxwing.folder.run(['discover', broker, '--data', waxwing.folder.data, ...more]);
}

test('discover searches messages of a RabbitMQ broker without consuming them', async () => {
  const client = await waxwing.connect();
  await client.publish('orders', bodies);
  const { stdout, stderr, code } = await discover('default');
  assert.deepEqual([stderr, code], ['', 0]);
  const rows = stdout.split('\n').map((line) => line.split(/ {2,}/));
  assert.deepEqual(rows.slice(0, 3), [
    ['VHOST', 'QUEUE', 'KIND', 'MESSAGES', 'SAMPLED'],
    ['/', 'orders', 'email', '1', '3'],
    ['/', 'orders', 'payment-card', '1', '3'],
  ]);
  assert.ok(!stdout.includes(address));
  const channel = await client.model.createChannel();
  for (const body of bodies) {
    const message = await channel.get('orders', { noAck: true });
    assert.ok(message !== false);
    assert.equal(message.content.toString(), body);
    assert.equal(message.fields.redelivered, false);
  }
  await client.close();
});

test('discover searches messages that are only on disk after a restart', async () => {
  const client = await waxwing.connect();
  await client.publish('orders', bodies);
  await client.close();
  await waxwing.stop();
  await waxwing.restart();
  const { stdout } = await discover('default', '--json', '--messages', '1');
  const { brokerName, queues } = JSON.parse(stdout);
  assert.equal(brokerName, 'default');
  assert.deepEqual(queues, [
    {
      vhost: '/',
      queue: 'orders',
      messageCount: 3,
      sampledCount: 1,
      nameKinds: [],
      kinds: [
        { kind: 'email', messageCount: 1 },
        { kind: 'person-name', messageCount: 1 },
      ],
    },
  ]);
});

test('discover searches bodies and headers of an ActiveMQ broker', async () => {
  const id = await waxwing.createBroker({
    EngineType: 'ACTIVEMQ',
    HostInstanceType: 'mq.m5.large',
    Users: [{ Username: 'admin', Password: password }],
  });
  const { BrokerInstances } = await waxwing.brokerIs(id, 'RUNNING');
  const url = BrokerInstances?.[0]?.Endpoints?.find((each) => each.startsWith('stomp+ssl'));
  const port = Number(url?.slice(url.lastIndexOf(':') + 1));
  const client = await StompTlsClient.connect({ port, ca: waxwing.ca }, 'admin', password);
  await client.frames(1);
  const sent = { destination: '/queue/orders', persistent: 'true', contact: address };
  client.send('SEND', { ...sent, receipt: '1' }, 'for Anna Meier');
  await client.frames(1);
  const { stdout } = await discover(id, '--json');
  const { queues } = JSON.parse(stdout);
  const orders = queues.find(({ queue }: { queue: string }) => queue === 'orders');
  assert.deepEqual(orders?.kinds, [
    { kind: 'email', messageCount: 1 },
    { kind: 'person-name', messageCount: 1 },
  ]);
  client.send('SUBSCRIBE', { id: 's', destination: '/queue/orders' });
  const [frame] = await client.frames(1);
  assert.equal(frame?.body, 'for Anna Meier');
  assert.equal(frame?.headers['redelivered'], undefined);
  client.destroy();
});

test('the trail records each search without its findings', async () => {
  const events = await eventsNamed(waxwing, 'DiscoverSensitiveData');
  assert.ok(events.length >= 3);
  const [event] = events;
  assert.deepEqual(event?.requestParameters, { broker: 'default', messagesPerQueue: 200 });
  assert.deepEqual(event?.additionalEventData, { queueCount: 1, sampledMessageCount: 3 });
  assert.match(event?.resources?.[0]?.ARN ?? '', /:broker:default:b-/);
  assert.doesNotMatch(JSON.stringify(events), /email|payment-card|anna/i);
});

test('discover refuses an unknown broker or an invalid message count in one line', async () => {
  const unknown = await discover('nobody');
  assert.deepEqual([unknown.code, unknown.stderr], [1, 'waxwing: There is no broker [nobody].\n']);
  const many = await discover('default', '--messages', '1001');
  assert.equal(many.code, 1);
  assert.match(many.stderr, /less than or equal to 1000/);
});

test('with --sensitive-names reject, a name with findings is refused', async () => {
  const create = new CreateKeyCommand({ Description: `for ${address}` });
  await assert.rejects(waxwing.kms.send(create), {
    name: 'ValidationException',
    message: /email in description/,
  });
  const listed = new CreateKeyCommand({ Description: 'orders of john smith' });
  await assert.rejects(waxwing.kms.send(listed), { message: /person-name in description/ });
  await waxwing.kms.send(new CreateKeyCommand({ Description: 'orders' }));
});

test('an unusable list of names stops the start, and no name is repeated', async () => {
  const folder = new WaxwingFolder();
  const list = join(folder.root, 'names.txt');
  writeFileSync(list, 'Anna Meier\n12345\n');
  const wrong = await folder.run(['serve', '--data', folder.data, '--person-names', list]);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /--person-names: .*names\.txt line 2 has no letters/);
  assert.doesNotMatch(wrong.stderr, /12345|Anna/);
  const missing = await folder.run(['serve', '--data', folder.data, '--person-names', '/none']);
  assert.equal(missing.code, 2);
  assert.match(missing.stderr, /cannot be opened \(ENOENT\)/);
  const mode = await folder.run(['serve', '--data', folder.data, '--sensitive-names', 'maybe']);
  assert.equal(mode.code, 2);
});
