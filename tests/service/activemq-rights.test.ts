import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  RebootBrokerCommand,
  UpdateBrokerCommand,
  type UpdateConfigurationCommandOutput,
  UpdateUserCommand,
} from '@aws-sdk/client-mq';
import { describeBroker, password } from '../support/broker-requests.ts';
import {
  brokerXml,
  createConfiguration,
  updateConfiguration,
} from '../support/configuration-requests.ts';
import { linesIn } from '../support/log-lines.ts';
import { isRunning, until } from '../support/processes.ts';
import { StompTlsClient } from '../support/stomp-tls-client.ts';
import { Waxwing } from '../support/waxwing.ts';

// The permissions of a configuration, by Amazon MQ's API and STOMP clients over TLS.

let waxwing: Waxwing;
let configurationId: string;
let brokerId: string;

const wrongPassword = 'canary-wrong-password';
const body = 'canary-body';

const map = (entries: string) =>
  brokerXml(
    `<plugins><authorizationPlugin><map><authorizationMap><authorizationEntries>${entries}` +
      '</authorizationEntries></authorizationMap></map></authorizationPlugin></plugins>',
  );
const everything = '<authorizationEntry queue="&gt;" read="admins" write="admins" admin="admins"/>';
const staff = '<authorizationEntry queue="staff.&gt;" read="staff" write="staff" admin="staff"/>';

before(async () => {
  waxwing = await Waxwing.start({ args: ['--no-default-broker'] });
  const { Id = '' } = await createConfiguration(waxwing);
  configurationId = Id;
  await updateConfiguration(waxwing, Id, map(everything + staff));
  brokerId = await waxwing.createBroker({
    EngineType: 'ACTIVEMQ',
    HostInstanceType: 'mq.m5.large',
    Configuration: { Id, Revision: 2 },
    Logs: { General: true },
    Users: [
      { Username: 'admin', Password: password, Groups: ['admins'] },
      { Username: 'worker', Password: password, Groups: ['staff'] },
      { Username: 'guest', Password: password },
    ],
  });
});

after(async () => {
  await waxwing.remove();
});

/** What a user's message to a queue is answered: `RECEIPT`, or the error. */
async function send(user: string, queue: string): Promise<string> {
  const { BrokerInstances } = await waxwing.brokerIs(brokerId, 'RUNNING');
  const url = BrokerInstances?.[0]?.Endpoints?.find((text) => text.startsWith('stomp+ssl:'));
  const port = Number(url?.split(':').at(-1));
  const client = await StompTlsClient.connect({ port, ca: waxwing.ca }, user, password);
  await client.frames(1);
  client.send('SEND', { destination: `/queue/${queue}`, persistent: 'true', receipt: '1' }, body);
  const [frame] = await client.frames(1);
  client.destroy();
  return frame?.headers['message'] ?? frame?.command ?? '';
}

/** Logs in with a wrong password. */
async function failLogin(): Promise<void> {
  const { BrokerInstances } = await waxwing.brokerIs(brokerId, 'RUNNING');
  const url = BrokerInstances?.[0]?.Endpoints?.find((text) => text.startsWith('stomp+ssl:'));
  const port = Number(url?.split(':').at(-1));
  const client = await StompTlsClient.connect({ port, ca: waxwing.ca }, 'admin', wrongPassword);
  await client.frames(1);
  client.destroy();
}

async function reboot(): Promise<void> {
  await waxwing.mq.send(new RebootBrokerCommand({ BrokerId: brokerId }));
  await waxwing.brokerIs(brokerId, 'RUNNING');
}

const denied = (user: string, queue: string) =>
  `User ${user} is not authorized to write to: queue://${queue}`;

test('user groups determine permissions', async () => {
  assert.equal(await send('admin', 'orders'), 'RECEIPT');
  assert.equal(await send('admin', 'staff.1'), 'RECEIPT');
  assert.equal(await send('worker', 'staff.1'), 'RECEIPT');
  assert.equal(await send('worker', 'staff.2'), 'RECEIPT');
  assert.equal(await send('worker', 'orders'), denied('worker', 'orders'));
  assert.equal(await send('guest', 'staff.1'), denied('guest', 'staff.1'));
  await failLogin();
});

