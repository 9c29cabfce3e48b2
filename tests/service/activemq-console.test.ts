import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { RebootBrokerCommand, UpdateUserCommand } from '@aws-sdk/client-mq';
import { describeBroker, password } from '../support/broker-requests.ts';
import { ConsoleClient } from '../support/console-client.ts';
import { linesIn } from '../support/log-lines.ts';
import { Waxwing } from '../support/waxwing.ts';

// The console of a broker that the API created: its address, its users, and its audit log.

let waxwing: Waxwing;
let brokerId: string;

before(async () => {
  waxwing = await Waxwing.start({ args: ['--no-default-broker'] });
  brokerId = await waxwing.createBroker({
    EngineType: 'ACTIVEMQ',
    HostInstanceType: 'mq.m5.large',
    Logs: { Audit: true },
    Users: [
      { Username: 'operator', Password: password, ConsoleAccess: true },
      { Username: 'app', Password: password },
    ],
  });
  await waxwing.brokerIs(brokerId, 'RUNNING');
});
after(() => waxwing.remove());

async function clientOf(user: string): Promise<ConsoleClient> {
  const { BrokerInstances } = await describeBroker(waxwing, brokerId);
  const [{ ConsoleURL = '', Endpoints = [] } = {}] = BrokerInstances ?? [];
  assert.match(ConsoleURL, /^https:\/\/localhost:\d+$/);
  const port = Number(new URL(ConsoleURL).port);
  assert.ok(!Endpoints.some((url) => url.endsWith(`:${port}`)), 'the console is no endpoint');
  return new ConsoleClient(port, waxwing.ca, `${user}:${password}`);
}

test('consoleURL leads to the console, for users with consoleAccess as of the last reboot', async () => {
  const operator = await clientOf('operator');
  const page = await operator.get('/', { headers: { Accept: 'text/html' } });
  assert.equal(page.status, 200);
  assert.match(page.text, /<div id="root"><\/div>/);
  assert.match((await operator.get('/admin/api/queues')).text, /ActiveMQ\.DLQ/);
  const app = await clientOf('app');
  assert.equal((await app.get('/admin/xml/queues.jsp')).status, 403);
  const change = { BrokerId: brokerId, Username: 'app', ConsoleAccess: true };
  await waxwing.mq.send(new UpdateUserCommand(change));
  assert.equal((await app.get('/admin/xml/queues.jsp')).status, 403);
  await waxwing.mq.send(new RebootBrokerCommand({ BrokerId: brokerId }));
  await waxwing.brokerIs(brokerId, 'RUNNING');
  const again = await clientOf('app');
  assert.equal((await again.get('/admin/xml/queues.jsp')).status, 200);
});

test('actions are in the audit log of the broker, and only there', async () => {
  const operator = await clientOf('operator');
  const { status } = await operator.act('createDestination.action', { JMSDestination: 'made' });
  assert.equal(status, 200);
  assert.equal(await waxwing.stop(), 0);
  const lines = await linesIn(waxwing.folder);
  const made = lines.filter((line) => line.includes('addQueue[made]'));
  assert.deepEqual(
    made.map((line) => line.replace(/ at .*/, '')),
    ['called', 'ended'].map(
      (verb) =>
        `${brokerId} audit info INFO | operator ${verb} addQueue[made] on ` +
        `org.apache.activemq:type=Broker,brokerName=${nameIn(made[0])}`,
    ),
  );
  assert.ok(!lines.some((line) => line.startsWith(`${brokerId} general`)), 'that log is off');
  assert.ok(!lines.join('\n').includes(password));
});

function nameIn(line: string | undefined): string {
  return /brokerName=(\S+)/.exec(line ?? '')?.[1] ?? '';
}
