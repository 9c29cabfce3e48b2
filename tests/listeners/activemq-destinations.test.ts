import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ActiveMqHost } from '../support/activemq-host.ts';
import { StompTlsClient } from '../support/stomp-tls-client.ts';

// What ActiveMQ's destinations do, through STOMP over TLS and a volume on the disk.

let host: ActiveMqHost;

before(async () => {
  host = await ActiveMqHost.start();
});

after(async () => {
  await host.close();
});

async function open(): Promise<StompTlsClient> {
  const port = { port: host.portOf('stomp+ssl'), ca: host.authority };
  const client = await StompTlsClient.connect(port, 'bob', 'a long password');
  const [connected] = await client.frames(1);
  assert.equal(connected?.command, 'CONNECTED');
  return client;
}

/** Subscribes, and waits until that has been done. */
async function subscribe(client: StompTlsClient, headers: Record<string, string>): Promise<void> {
  client.send('SUBSCRIBE', { id: 's', receipt: 'subscribed', ...headers });
  const [receipt] = await client.frames(1);
  assert.equal(receipt?.headers['receipt-id'], 'subscribed');
}

test('scheduled messages survive a restart: one is delivered, and repeated ones continue', async () => {
  const sender = await open();
  const send = (body: string, headers: Record<string, string>) => {
    sender.send('SEND', { destination: '/queue/later', receipt: body, ...headers }, body);
  };
  send('once', { AMQ_SCHEDULED_DELAY: '500' });
  send('again', { AMQ_SCHEDULED_PERIOD: '250', AMQ_SCHEDULED_REPEAT: '3', persistent: 'true' });
  await sender.frames(2);
  sender.destroy();
  await host.restart();
  const reader = await open();
  reader.send('SUBSCRIBE', { id: 's', destination: '/queue/later' });
  const bodies: string[] = [];
  while (!bodies.includes('once') || bodies.filter((body) => body === 'again').length < 2) {
    for (const { body } of await reader.frames(1)) bodies.push(body);
  }
  reader.destroy();
});

test('one of two consumers gets all messages of a group, and its successor gets the rest', async () => {
  const [one, two, sender] = [await open(), await open(), await open()];
  const ack = { destination: '/queue/grouped', ack: 'client-individual' };
  for (const client of [one, two]) {
    await subscribe(client, { ...ack, 'activemq.prefetchSize': '10' });
  }
  for (let n = 0; n < 4; n++) {
    const headers = { destination: '/queue/grouped', persistent: 'true', JMSXGroupID: 'g' };
    sender.send('SEND', { ...headers, receipt: String(n) }, String(n));
  }
  await sender.frames(4);
  const mine = await one.frames(4);
  assert.deepEqual(
    mine.map(({ body, headers }) => [body, headers['JMSXGroupFirstForConsumer']]),
    [
      ['0', 'true'],
      ['1', undefined],
      ['2', undefined],
      ['3', undefined],
    ],
  );
  one.send('ACK', { id: mine[0]?.headers['ack'] ?? '', receipt: 'acked' });
  await one.frames(1);
  one.destroy();
  const rest = await two.frames(3);
  assert.deepEqual(
    rest.map(({ body, headers }) => [body, headers['redelivered']]),
    [
      ['1', 'true'],
      ['2', 'true'],
      ['3', 'true'],
    ],
  );
  two.destroy();
  sender.destroy();
});

test('delivery counts and exclusive consumers are restored after a broker restart', async () => {
  const first = await open();
  first.send('SEND', { destination: '/queue/counted', persistent: 'true', receipt: 'r' }, 'm');
  await first.frames(1);
  first.send('SUBSCRIBE', { id: 's', destination: '/queue/counted', ack: 'client' });
  await first.frames(1);
  first.destroy();
  await host.restart();
  const [plain, exclusive] = [await open(), await open()];
  const destination = '/queue/counted?consumer.exclusive=true';
  const selector = 'JMSXDeliveryCount = 2';
  exclusive.send('SUBSCRIBE', { id: 's', destination, selector, ack: 'client-individual' });
  const [frame] = await exclusive.frames(1);
  assert.deepEqual([frame?.body, frame?.headers['redelivered']], ['m', 'true']);
  await subscribe(plain, { destination: '/queue/counted' });
  exclusive.send('NACK', { id: frame?.headers['ack'] ?? '', receipt: 'n' });
  await exclusive.frames(1);
  exclusive.send('SUBSCRIBE', { id: 'd', destination: '/queue/ActiveMQ.DLQ', ack: 'client' });
  const [dead] = await exclusive.frames(1);
  assert.equal(dead?.headers['original-destination'], '/queue/counted');
  exclusive.destroy();
  plain.destroy();
});
