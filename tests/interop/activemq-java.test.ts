import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ActiveMqHost } from '../support/activemq-host.ts';
import { password } from '../support/broker-requests.ts';
import { JavaProgram } from '../support/java-programs.ts';
import { until } from '../support/processes.ts';
import { isLong } from '../support/proof.ts';
import { Waxwing } from '../support/waxwing.ts';

// ActiveMQ's own Java client over TLS.
const program = await JavaProgram.compile(
  join(import.meta.dirname, '../../../tests/interop/openwire'),
  'JmsScenarios',
);
const skip = typeof program === 'string' ? program : false;
const java = program as JavaProgram; // otherwise every test is skipped

let host: ActiveMqHost;

const inMemory = '<pendingQueuePolicy><vmQueueCursor/></pendingQueuePolicy>';
const policies =
  '<destinationPolicy><policyMap><policyEntries>' +
  `<policyEntry queue="limited" memoryLimit="8kb" advisoryWhenFull="true">${inMemory}</policyEntry>` +
  `<policyEntry queue="refusing" memoryLimit="8kb" sendFailIfNoSpace="true">${inMemory}</policyEntry>` +
  '<policyEntry queue="told" advisoryForDelivery="true"/>' +
  '</policyEntries></policyMap></destinationPolicy>';

before(async () => {
  if (skip !== false) return;
  host = await ActiveMqHost.start(policies);
});

after(async () => {
  if (skip !== false) return;
  await service?.remove();
  await host.close();
  java.remove();
});

const scenarioNames = [
  'types',
  'acknowledge',
  'topics',
  'browse',
  'requests',
  'redelivery',
  'transactions',
  'refusals',
  'pull',
  'large',
  'window',
  'refused',
  'advisories',
] as const;

/** Runs all scenarios in one process, with the broker in this one. Returns what each printed. */
async function runScenarios(): Promise<Map<string, string[]>> {
  const url = `ssl://localhost:${host.portOf('openwire+ssl')}`;
  const env = {
    BROKER_URL: url,
    BROKER_USER: 'bob',
    BROKER_PASSWORD: 'a long password',
    BROKER_CA_FILE: host.caFile,
  };
  const outputs = new Map<string, string[]>();
  let lines: string[] = [];
  for (const line of await java.run([scenarioNames.join()], env)) {
    if (line.startsWith('# ')) {
      lines = [];
      outputs.set(line.slice(2), lines);
    } else lines.push(line);
  }
  return outputs;
}

let running: Promise<Map<string, string[]>> | undefined;

/** What a scenario printed. */
async function scenario(name: (typeof scenarioNames)[number]): Promise<string[]> {
  running ??= runScenarios();
  return (await running).get(name) ?? [];
}

test('messages of all types arrive with their properties', { skip }, async () => {
  assert.deepEqual(await scenario('types'), [
    `true x 1 ${-(2n ** 63n)} 0.5 true`,
    'c kind topic://answers queue://types 1 7 true false true',
    '42',
    '1 zwei',
    '3 four',
    '[five]',
    'false',
    'null',
  ]);
});

test('every acknowledgement mode settles the right messages', { skip }, async () => {
  assert.deepEqual(await scenario('acknowledge'), ['1: d', '2: c+ d', '3: d', '4: a+ c+ d']);
});

test('topics, selectors, noLocal and durable subscriptions work', { skip }, async () => {
  assert.deepEqual(await scenario('topics'), [
    'at 2, at 3',
    'at 2, nothing',
    'nothing',
    'at 2',
    'missed',
    'No durable subscription exists for clientID: topics and subscriptionName: tea',
  ]);
});

test('a browser sees more messages than its prefetch, and selected messages', {
  skip,
}, async () => {
  assert.deepEqual(await scenario('browse'), ['700', '350', 'm1']);
});

test('requests are answered over temporary queues', { skip }, async () => {
  assert.deepEqual(await scenario('requests'), ['50']);
});

test('a message that is rolled back too often is dead-lettered', { skip }, async () => {
  assert.deepEqual(await scenario('redelivery'), [
    'bad 1 false',
    'bad 2 true',
    'bad 3 true',
    'nothing',
    'bad queue://ActiveMQ.DLQ',
  ]);
});

