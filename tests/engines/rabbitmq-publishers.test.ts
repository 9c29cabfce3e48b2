import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CreateBrokerCommand } from '@aws-sdk/client-mq';
import { createKey, password, underKey } from '../support/broker-requests.ts';
import {
  clusterFolder,
  clusterMs,
  clusterRequest,
  clustersMissing,
  engineVariables,
  isComplete,
  nodePids,
  removeClusters,
} from '../support/cluster-machine.ts';
import { ConfirmedPublisher } from '../support/confirmed-publisher.ts';
import { disableKey, enableKey } from '../support/keys.ts';
import { isRunning, until } from '../support/processes.ts';
import { isLong } from '../support/proof.ts';
import { Waxwing } from '../support/waxwing.ts';

// Publishers of a real cluster, while its nodes are killed and its key is taken away: every confirmed
// message is there afterwards.

const skip = (await clustersMissing()) ?? (isLong ? false : 'part of the long tests');
const queue = 'ledger';

let waxwing: Waxwing;
let keyArn = '';
let brokerId = '';
let folder = '';
/** Of the endpoint, which stays the same when the service starts again. */
let url = '';
let ca = '';
before(async () => {
  if (skip) return;
  waxwing = await Waxwing.start({ args: ['--no-default-broker'], env: engineVariables });
  keyArn = await createKey(waxwing);
  const request = {
    BrokerName: 'ledger',
    PubliclyAccessible: false,
    Users: [{ Username: 'admin', Password: password }],
    ...clusterRequest,
    ...underKey(keyArn),
  };
  const { BrokerId = '' } = await waxwing.mq.send(new CreateBrokerCommand(request));
  brokerId = BrokerId;
  await waxwing.brokerIs(brokerId, 'RUNNING', clusterMs);
  folder = clusterFolder(waxwing, brokerId);
  url = await waxwing.brokerUrl(brokerId);
  ca = waxwing.ca;
  await complete();
});
after(() => (skip ? undefined : removeClusters(waxwing)));

const complete = () => until('the cluster is complete', () => isComplete(waxwing, 3), clusterMs);

/** Publishes from two clients meanwhile, and proves that all that was confirmed can be consumed. */
async function losesNothing(meanwhile: () => Promise<void>): Promise<void> {
  const publishers = ['one', 'two'].map(
    (name) => new ConfirmedPublisher({ url, ca, queue }, `${name} ${Math.random()}`),
  );
  const count = () => publishers.reduce((sum, { confirmed }) => sum + confirmed.size, 0);
  try {
    await until('messages are confirmed', () => count() > 500, clusterMs);
    await meanwhile();
    const before = count();
    await until('messages are confirmed again', () => count() > before + 500, clusterMs);
  } finally {
    await Promise.all(publishers.map((publisher) => publisher.end()));
  }
  const client = await waxwing.connect(await waxwing.brokerUrl(brokerId));
  const channel = await client.model.createChannel();
  await channel.prefetch(500);
  const left = new Set(publishers.flatMap(({ confirmed }) => [...confirmed]));
  const sum = left.size;
  const { consumerTag } = await channel.consume(queue, (message) => {
    if (message === null) return;
    left.delete(message.content.toString());
    channel.ack(message);
  });
  await until(
    () => `${left.size} of ${sum} messages arrive`,
    () => left.size === 0,
    clusterMs,
  );
  await channel.cancel(consumerTag);
  await channel.close();
  await client.close();
  assert.equal(left.size, 0);
}

for (const number of [1, 2, 3]) {
  test(`no confirmed message is lost when node ${number} is killed`, { skip }, () =>
    losesNothing(async () => {
      const pid = nodePids(folder).get(number);
      assert.ok(pid !== undefined);
      process.kill(pid, 'SIGKILL');
      await until('it has ended', () => !isRunning(pid));
      await complete();
    }),
  );
}

test('no confirmed message is lost when the key is disabled and enabled', { skip }, () =>
  losesNothing(async () => {
    await disableKey(waxwing.kms, keyArn);
    await waxwing.brokerIs(brokerId, 'CRITICAL_ACTION_REQUIRED', clusterMs);
    await until('the nodes have ended', () => nodePids(folder).size === 0, clusterMs);
    await enableKey(waxwing.kms, keyArn);
    await waxwing.brokerIs(brokerId, 'RUNNING', clusterMs);
    await complete();
  }),
);

test('no confirmed message is lost when the service is killed', { skip }, () =>
  losesNothing(async () => {
    await waxwing.kill();
    await waxwing.restart();
    await waxwing.brokerIs(brokerId, 'RUNNING', clusterMs);
    await complete();
  }),
);
