// Pairs of Debian's ActiveMQ, created by the API and used by ActiveMQ's Java client over TLS.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connect, type TLSSocket } from 'node:tls';
import {
  DeleteBrokerCommand,
  DescribeBrokerInstanceOptionsCommand,
  RebootBrokerCommand,
  UpdateUserCommand,
} from '@aws-sdk/client-mq';
import { readable } from '../../../src/cli/drill/plain-text.ts';
import { findPairInstallation } from '../../../src/engines/activemq/installation.ts';
import { mountpointOf } from '../../../src/volumes/mountpoint.ts';
import { mountsOn } from '../../../src/volumes/mounts.ts';
import {
  brokerRequest,
  createKey,
  describeBroker,
  password,
  underKey,
} from '../../support/broker-requests.ts';
import {
  brokerXml,
  createConfiguration,
  updateConfiguration,
} from '../../support/configuration-requests.ts';
import { JavaProgram } from '../../support/java-programs.ts';
import { disableKey, enableKey, grantsOn } from '../../support/keys.ts';
import { linesIn } from '../../support/log-lines.ts';
import { leftIn } from '../../support/mountpoints.ts';
import { until } from '../../support/processes.ts';
import { isLong } from '../../support/proof.ts';
import { hiddenTexts, placesUnder } from '../../support/readable.ts';
import { serviceMetrics } from '../../support/service-metric.ts';
import { Waxwing } from '../../support/waxwing.ts';

const client = await JavaProgram.compile(
  join(import.meta.dirname, '../../../../tests/engines/activemq'),
  'PairClient',
);
const found = await findPairInstallation(process.env);
const skip =
  typeof client === 'string'
    ? client
    : typeof found === 'string'
      ? `pairs of ActiveMQ cannot run here: ${found}`
      : false;
const java = client as JavaProgram; // otherwise every test is skipped

let waxwing: Waxwing;
let keyArn = '';
let brokerId = '';
let urls: string[] = [];
let mountpoint = '';

const body = 'canary-body-of-a-pair';
const newPassword = 'canary-new-password';

before(async () => {
  if (skip !== false) return;
  waxwing = await Waxwing.start({ args: ['--no-default-broker'] });
  keyArn = await createKey(waxwing);
  const { Id = '' } = await createConfiguration(waxwing);
  const entries = ['read', 'write', 'admin'].map((right) => `${right}="staff"`).join(' ');
  const advisories =
    '<authorizationEntry topic="ActiveMQ.Advisory.&gt;" read="staff,others" write="staff,others" admin="staff,others"/>';
  const rights = `<authorizationEntry queue="&gt;" ${entries}/>${advisories}`;
  await updateConfiguration(
    waxwing,
    Id,
    brokerXml(
      '<destinationPolicy><policyMap><policyEntries>' +
        '<policyEntry queue="&gt;" queuePrefetch="10"/></policyEntries></policyMap></destinationPolicy>' +
        '<plugins><authorizationPlugin><map><authorizationMap><authorizationEntries>' +
        `${rights}</authorizationEntries></authorizationMap></map></authorizationPlugin></plugins>`,
    ),
  );
  const request = brokerRequest({
    EngineType: 'ACTIVEMQ',
    DeploymentMode: 'ACTIVE_STANDBY_MULTI_AZ',
    HostInstanceType: 'mq.m5.large',
    Configuration: { Id, Revision: 2 },
    Logs: { General: true },
    Users: [
      { Username: 'worker', Password: password, Groups: ['staff'] },
      { Username: 'guest', Password: password, Groups: ['others'] },
    ],
    ...underKey(keyArn),
  });
  const { BrokerId = '' } = await waxwing.mq.send(request);
  brokerId = BrokerId;
  await look();
  await java.trust(join(waxwing.folder.data, 'ca.pem'));
});

after(async () => {
  if (skip !== false) return;
  await waxwing.remove();
  java.remove();
});

/** Reads where the broker listens, and where its volume is mounted. */
async function look(): Promise<void> {
  const { BrokerInstances = [] } = await waxwing.brokerIs(brokerId, 'RUNNING', 120_000);
  urls = BrokerInstances.map(({ Endpoints = [] }) => Endpoints[0] ?? '');
  const [volume = ''] = readdirSync(join(waxwing.folder.data, 'pairs', brokerId));
  mountpoint = mountpointOf(waxwing.folder.data, volume);
}