test('transactions work, even if larger than the prefetch', { skip }, async () => {
  assert.deepEqual(await scenario('transactions'), ['two', 'two true', '2500 nothing']);
});

test('errors have the JMS exception classes', { skip }, async () => {
  assert.deepEqual(await scenario('refusals'), [
    'User name [bob] or password is invalid.',
    'Broker: b1 - Client: same already connected from',
    'a bad selector',
    'a deleted destination: DestinationDoesNotExistException',
  ]);
});

test('a consumer with prefetch 0 works', { skip }, async () => {
  assert.deepEqual(await scenario('pull'), ['nothing nothing', 'a b nothing']);
});

test('large messages work, plain and compressed', { skip }, async () => {
  assert.deepEqual(await scenario('large'), ['true', 'true']);
});

test('a producer with a window waits until a full queue has room', { skip }, async () => {
  assert.deepEqual(await scenario('window'), ['memory', 'true', '20 false']);
});

test('a full queue refuses messages if producers may not wait', { skip }, async () => {
  assert.deepEqual(await scenario('refused'), ['5 javax.jms.ResourceAllocationException']);
});

test("ActiveMQ's client accepts the advisories", { skip }, async () => {
  assert.deepEqual(await scenario('advisories'), [
    'Advisory queue://told',
    'true',
    'queue://told',
    'listed',
  ]);
});

/** The process of a broker; -1 while the lock of its volume is being written. */
function pidOf(waxwing: Waxwing, brokerId: string): number {
  try {
    return waxwing.brokerPid(brokerId);
  } catch {
    return -1;
  }
}

/** A broker in a process of its own, which can be killed. */
interface OwnBroker {
  readonly run: (args: readonly string[], said?: (line: string) => void) => Promise<string[]>;
  readonly kill: () => Promise<void>;
}

let service: Waxwing | undefined;
let ownBroker: Promise<OwnBroker> | undefined;

/** The broker that tests with a kill share. */
function killable(): Promise<OwnBroker> {
  ownBroker ??= startBroker();
  return ownBroker;
}

async function startBroker(): Promise<OwnBroker> {
  const waxwing = await Waxwing.start({ args: ['--no-default-broker'] });
  service = waxwing;
  const brokerId = await waxwing.createBroker({
    EngineType: 'ACTIVEMQ',
    HostInstanceType: 'mq.m5.large',
    Users: [{ Username: 'admin', Password: password }],
  });
  const { BrokerInstances } = await waxwing.brokerIs(brokerId, 'RUNNING');
  const [endpoint = ''] = BrokerInstances?.[0]?.Endpoints ?? [];
  assert.match(endpoint, /^ssl:\/\/localhost:\d+$/);
  const env = {
    BROKER_URL: `failover:(${endpoint})?initialReconnectDelay=50&maxReconnectDelay=500`,
    BROKER_USER: 'admin',
    BROKER_PASSWORD: password,
    BROKER_CA_FILE: waxwing.environment['WAXWING_CA_FILE'] ?? '',
  };
  return {
    run: (args, said) => java.run(args, env, said),
    kill: async () => {
      const pid = waxwing.brokerPid(brokerId);
      process.kill(pid, 'SIGKILL');
      await until('another process', () => ![pid, -1].includes(pidOf(waxwing, brokerId)));
      await waxwing.brokerIs(brokerId, 'RUNNING');
    },
  };
}

test('prepared XA transactions survive a kill of the broker', { skip }, async () => {
  const { run, kill } = await killable();
  assert.deepEqual(await run(['xa-prepare']), ['in1', '0', 'in2', '0', '3', '-4']);
  await kill();
  assert.deepEqual(await run(['xa-finish']), [
    '[commit, rollback]',
    'in2 nothing',
    'out of commit nothing',
  ]);
});

test('no individually sent message is lost or duplicated when the broker is killed', {
  skip,
}, async () => {
  const { run, kill } = await killable();
  const killAt = isLong ? [300, 900, 1500, 2100] : [100];
  const count = isLong ? 2500 : 300;
  let killing: Promise<void> = Promise.resolve();
  await run(['failover-send', String(count)], (line) => {
    if (!killAt.includes(Number(line))) return;
    killing = killing.then(kill);
  });
  await killing;
  assert.deepEqual(await run(['failover-count']), [`${count} ${count}`]);
});
