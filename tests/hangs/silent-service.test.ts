import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { DeleteBrokerCommand, ListBrokersCommand } from '@aws-sdk/client-mq';
import { isRunning, until } from '../support/processes.ts';
import { isLong } from '../support/proof.ts';
import { serviceMetric } from '../support/service-metric.ts';
import { Waxwing } from '../support/waxwing.ts';

// A whole service with its real limits: a broker that hangs, and a machine that sleeps.

const skip = !isLong && 'in the long run: it waits for minutes';
let service: Waxwing | undefined;
after(() => service?.remove());

/** The service of all tests. */
async function started(): Promise<Waxwing> {
  service ??= await Waxwing.start({ args: ['--log-level', 'info'] });
  return service;
}

const bodies = Array.from({ length: 50 }, (_, i) => `message ${i}`);
/** Longer than the time after which a process that does not answer is killed. */
const sleepMs = 80_000;
const sum = (name: string, waxwing: Waxwing) => serviceMetric(waxwing, name);

async function defaultBroker(waxwing: Waxwing): Promise<{ id: string; pid: number }> {
  const { BrokerSummaries = [] } = await waxwing.mq.send(new ListBrokersCommand());
  const id = BrokerSummaries[0]?.BrokerId ?? '';
  return { id, pid: waxwing.brokerPid(id) };
}

test('a broker that hangs is shown, ends requests to it, and is started again without a loss', {
  skip,
}, async () => {
  const waxwing = await started();
  const { data } = waxwing.folder;
  const { id, pid } = await defaultBroker(waxwing);
  const client = await waxwing.connect();
  await client.publish('orders', bodies);
  process.kill(pid, 'SIGSTOP');
  const commands = [
    ['volume', 'show', 'default', '--data', data],
    ['volume', 'rekey', 'default', '--data', data],
    ['rotate', 'default-broker-password', '--data', data],
    ['discover', 'default', '--data', data],
    ['backup', 'default', `${data}.backup`, '--data', data],
  ];
  const running = commands.map((command) => waxwing.folder.run(command));
  const { ActionsRequired } = await waxwing.brokerIs(id, 'CRITICAL_ACTION_REQUIRED');
  assert.equal(ActionsRequired?.[0]?.ActionRequiredCode, 'BROKER_NOT_ANSWERING');
  assert.equal(await sum('waxwing_broker_alarm', waxwing), 1);
  const { code: shown, stdout } = await waxwing.folder.run(['status', '--data', data]);
  assert.equal(shown, 3);
  assert.match(
    stdout,
    /^default: BROKER_NOT_ANSWERING: The process of the broker does not answer\./m,
  );
  const ends = await Promise.all(running);
  for (const [at, { code, stderr }] of ends.entries()) {
    assert.match(stderr, /its process has not answered/, `${commands[at]?.join(' ')}: ${code}`);
    assert.notEqual(code, 0);
  }
  await until('it is killed', () => !isRunning(pid), 120_000);
  await waxwing.brokerIs(id, 'RUNNING', 60_000);
  const again = await until('its port', () => waxwing.connect().catch(() => undefined));
  assert.deepEqual(await again.take('orders'), bodies);
  await again.close();
  assert.ok(Number.isNaN(await sum('waxwing_broker_alarm', waxwing)));
  assert.equal(await sum('waxwing_broker_silences_total', waxwing), 1);
  assert.match(waxwing.output, /has not answered for 15 s: it was stopped by a signal/);
  assert.match(waxwing.output, /process ended: it has not answered for 6\d s and was killed/);
});

test('a machine that sleeps with its service and its brokers ends none of them', {
  skip,
}, async () => {
  const waxwing = await started();
  const { pid } = await defaultBroker(waxwing);
  const before = await sum('waxwing_broker_silences_total', waxwing);
  const client = await waxwing.connect();
  for (const each of [waxwing.pid, pid]) process.kill(each, 'SIGSTOP');
  await delay(sleepMs);
  process.kill(waxwing.pid, 'SIGCONT');
  await delay(5000); // the broker comes back later than the service
  process.kill(pid, 'SIGCONT');
  await delay(20_000);
  assert.equal((await defaultBroker(waxwing)).pid, pid);
  await client.publish('orders', ['after the night']);
  assert.equal(await sum('waxwing_broker_silences_total', waxwing), before);
  await client.close();
});

test('a broker that hangs is deleted, and a service with one stops', { skip }, async () => {
  const waxwing = await started();
  const { pid: own } = await defaultBroker(waxwing);
  const other = await waxwing.createBroker({ BrokerName: 'other' });
  const pid = waxwing.brokerPid(other);
  process.kill(pid, 'SIGSTOP');
  await waxwing.mq.send(new DeleteBrokerCommand({ BrokerId: other }));
  await until('it is gone', async () => {
    const { BrokerSummaries = [] } = await waxwing.mq.send(new ListBrokersCommand());
    return BrokerSummaries.length === 1;
  });
  assert.ok(!isRunning(pid));
  process.kill(own, 'SIGSTOP');
  assert.equal(await waxwing.stop(), 0);
  assert.ok(!isRunning(own));
});
