import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { DeleteBrokerCommand, ListBrokersCommand } from '@aws-sdk/client-mq';
import { isRunning, until } from '../support/processes.ts';
import { Waxwing } from '../support/waxwing.ts';

// The guarantees of a default broker: confirmed messages survive the end of any process.

let waxwing: Waxwing;
before(async () => {
  waxwing = await Waxwing.start();
});
after(() => waxwing.remove());

/** Bodies that tell where and when they were published. */
function bodies(when: string, count = 50): string[] {
  return Array.from({ length: count }, (_, i) => `${when} ${i}`);
}

test('the first start prints its endpoints and has a broker that accepts messages', async () => {
  const greeting = await waxwing.greeted();
  assert.match(greeting, /API +https:\/\/localhost:\d+\n/);
  assert.match(greeting, /broker 'default' +amqps:\/\/localhost:\d+\n/);
  const client = await waxwing.connect();
  await client.publish('orders', bodies('first'));
  assert.deepEqual(await client.consume('orders', 20), bodies('first').slice(0, 20));
  await client.close();
});

test('SIGTERM notifies clients, and the next start has the same ports and messages', async () => {
  const { amqpUrl } = waxwing;
  const client = await waxwing.connect();
  assert.equal(await waxwing.stop('SIGTERM'), 0);
  assert.match(await client.ended, /320|CONNECTION[-_]FORCED/);
  await waxwing.restart();
  assert.equal(waxwing.amqpUrl, amqpUrl);
  const again = await waxwing.connect();
  assert.deepEqual(await again.take('orders'), bodies('first').slice(20));
  await again.close();
});

test('SIGINT ends every process with exit code 0', async () => {
  const { children } = waxwing;
  assert.equal(children.length, 1);
  assert.equal(await waxwing.stop('SIGINT'), 0);
  assert.deepEqual(children.filter(isRunning), []);
  await waxwing.restart();
});

test('confirmed messages survive a kill of the service', async () => {
  const { amqpUrl } = waxwing;
  const client = await waxwing.connect();
  await client.publish('orders', bodies('before the kill'));
  await waxwing.kill();
  // At once: the broker's process before may still be ending.
  await waxwing.restart();
  assert.equal(waxwing.amqpUrl, amqpUrl);
  const again = await waxwing.connect();
  assert.deepEqual(await again.take('orders'), bodies('before the kill'));
  await again.close();
});

test('messages confirmed during publishing survive a kill of the service', async () => {
  const client = await waxwing.connect();
  const channel = await client.model.createConfirmChannel();
  channel.on('error', () => {}); // the connection ends next
  await channel.assertQueue('busy', { durable: true });
  const all = bodies('in a hurry', 5000);
  let confirmedCount = 0;
  const enough = new Promise<void>((resolve) => {
    for (const body of all) {
      channel.sendToQueue('busy', Buffer.from(body), { persistent: true }, (error) => {
        if (!error) confirmedCount += 1;
        if (confirmedCount === 500) resolve();
      });
    }
  });
  await enough;
  await waxwing.kill();
  await client.ended;
  await waxwing.restart();
  const again = await waxwing.connect();
  const found = await again.take('busy');
  await again.close();
  assert.ok(found.length >= confirmedCount, `${found.length} of ${confirmedCount} confirmed`);
  assert.deepEqual(found, all.slice(0, found.length));
});

test('a broker whose process is killed restarts on its port with its data', async () => {
  const [first = 0] = waxwing.children;
  const client = await waxwing.connect();
  await client.publish('orders', bodies('before the crash'));
  process.kill(first, 'SIGKILL');
  await client.ended;
  const [second] = await until('a new process', () => {
    const found = waxwing.children.filter((pid) => pid !== first);
    return found.length > 0 ? found : undefined;
  });
  assert.notEqual(second, first);
  const again = await until('its port', () => waxwing.connect().catch(() => undefined));
  assert.deepEqual(await again.take('orders'), bodies('before the crash'));
  await again.close();
  assert.match(waxwing.output, /the broker's process ended: signal SIGKILL/);
});

test('the default broker is created once, and not again after its deletion', async () => {
  const { BrokerSummaries } = await waxwing.mq.send(new ListBrokersCommand({}));
  assert.deepEqual(
    BrokerSummaries?.map(({ BrokerName }) => BrokerName),
    ['default'],
  );
  const BrokerId = BrokerSummaries?.[0]?.BrokerId ?? '';
  await waxwing.mq.send(new DeleteBrokerCommand({ BrokerId }));
  await until('it is gone', async () => (await brokerCount()) === 0);
  assert.equal(await waxwing.stop(), 0);
  await waxwing.restart();
  assert.equal(await brokerCount(), 0);
  assert.equal(waxwing.environment['WAXWING_AMQP_URL'], undefined);
  assert.doesNotMatch(await waxwing.greeted(), /broker 'default'/);
});

async function brokerCount(): Promise<number | undefined> {
  const { BrokerSummaries } = await waxwing.mq.send(new ListBrokersCommand({}));
  return BrokerSummaries?.length;
}
