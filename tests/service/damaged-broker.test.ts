import assert from 'node:assert/strict';
import { copyFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ListBrokersCommand, RebootBrokerCommand } from '@aws-sdk/client-mq';
import { describeBroker } from '../support/broker-requests.ts';
import { blockOffsets, writeAt } from '../support/bytes-of-files.ts';
import { Waxwing } from '../support/waxwing.ts';

// A broker with damaged files does not start and reports the reason; all other brokers run.

let waxwing: Waxwing;
let damaged = '';
let sound = '';
let segment = '';
let offset = 0;
before(async () => {
  waxwing = await Waxwing.start();
  const { BrokerSummaries } = await waxwing.mq.send(new ListBrokersCommand({}));
  damaged = BrokerSummaries?.[0]?.BrokerId ?? '';
  sound = await waxwing.createBroker();
  const client = await waxwing.connect();
  await client.publish('orders', ['one', 'two']);
  await client.close();
  assert.equal(await waxwing.stop(), 0);
  segment = join(waxwing.folder.data, 'brokers', damaged, 'seg-1');
  copyFileSync(segment, `${waxwing.folder.root}/seg-1`);
  offset = blockOffsets(segment)[0] ?? 0;
  writeAt(segment, offset + 50, Buffer.from('damage'));
  await waxwing.restart();
});
after(() => waxwing.remove());

test('the broker is in a critical state, and the required action names file and offset', async () => {
  const { BrokerState, ActionsRequired } = await describeBroker(waxwing, damaged);
  assert.equal(BrokerState, 'CRITICAL_ACTION_REQUIRED');
  assert.deepEqual(ActionsRequired, [
    {
      ActionRequiredCode: 'BROKER_VOLUME_DAMAGED',
      ActionRequiredInfo: `${segment} is damaged at byte ${offset}: block 1`,
    },
  ]);
});

test('the greeting and the log say why the default broker does not run', async () => {
  assert.match(
    await waxwing.greeted(),
    /broker 'default' +CRITICAL_ACTION_REQUIRED: .*seg-1 is damaged at byte \d+: block 1\n/,
  );
  assert.match(waxwing.output, /the broker cannot run: volume-damaged: .*seg-1 is damaged at byte/);
});

test('the other broker runs', async () => {
  const client = await waxwing.connect(await waxwing.brokerUrl(sound));
  await client.publish('orders', ['three']);
  assert.deepEqual(await client.take('orders'), ['three']);
  await client.close();
  assert.equal(waxwing.children.length, 1);
});

test('check names the file and the offset', async () => {
  assert.equal(await waxwing.stop(), 0);
  const { code, stderr } = await waxwing.folder.check();
  assert.equal(code, 1);
  assert.equal(
    stderr,
    `waxwing: ${damaged}: not sound: ${segment} is damaged at byte ${offset}: block 1\n` +
      'waxwing: 1 of 4 volumes not sound\n',
  );
});

test('a reboot after the file is restored runs the broker with its earlier data', async () => {
  await waxwing.restart();
  assert.equal((await describeBroker(waxwing, damaged)).BrokerState, 'CRITICAL_ACTION_REQUIRED');
  renameSync(`${waxwing.folder.root}/seg-1`, segment);
  await waxwing.mq.send(new RebootBrokerCommand({ BrokerId: damaged }));
  await waxwing.brokerIs(damaged, 'RUNNING');
  const client = await waxwing.connect();
  assert.deepEqual(await client.take('orders'), ['one', 'two']);
  await client.close();
});
