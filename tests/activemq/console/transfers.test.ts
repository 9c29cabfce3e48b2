import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ActiveMqHost } from '../../support/activemq-host.ts';
import { ConsoleClient } from '../../support/console-client.ts';
import { StompTlsClient } from '../../support/stomp-tls-client.ts';

// Messages that the console sends elsewhere stay if nobody would get them, if they would be requests to
// the broker, or if a limit is reached.

const password = 'a long password';
const configuration =
  '<destinationPolicy><policyMap><policyEntries><policyEntry queue="small.&gt;" memoryLimit="1kb">' +
  '<pendingQueuePolicy><vmQueueCursor/></pendingQueuePolicy></policyEntry>' +
  '</policyEntries></policyMap></destinationPolicy>' +
  '<destinationInterceptors><virtualDestinationInterceptor><virtualDestinations>' +
  '<compositeQueue name="filtered"><forwardTo><filteredDestination selector="kind = \'k\'" ' +
  'queue="wanted"/></forwardTo></compositeQueue>' +
  '<compositeQueue name="to.topic"><forwardTo><topic physicalName="unheard"/></forwardTo>' +
  '</compositeQueue></virtualDestinations></virtualDestinationInterceptor></destinationInterceptors>';

let host: ActiveMqHost;
let client: ConsoleClient;
let stomp: StompTlsClient;

before(async () => {
  host = await ActiveMqHost.start(configuration, [{ username: 'admin', consoleAccess: true }]);
  client = new ConsoleClient(host.portOf('console'), host.authority, `admin:${password}`);
  const to = { port: host.portOf('stomp+ssl'), ca: host.authority };
  stomp = await StompTlsClient.connect(to, 'admin', password, {});
  await stomp.frames(1);
});
after(async () => {
  stomp.destroy();
  await host.close();
});

async function send(destination: string, headers: Record<string, string> = {}): Promise<void> {
  stomp.send('SEND', { destination, persistent: 'true', receipt: 'r', ...headers }, 'x');
  const [answer] = await stomp.frames(1);
  assert.equal(answer?.command, 'RECEIPT');
}

async function sizeOf(queue: string): Promise<number> {
  return (await client.json<{ size: number }>(`/admin/api/queues/${queue}`)).size;
}

const counts = (text: string) => {
  const { sentCount, skippedCount } = JSON.parse(text);
  return { sentCount, skippedCount };
};

test('messages that nobody would get stay', async () => {
  await send('/queue/kept');
  for (const destination of ['filtered', 'to.topic']) {
    const fields = { JMSDestination: 'kept', destination };
    const { text } = await client.act('moveMessages.action', fields);
    assert.deepEqual(counts(text), { sentCount: 0, skippedCount: 1 });
    for (const action of ['moveMessage', 'copyMessage']) {
      const one = await client.act(`${action}.action`, { ...fields, sequence: '0' });
      assert.equal(one.status, 409);
      assert.match(
        one.text,
        new RegExp(`nobody would get the message from queue://${destination}`),
      );
    }
  }
  assert.equal(await sizeOf('kept'), 1);
  await send('/queue/ActiveMQ.DLQ', { 'original-destination': '/topic/unheard' });
  const retry = { JMSDestination: 'ActiveMQ.DLQ' };
  const retried = await client.act('retryMessages.action', retry);
  assert.deepEqual(counts(retried.text), { sentCount: 0, skippedCount: 1 });
  const subscriber = { clientId: 'c', subscriberName: 'n', JMSDestination: 'unheard' };
  assert.equal((await client.act('createSubscriber.action', subscriber)).status, 200);
  const heard = await client.act('retryMessages.action', retry);
  assert.deepEqual(counts(heard.text), { sentCount: 1, skippedCount: 0 });
});

test('a message that names a service of the broker as its origin is no request of who retries it', async () => {
  const later = { JMSDestination: 'later', AMQ_SCHEDULED_DELAY: '3600000' };
  assert.equal((await client.act('sendMessage.action', later)).status, 200);
  const origin = { 'original-destination': '/topic/ActiveMQ.Scheduler.Management' };
  await send('/queue/ActiveMQ.DLQ', { ...origin, AMQ_SCHEDULER_ACTION: 'REMOVEALL' });
  const queue = '/admin/api/queues/ActiveMQ.DLQ/messages';
  const { messages } = await client.json<{ messages: { sequence: number }[] }>(queue);
  const fields = { JMSDestination: 'ActiveMQ.DLQ', sequence: String(messages[0]?.sequence) };
  const retried = await client.act('retryMessage.action', fields);
  assert.equal(retried.status, 403);
  assert.match(retried.text, /the broker answers messages to it itself/);
  const { totalCount } = await client.json<{ totalCount: number }>('/admin/api/scheduled');
  assert.deepEqual([totalCount, await sizeOf('ActiveMQ.DLQ')], [1, 1]);
});

test('only messages of a queue of dead letters are retried, as senders can state any origin', async () => {
  await send('/queue/ordinary', { 'original-destination': '/queue/elsewhere' });
  await send('/queue/ordinary', { originalDestination: 'queue://elsewhere' });
  const fields = { JMSDestination: 'ordinary', sequence: '0' };
  for (const action of ['retryMessages', 'retryMessage']) {
    const { status, text } = await client.act(`${action}.action`, fields);
    assert.equal(status, 409);
    assert.match(text, /'ordinary' is not a queue of dead letters/);
  }
  assert.equal(await sizeOf('ordinary'), 2);
  assert.equal((await client.get('/admin/api/queues/elsewhere')).status, 404);
});

test('a queue whose limit is reached takes no messages, as a producer would wait', async () => {
  await send('/queue/source');
  const fields = { JMSDestination: 'source', destination: 'small.q', sequence: '0' };
  assert.equal((await client.act('copyMessage.action', fields)).status, 200);
  for (const action of ['copyMessage', 'moveMessage', 'sendMessage']) {
    const to = action === 'sendMessage' ? { JMSDestination: 'small.q' } : fields;
    const { status, text } = await client.act(`${action}.action`, to);
    assert.deepEqual([action, status], [action, 503], text);
    assert.match(text, /Usage Manager Memory Limit reached/);
  }
  assert.deepEqual([await sizeOf('source'), await sizeOf('small.q')], [1, 1]);
});

test('long texts of clients are cut in lists', async () => {
  const words = Array.from({ length: 150 }, (_, n) => `'word ${n}'`).join(', ');
  const selector = `kind NOT IN (${words})`;
  const topics = Array.from({ length: 30 }, (_, n) => `/topic/cut.${n}`).join(',');
  stomp.send('SUBSCRIBE', { id: 's', destination: topics, selector, receipt: 'r' });
  await stomp.frames(1);
  const { consumers } = await client.json<{
    consumers: { selector: string; destinations: string[]; destinationCount: number }[];
  }>('/admin/api/consumers?filter=cut.0');
  const [shown] = consumers;
  assert.equal(shown?.selector, `${selector.slice(0, 1000)}...`);
  assert.deepEqual([shown.destinations.length, shown.destinationCount], [20, 30]);
});

test('an action without the secret is in the audit log, too', async () => {
  const form = { JMSDestination: 'audited', secret: 'wrong' };
  const { status } = await client.send('POST', '/admin/purgeDestination.action', { form });
  assert.equal(status, 403);
  const line = host.auditLines.find((each) => each.includes("JMSDestination='[audited]'"));
  assert.match(line ?? '', /^INFO \| admin requested \/admin\/purgeDestination\.action/);
});