const settings = (user = 'worker', secret = password) => ({
  BROKER_URL: `failover:(${urls.join(',')})?randomize=false&startupMaxReconnectAttempts=60`,
  BROKER_USER: user,
  BROKER_PASSWORD: secret,
});

/** The Java machines of the pair, by the number of their instance. */
function machines(): Map<number, number> {
  const pids = new Map<number, number>();
  for (const name of readdirSync('/proc').filter((each) => /^\d+$/.test(each))) {
    const text = argumentsOf(name);
    const [, number] = text.includes(mountpoint)
      ? (/instance-(\d)\/activemq\.xml/.exec(text) ?? [])
      : [];
    if (number !== undefined && text.includes('activemq.jar'))
      pids.set(Number(number), Number(name));
  }
  return pids;
}

function argumentsOf(pid: string | number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return ''; // it has ended
  }
}

test('a pair has two endpoints, and only those that ActiveMQ on this machine can open', {
  skip,
}, async () => {
  const { BrokerInstances = [], EngineVersion } = await describeBroker(waxwing, brokerId);
  assert.equal(BrokerInstances.length, 2);
  const schemes = BrokerInstances[0]?.Endpoints?.map((url) => url.replace(/:.*/, ''));
  assert.deepEqual(schemes, ['ssl', 'stomp+ssl']);
  const all = BrokerInstances.flatMap(({ Endpoints = [] }) => Endpoints);
  assert.equal(new Set(all).size, 4);
  const options = await waxwing.mq.send(
    new DescribeBrokerInstanceOptionsCommand({ EngineType: 'ACTIVEMQ' }),
  );
  const ofPairs = options.BrokerInstanceOptions?.filter(({ SupportedDeploymentModes = [] }) =>
    SupportedDeploymentModes.includes('ACTIVE_STANDBY_MULTI_AZ'),
  );
  const versions = new Set(
    ofPairs?.flatMap(({ SupportedEngineVersions = [] }) => SupportedEngineVersions),
  );
  assert.deepEqual([...versions], [EngineVersion]);
  const grants = (await grantsOn(waxwing.kms, keyArn)).map(({ Name }) => Name);
  assert.equal(grants.length, 2);
});

test('the kill of the active instance loses no confirmed message', { skip }, async () => {
  const count = isLong ? 1500 : 300;
  const confirmed: string[] = [];
  const before = machines();
  assert.deepEqual([...before.keys()].sort(), [1, 2]);
  await java.run(['send', 'orders', body, String(count)], settings(), (line) => {
    confirmed.push(line);
    if (confirmed.length === count / 3) process.kill(before.get(1) ?? 0, 'SIGKILL');
  });
  assert.equal(confirmed.length, count);
  await until('the killed instance runs again', () => machines().size === 2, 60_000);
  assert.notEqual(machines().get(1), before.get(1));
  assert.equal(machines().get(2), before.get(2));
  const [taken = ''] = await java.run(['take', 'orders', String(count)], settings());
  assert.match(taken, new RegExp(`^taken ${count} repeated `));
});

test('nothing that a pair stores is readable below its volume', { skip }, async () => {
  await java.run(['send', 'canary-queue', body, '200'], settings());
  const above = hiddenTexts(body, 'canary-queue', password);
  assert.notDeepEqual(readable(above, placesUnder(mountpoint)), []);
  assert.deepEqual(readable(above, placesUnder(waxwing.folder.data)), []);
  for (const pid of machines().values()) {
    const shown = ['cmdline', 'environ'].map((name) => ({
      name,
      bytes: readFileSync(`/proc/${pid}/${name}`),
    }));
    assert.deepEqual(readable(hiddenTexts(password), shown), []);
  }
});

/** The values of a metric of the pair, by its instance and its queue or topic. */
async function metric(name: string): Promise<Record<string, number>> {
  const found = (await serviceMetrics(waxwing)).matchAll(/^(\w+)\{([^}]*)\} ([\d.]+)$/gm);
  return Object.fromEntries(
    [...found]
      .filter(([, own]) => own === `waxwing_${name}`)
      .map(([, , labels = '', value]) => {
        const words = ['node', 'queue', 'topic'].map(
          (label) => new RegExp(`(?:^|,)${label}="([^"]*)"`).exec(labels)?.[1],
        );
        return [words.filter((word) => word !== undefined).join(' '), Number(value)];
      }),
  );
}

