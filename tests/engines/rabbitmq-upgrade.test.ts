import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { CreateBrokerCommand, RebootBrokerCommand, UpdateBrokerCommand } from '@aws-sdk/client-mq';
import type { EventRecord } from '../../src/audit/record.ts';
import { systemClock } from '../../src/base/clock.ts';
import { HttpsClient } from '../../src/net/http/https-client.ts';
import { AmqpClient } from '../support/amqp-client.ts';
import { createKey, describeBroker, password, underKey } from '../support/broker-requests.ts';
import {
  clusterFolder,
  clusterMs,
  clusterRequest,
  clustersMissing,
  describedAs,
  isComplete,
  nodePids,
  removeClusters,
} from '../support/cluster-machine.ts';
import { ConfirmedPublisher } from '../support/confirmed-publisher.ts';
import { disableKey, enableKey } from '../support/keys.ts';
import { until } from '../support/processes.ts';
import { isLong } from '../support/proof.ts';
import { trailEvents } from '../support/trail-events.ts';
import { secondVersionMissing, TwoRabbitMqs } from '../support/two-rabbitmqs.ts';
import { Waxwing } from '../support/waxwing.ts';

// A real cluster gets another version of RabbitMQ while clients publish and consume.

const skip =
  (await clustersMissing()) ??
  (isLong ? undefined : 'part of the long tests') ??
  secondVersionMissing() ??
  false;
const queue = 'ledger';
/** The versions as the service knows them; see `TwoRabbitMqs`. */
const [from, to] = ['3.9', '3.10'];
const upgradeMs = 3 * clusterMs;

let rabbitMqs: TwoRabbitMqs;
before(async () => {
  if (!skip) rabbitMqs = await TwoRabbitMqs.make();
});
after(() => {
  if (!skip) rabbitMqs.remove();
});

let waxwing: Waxwing;
let keyArn = '';
let brokerId = '';
let folder = '';
afterEach(() => (skip ? undefined : removeClusters(waxwing)));

/** A service with a cluster of the older version. */
async function olderCluster(): Promise<void> {
  const args = ['--no-default-broker'];
  waxwing = await Waxwing.start({ args, env: rabbitMqs.variables });
  keyArn = await createKey(waxwing);
  const request = {
    BrokerName: 'ledger',
    EngineVersion: from,
    PubliclyAccessible: false,
    Users: [{ Username: 'admin', Password: password }],
    ...clusterRequest,
    ...underKey(keyArn),
  };
  const { BrokerId = '' } = await waxwing.mq.send(new CreateBrokerCommand(request));
  brokerId = BrokerId;
  await waxwing.brokerIs(brokerId, 'RUNNING', clusterMs);
  folder = clusterFolder(waxwing, brokerId);
  await complete();
}

const complete = () => until('the cluster is complete', () => isComplete(waxwing, 3), clusterMs);

async function askForUpgrade(): Promise<void> {
  await waxwing.mq.send(new UpdateBrokerCommand({ BrokerId: brokerId, EngineVersion: to }));
  await waxwing.mq.send(new RebootBrokerCommand({ BrokerId: brokerId }));
}

/** What the management API of the cluster answers to the user of the request. */
async function asked(path: string): Promise<Record<string, unknown>[]> {
  const { BrokerInstances } = await describeBroker(waxwing, brokerId);
  const url = new URL(`/api${path}`, BrokerInstances?.[0]?.ConsoleURL);
  const api = new HttpsClient({ authorities: waxwing.ca, clock: systemClock });
  const Authorization = `Basic ${Buffer.from(`admin:${password}`).toString('base64')}`;
  const headers = { Authorization };
  const { status, body } = await api.send(url, { method: 'GET', headers, body: undefined });
  assert.equal(status, 200, body.toString());
  return JSON.parse(body.toString());
}

