import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { createKey, describeBroker, underKey } from '../support/broker-requests.ts';
import {
  clusterFolder,
  clusterMs,
  clusterRequest,
  clustersMissing,
  nodePids,
  processesOf,
  removeClusters,
  volumesOf,
} from '../support/cluster-machine.ts';
import { disableKey, enableKey } from '../support/keys.ts';
import { isRunning, until } from '../support/processes.ts';
import { Waxwing } from '../support/waxwing.ts';

// A real cluster of RabbitMQ, run by the service as processes on encrypted volumes.

const missing = await clustersMissing();
const skip = missing === undefined ? false : missing;
const bodies = Array.from({ length: 30 }, (_, i) => `message ${i} of the ledger`);

let waxwing: Waxwing;
let keyArn = '';
let brokerId = '';
before(async () => {
  if (skip) return;
  waxwing = await Waxwing.start({ args: ['--no-default-broker'] });
  keyArn = await createKey(waxwing);
});
after(() => (skip ? undefined : removeClusters(waxwing)));

test('a cluster runs when each of its three nodes sees all of them', { skip }, async () => {
  const { BrokerId = '' } = await waxwing.mq.send(
    new (await import('@aws-sdk/client-mq')).CreateBrokerCommand({
      BrokerName: 'ledger',
      PubliclyAccessible: false,
      Users: [{ Username: 'admin', Password: 'correct-horse-battery' }],
      ...clusterRequest,
      ...underKey(keyArn),
    }),
  );
  brokerId = BrokerId;
  await waxwing.brokerIs(brokerId, 'RUNNING', clusterMs);
  const found = await describeBroker(waxwing, brokerId);
  assert.equal(found.DeploymentMode, 'CLUSTER_MULTI_AZ');
  assert.equal(found.BrokerInstances?.length, 1);
  assert.equal(nodePids(clusterFolder(waxwing, brokerId)).size, 3);
});

test('clients publish to a quorum queue and consume from it', { skip }, async () => {
  const client = await waxwing.connect(await waxwing.brokerUrl(brokerId));
  const channel = await client.model.createConfirmChannel();
  await channel.assertQueue('ledger', { durable: true, arguments: { 'x-queue-type': 'quorum' } });
  for (const body of bodies) channel.sendToQueue('ledger', Buffer.from(body));
  await channel.waitForConfirms();
  await channel.close();
  assert.deepEqual(await client.take('ledger', 10), bodies.slice(0, 10));
  await client.close();
});

test('a disabled key ends all nodes and locks their volumes, and its return starts them', {
  skip,
}, async () => {
  const client = await waxwing.connect(await waxwing.brokerUrl(brokerId));
  const folder = clusterFolder(waxwing, brokerId);
  await disableKey(waxwing.kms, keyArn);
  const { ActionsRequired } = await waxwing.brokerIs(
    brokerId,
    'CRITICAL_ACTION_REQUIRED',
    clusterMs,
  );
  assert.equal(ActionsRequired?.[0]?.ActionRequiredCode, 'RABBITMQ_INVALID_KMS_KEY');
  await client.ended;
  await until('no process is left', () => processesOf(folder).length === 0, clusterMs);
  for (const volume of volumesOf(waxwing, brokerId)) {
    await until('it is locked', async () => (await volume.state()) === 'locked', clusterMs);
    assert.deepEqual(readdirSync(volume.place.mountpoint), []);
  }
  await enableKey(waxwing.kms, keyArn);
  await waxwing.brokerIs(brokerId, 'RUNNING', clusterMs);
  const again = await waxwing.connect(await waxwing.brokerUrl(brokerId));
  assert.deepEqual(await again.take('ledger', 10), bodies.slice(10, 20));
  await again.close();
});

test('a killed node is started again and rejoins', { skip }, async () => {
  const folder = clusterFolder(waxwing, brokerId);
  const pid = nodePids(folder).get(2);
  assert.ok(pid !== undefined);
  process.kill(pid, 'SIGKILL');
  const again = await until(
    'another process of the node',
    () => {
      const found = nodePids(folder).get(2);
      return found === pid ? undefined : found;
    },
    clusterMs,
  );
  assert.ok(isRunning(again));
  const client = await waxwing.connect(await waxwing.brokerUrl(brokerId));
  assert.deepEqual(await client.take('ledger', 5), bodies.slice(20, 25));
  await client.close();
});