/** Waits until a metric has a value, which is stated every five seconds. */
async function metricIs(name: string, of: string, value: number | undefined): Promise<void> {
  let last: Record<string, number> = {};
  await until(
    () => `waxwing_${name} is ${value} of ${of}, not ${JSON.stringify(last)}`,
    async () => {
      last = await metric(name);
      return last[of] === value;
    },
    30_000,
  );
}

/** A consumer of STOMP over TLS, once the broker has answered its subscription. */
async function subscribed(destination: string): Promise<TLSSocket> {
  const { BrokerInstances = [] } = await describeBroker(waxwing, brokerId);
  // The second instance is active.
  const url = BrokerInstances[1]?.Endpoints?.find((each) => each.startsWith('stomp+ssl:'));
  const { hostname, port } = new URL(url ?? '');
  const socket = connect({ host: hostname, port: Number(port), ca: waxwing.ca });
  const frame = (head: readonly string[]) => socket.write(`${head.join('\n')}\n\n\0`);
  frame(['CONNECT', 'accept-version:1.2', 'host:pair', 'login:worker', `passcode:${password}`]);
  frame(['SUBSCRIBE', 'id:0', `destination:${destination}`, 'receipt:subscribed']);
  let text = '';
  for await (const part of socket.iterator({ destroyOnReturn: false })) {
    text += String(part);
    if (text.includes('receipt-id:subscribed')) return socket;
    assert.ok(!text.includes('ERROR'), text);
  }
  throw new Error(`no answer: ${text}`);
}

test('the active instance has metrics, as Amazon MQ names it', { skip }, async () => {
  const { BrokerName = '' } = await describeBroker(waxwing, brokerId);
  const [standby, active] = [`${BrokerName}-1`, `${BrokerName}-2`];
  assert.deepEqual(await metric('instance_active'), { [standby]: 0, [active]: 1 });
  await metricIs('queue_messages_ready', `${active} canary-queue`, 200);
  assert.equal((await metric('queue_messages_ready'))[`${active} orders`], 0);
  const count = isLong ? 1500 : 300;
  // Before the takeover, the other instance counted.
  const published = await metric('queue_messages_published_total');
  assert.equal(published[`${active} canary-queue`], 200);
  assert.ok((published[`${active} orders`] ?? count) < count, JSON.stringify(published));
  assert.equal((await metric('queue_messages_settled_total'))[`${active} canary-queue`], 0);
  await metricIs('connections', active, 0);
  const consumer = await subscribed('/queue/orders');
  await metricIs('queue_consumers', `${active} orders`, 1);
  assert.deepEqual(await metric('connections'), { [active]: 1 });
  assert.deepEqual(await metric('consumers'), { [active]: 1 });
  consumer.destroy();
  await metricIs('queue_consumers', `${active} orders`, 0);
  const heap = (await metric('heap_bytes'))[active] ?? 0;
  assert.ok(heap > 2 ** 20 && heap < ((await metric('heap_limit_bytes'))[active] ?? 0));
  for (const name of ['cpu_seconds_total', 'memory_bytes']) {
    const found = await metric(name);
    assert.deepEqual(Object.keys(found).sort(), [standby, active]);
    assert.ok(Object.values(found).every((value) => value > 0));
  }
  const named = Object.keys(await metric('topic_consumers'));
  assert.deepEqual(
    named.filter((name) => name.includes('ActiveMQ.Advisory')),
    [],
  );
});