/** Proves that all nodes run the newer version, with everything that it has. */
async function isUpgraded(): Promise<void> {
  const found = await describeBroker(waxwing, brokerId);
  assert.deepEqual(
    [found.EngineVersion, found.PendingEngineVersion, found.ActionsRequired],
    [to, undefined, []],
  );
  await complete();
  const nodes = await asked('/nodes');
  const versions = nodes.map(({ applications }) =>
    (applications as { name: string; version: string }[])
      .filter(({ name }) => name === 'rabbit')
      .map(({ version }) => version),
  );
  assert.deepEqual(versions, [['3.10.8'], ['3.10.8'], ['3.10.8']]);
  const flags = await asked('/feature-flags');
  assert.ok(
    flags.some(({ name }) => name === 'stream_queue'),
    'a flag of the newer version',
  );
  const isOff = ({ state, stability }: Record<string, unknown>) =>
    stability === 'stable' && state !== 'enabled';
  assert.deepEqual(flags.filter(isOff), []);
}

/** Publishes and consumes meanwhile. Proves that nothing is lost, and that two nodes always run. */
async function losesNothing(meanwhile: () => Promise<void>, hasMajority = true): Promise<void> {
  const url = await waxwing.brokerUrl(brokerId);
  const place = { url, ca: waxwing.ca, queue };
  const publishers = ['one', 'two'].map((name) => new ConfirmedPublisher(place, name));
  const confirmed = () => publishers.reduce((sum, each) => sum + each.confirmed.size, 0);
  const received = new Set<string>();
  const consumer = consume(place, received);
  let fewest = 3;
  const counting = setInterval(() => {
    fewest = Math.min(fewest, nodePids(folder).size);
  }, 100);
  try {
    await until('messages are consumed', () => received.size > 500, clusterMs);
    await meanwhile();
    const before = received.size;
    await until('messages are consumed again', () => received.size > before + 500, clusterMs);
  } finally {
    clearInterval(counting);
    await Promise.all(publishers.map((publisher) => publisher.end()));
  }
  const isMissing = (body: string) => !received.has(body);
  const missing = () => publishers.flatMap((each) => [...each.confirmed].filter(isMissing));
  await until(
    () => `${missing().length} of ${confirmed()} confirmed messages arrive`,
    () => missing().length === 0,
    clusterMs,
  );
  await consumer.end();
  if (hasMajority) assert.equal(fewest, 2);
}