test('group changes and a new revision take effect on reboot and survive a crash', async () => {
  const promote = { BrokerId: brokerId, Username: 'guest', Groups: ['staff'] };
  await waxwing.mq.send(new UpdateUserCommand(promote));
  const open = '<authorizationEntry queue="orders" write="staff"/>';
  const { LatestRevision }: UpdateConfigurationCommandOutput = await updateConfiguration(
    waxwing,
    configurationId,
    map(everything + staff + open),
  );
  const Revision = LatestRevision?.Revision ?? 0;
  const Configuration = { Id: configurationId, Revision };
  await waxwing.mq.send(new UpdateBrokerCommand({ BrokerId: brokerId, Configuration }));
  const crash = async () => {
    const pid = waxwing.brokerPid(brokerId);
    process.kill(pid, 'SIGKILL');
    await until('it ends', () => !isRunning(pid));
    await until('another process', () => {
      try {
        return waxwing.brokerPid(brokerId) !== pid;
      } catch {
        return false; // the lock is being replaced
      }
    });
    await until('it listens', () => send('admin', 'orders').catch(() => undefined));
  };
  for (const disturb of [async () => {}, crash]) {
    await disturb();
    assert.equal(await send('guest', 'staff.1'), denied('guest', 'staff.1'));
    assert.equal(await send('worker', 'orders'), denied('worker', 'orders'));
  }
  await reboot();
  for (const disturb of [async () => {}, crash]) {
    await disturb();
    assert.equal(await send('guest', 'staff.1'), 'RECEIPT');
    assert.equal(await send('worker', 'orders'), 'RECEIPT');
    assert.equal(await send('worker', 'other'), denied('worker', 'other'));
  }
});

test('a broker without an authorizationPlugin allows every user everything', async () => {
  const { LatestRevision } = await updateConfiguration(
    waxwing,
    configurationId,
    brokerXml('<networkConnectors/>'),
  );
  const Configuration = { Id: configurationId, Revision: LatestRevision?.Revision ?? 0 };
  await waxwing.mq.send(new UpdateBrokerCommand({ BrokerId: brokerId, Configuration }));
  await reboot();
  const { Configurations } = await describeBroker(waxwing, brokerId);
  assert.equal(Configurations?.Current?.Revision, Configuration.Revision);
  assert.equal(await send('worker', 'other'), 'RECEIPT');
});

test('a configuration with unenforceable permissions is refused with the reason', async () => {
  const two = map(everything).replace(/(<authorizationPlugin>.*<\/authorizationPlugin>)/, '$1$1');
  const { LatestRevision } = await updateConfiguration(waxwing, configurationId, two);
  const Configuration = { Id: configurationId, Revision: LatestRevision?.Revision ?? 0 };
  await assert.rejects(
    waxwing.mq.send(new UpdateBrokerCommand({ BrokerId: brokerId, Configuration })),
    { name: 'BadRequestException', message: /2 elements authorizationPlugin/ },
  );
});

test('the log has the lines of ActiveMQ, without passwords and bodies', async () => {
  assert.equal(await waxwing.stop(), 0);
  const lines = await linesIn(waxwing.folder);
  const own = lines.filter((line) => line.startsWith(`${brokerId} `)).join('\n');
  const fields = '\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d,\\d{3}';
  const line = (level: string, text: string) =>
    assert.match(own, new RegExp(`${fields} \\| ${level} \\| ${text}`));
  line('INFO', `Apache ActiveMQ [\\d.]+ \\(orders-\\d+, ${brokerId}\\) is starting`);
  line('INFO', 'Connector stomp\\+ssl started');
  line('INFO', `Apache ActiveMQ [\\d.]+ \\(orders-\\d+, ${brokerId}\\) started`);
  line(
    'WARN',
    `Security Error occurred on connection to: tcp://127.0.0.1:\\d+, ${denied('worker', 'orders')}`,
  );
  line(
    'WARN',
    'Failed to add Connection .* due to User name \\[admin\\] or password is invalid\\.',
  );
  line('WARN', 'networkConnectors has no effect');
  assert.ok(!own.includes(wrongPassword) && !own.includes(body));
});