test('an instance that stands still has no values, and the same ones when it goes on', {
  skip: skip || (isLong ? false : 'only in the long run: it takes 20 seconds'),
}, async () => {
  const { BrokerName = '' } = await describeBroker(waxwing, brokerId);
  const queue = `${BrokerName}-2 canary-queue`;
  const pid = machines().get(2) ?? 0;
  process.kill(pid, 'SIGSTOP');
  try {
    await metricIs('queue_messages_ready', queue, undefined);
    assert.deepEqual(await metric('heap_bytes'), {});
    assert.equal((await metric('memory_bytes'))[`${BrokerName}-2`] !== undefined, true);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  await metricIs('queue_messages_ready', queue, 200);
});

/** Takes all messages of a queue, each once. */
async function takesAll(count: number): Promise<void> {
  const args = ['take', 'canary-queue', String(count)];
  const [taken] = await java.run(args, settings('worker', newPassword));
  assert.equal(taken, `taken ${count} repeated 0`);
}

test('users and their groups decide, and a reboot changes a password', { skip }, async () => {
  const [refused = ''] = await java.run(['send', 'orders', body, '1'], settings('guest'));
  assert.match(refused, /not authorized to write/);
  const stranger = settings('worker', 'not-the-password');
  const [wrong = ''] = await java.run(['take', 'orders', '1'], stranger);
  assert.match(wrong, /User name \[worker\] or password is invalid/);
  await waxwing.mq.send(
    new UpdateUserCommand({ BrokerId: brokerId, Username: 'worker', Password: newPassword }),
  );
  await waxwing.mq.send(new RebootBrokerCommand({ BrokerId: brokerId }));
  await look();
  await takesAll(200);
});

test('a disabled key stops both instances and unmounts the volume; enabling it loses nothing', {
  skip,
}, async () => {
  await java.run(['send', 'canary-queue', body, '50'], settings('worker', newPassword));
  await disableKey(waxwing.kms, keyArn);
  const { ActionsRequired } = await waxwing.brokerIs(brokerId, 'CRITICAL_ACTION_REQUIRED', 120_000);
  assert.equal(ActionsRequired?.[0]?.ActionRequiredCode, 'BROKER_INVALID_KMS_KEY');
  await until('the instances have ended', () => machines().size === 0, 60_000);
  await until('nothing is mounted', async () => (await mountsOn(mountpoint)).length === 0, 60_000);
  assert.deepEqual(await metric('instance_active'), {});
  assert.deepEqual(leftIn(mountpoint), []);
  await enableKey(waxwing.kms, keyArn);
  await until('the instances are started', () => machines().size === 2, 120_000);
  // A short run kills the service now: a start of two instances takes six seconds of processor time.
  if (isLong) await look();
});

test('a killed service leaves no process, and its next start has every message', {
  skip,
}, async () => {
  await waxwing.kill();
  await until('the instances have ended', () => machines().size === 0, 60_000);
  await waxwing.restart();
  await look();
  const { BrokerName = '' } = await describeBroker(waxwing, brokerId);
  // What the store has counts, and nothing of the process before.
  await metricIs('queue_messages_ready', `${BrokerName}-1 canary-queue`, 50);
  assert.deepEqual(await metric('messages_ready'), { [`${BrokerName}-1`]: 50 });
  assert.deepEqual(await metric('messages_published_total'), { [`${BrokerName}-1`]: 0 });
  await takesAll(50);
});

test('the log of the broker has what the instances said, without secrets', { skip }, async () => {
  assert.equal(await waxwing.stop(), 0);
  assert.deepEqual(await mountsOn(mountpoint), []);
  assert.equal(machines().size, 0);
  const lines = await linesIn(waxwing.folder);
  const has = (pattern: RegExp) =>
    assert.ok(
      lines.some((line) => pattern.test(line)),
      `${pattern}`,
    );
  has(
    /lacks AMQP \(amqp\+ssl\), MQTT \(mqtt\+ssl\), WebSocket \(wss\): the broker has no endpoints for them; pairs have no console of ActiveMQ/,
  );
  has(/instance 1 ended: signal SIGKILL/);
  has(/instance 2 is active/);
  has(/instance [12]: .*User name \[worker\] or password is invalid/);
  const text = lines.join('\n');
  for (const secret of [password, newPassword, 'not-the-password', body]) {
    assert.ok(!text.includes(secret), secret);
  }
});

test('a deleted pair leaves no process, no mount and no file', { skip }, async () => {
  await waxwing.restart();
  await until('the instances are started', () => machines().size === 2, 120_000);
  await waxwing.mq.send(new DeleteBrokerCommand({ BrokerId: brokerId }));
  const folder = join(waxwing.folder.data, 'pairs', brokerId);
  await until('its folder is gone', () => !existsSync(folder), 60_000);
  assert.equal(machines().size, 0);
  assert.ok(!existsSync(mountpoint));
});