/** Consumes with acknowledgements, and connects again when its connection is lost. */
function consume(
  { url, ca }: { readonly url: string; readonly ca: string },
  received: Set<string>,
): { end(): Promise<void> } {
  let isEnding = false;
  let end = () => {};
  const asked = new Promise<void>((resolve) => {
    end = resolve;
  });
  const once = async () => {
    const client = await AmqpClient.connect(url, ca);
    try {
      const channel = await client.model.createChannel();
      channel.on('error', () => {});
      await channel.prefetch(100);
      await channel.consume(queue, (message) => {
        if (message === null) return;
        received.add(message.content.toString());
        channel.ack(message);
      });
      await Promise.race([client.ended, asked]);
    } finally {
      await client.close().catch(() => {}); // it is closed already
    }
  };
  const all = async () => {
    while (!isEnding) {
      await once().catch(() => {}); // no node was there
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  const ended = all();
  return {
    end: () => {
      isEnding = true;
      end();
      return ended;
    },
  };
}

/** The upgrade in the trail: which node got which version. */
async function upgradeEvents(): Promise<string[]> {
  const names = ['UpgradeNode', 'StopUpgrade', 'CompleteUpgrade'];
  const events = (await trailEvents(waxwing)).filter(({ eventName }) => names.includes(eventName));
  return events.map(({ eventName, serviceEventDetails }: EventRecord) => {
    const { node = '' } = (serviceEventDetails ?? {}) as { node?: number };
    return `${eventName} ${node}`.trim();
  });
}

test('nodes are upgraded one by one, while clients publish and consume', { skip }, async () => {
  await olderCluster();
  await losesNothing(async () => {
    await askForUpgrade();
    await waxwing.brokerIs(brokerId, 'RUNNING', upgradeMs);
  });
  await isUpgraded();
  assert.deepEqual(await upgradeEvents(), [
    'UpgradeNode 3',
    'UpgradeNode 2',
    'UpgradeNode 1',
    'CompleteUpgrade',
  ]);
  const downgrade = new UpdateBrokerCommand({ BrokerId: brokerId, EngineVersion: from });
  await assert.rejects(waxwing.mq.send(downgrade), /downgrades are not supported/);
});

test('no second node is taken while one does not run with the new version', { skip }, async () => {
  await olderCluster();
  rabbitMqs.break();
  try {
    await losesNothing(async () => {
      await askForUpgrade();
      const action = (await describedAs(waxwing, brokerId, 'CRITICAL_ACTION_REQUIRED'))
        .ActionsRequired?.[0];
      assert.equal(action?.ActionRequiredCode, 'BROKER_UPGRADE_STOPPED');
      assert.match(action?.ActionRequiredInfo ?? '', /node 3 does not run with it.*exit code 3/);
      assert.deepEqual([...nodePids(folder).keys()].toSorted(), [1, 2]);
      const other = new UpdateBrokerCommand({ BrokerId: brokerId, EngineVersion: from });
      await assert.rejects(
        waxwing.mq.send(other),
        /An upgrade to engine version \[3.10\] has begun/,
      );
    });
    // Another start of the service changes nothing: two nodes run, and the reason is stated.
    await waxwing.kill();
    await waxwing.restart();
    const stoppedTwice = ['UpgradeNode 3', 'StopUpgrade', 'StopUpgrade'];
    await until(
      'the upgrade has stopped again',
      async () => isDeepStrictEqual(await upgradeEvents().catch(() => []), stoppedTwice),
      upgradeMs,
    );
    const { ActionsRequired } = await describedAs(waxwing, brokerId, 'CRITICAL_ACTION_REQUIRED');
    assert.equal(ActionsRequired?.[0]?.ActionRequiredCode, 'BROKER_UPGRADE_STOPPED');
    assert.deepEqual([...nodePids(folder).keys()].toSorted(), [1, 2]);
    await losesNothing(async () => {});
  } finally {
    rabbitMqs.repair();
  }
  await losesNothing(async () => {
    await waxwing.mq.send(new RebootBrokerCommand({ BrokerId: brokerId }));
    await waxwing.brokerIs(brokerId, 'RUNNING', upgradeMs);
  });
  await isUpgraded();
});

/** Resolves when this many nodes have the newer version, or begin to. */
const areTaken = (count: number) =>
  until(`${count} nodes are taken`, async () => (await upgradeEvents()).length >= count, upgradeMs);

test('an upgrade goes on after the service was killed', { skip }, async () => {
  await olderCluster();
  await losesNothing(async () => {
    await askForUpgrade();
    await areTaken(2);
    await waxwing.kill();
    await waxwing.restart();
    await waxwing.brokerIs(brokerId, 'RUNNING', upgradeMs);
  }, false);
  await isUpgraded();
  const taken = (await upgradeEvents()).filter((text) => text.startsWith('UpgradeNode'));
  assert.deepEqual(taken, ['UpgradeNode 3', 'UpgradeNode 2', 'UpgradeNode 1']);
});

test('an upgrade is given up when the key is disabled, and goes on', { skip }, async () => {
  await olderCluster();
  await losesNothing(async () => {
    await askForUpgrade();
    await areTaken(1);
    await disableKey(waxwing.kms, keyArn);
    const { ActionsRequired } = await describedAs(waxwing, brokerId, 'CRITICAL_ACTION_REQUIRED');
    assert.equal(ActionsRequired?.[0]?.ActionRequiredCode, 'RABBITMQ_INVALID_KMS_KEY');
    await until('the nodes have ended', () => nodePids(folder).size === 0, clusterMs);
    await enableKey(waxwing.kms, keyArn);
    await waxwing.brokerIs(brokerId, 'RUNNING', upgradeMs);
  }, false);
  await isUpgraded();
});
