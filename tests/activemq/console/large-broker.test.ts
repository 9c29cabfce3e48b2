import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Answer } from '../../../src/activemq-console/answers.ts';
import { ConsoleApi } from '../../../src/activemq-console/api.ts';
import { queuesOf } from '../../../src/activemq-console/listing/destinations.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { systemRandom } from '../../../src/base/random.ts';
import type { RequestHead } from '../../../src/net/http/message.ts';
import { ActiveMqPeers } from '../../support/activemq-peers.ts';

// The lists of a broker with 10,000 queues are made in many small steps, and sent in small pieces.

const queueCount = 10_000;

async function brokerWithQueues() {
  const peers = await ActiveMqPeers.open();
  for (let n = 0; n < queueCount; n++) peers.dialect.createQueue(`x.${n}`);
  peers.b.sync();
  const [user] = peers.b.broker.users.all();
  assert.ok(user !== undefined);
  return { peers, user };
}

test('10,000 queues are found in steps of at most a few queues', async () => {
  const { peers } = await brokerWithQueues();
  let stepCount = 1;
  const steps = queuesOf(peers.dialect);
  let step = steps.next();
  for (; step.done !== true; step = steps.next()) stepCount++;
  assert.equal(step.value.length, queueCount + 1); // and ActiveMQ.DLQ
  assert.ok(stepCount > queueCount / 8, `${stepCount} steps`);
});

test('the list in XML of 10,000 queues comes in pieces, and other work is done between them', async () => {
  const { peers, user } = await brokerWithQueues();
  const { broker } = peers.b;
  broker.logins.check = async () => user; // the log-in has its own tests
  const api = new ConsoleApi({
    broker,
    clock: systemClock,
    random: systemRandom,
    consoleUsers: new Set([user.name]),
    audit: () => {},
    uptimeSeconds: () => 0,
  });
  const head = (path: string, query = ''): RequestHead => ({
    method: 'GET',
    rawPath: path,
    rawQuery: query,
    headers: new Map([['authorization', `Basic ${btoa('a:b')}`]]),
    peerAddress: '127.0.0.1',
  });
  const ask = async (path: string, query = ''): Promise<Answer> => {
    const { refusal, answer } = await api.admit(head(path, query), { destroyed: false });
    return refusal ?? (await answer(Buffer.alloc(0)));
  };
  const list = await ask('/admin/xml/queues.jsp');
  assert.ok('stream' in list);
  const turns = new Set<number>();
  let text = '';
  for await (const piece of list.stream) {
    assert.ok(piece.length < 32 * 1024, `a piece of ${piece.length} bytes`);
    turns.add(broker.background.turn);
    text += Buffer.from(piece).toString();
  }
  assert.equal(text.split('<queue ').length - 1, queueCount + 1);
  assert.ok(turns.size > 10, `${turns.size} turns`);
  const page = await ask('/admin/api/queues', 'page=100&pageSize=100&filter=X.&sort=name');
  assert.ok('body' in page);
  const { queues, filteredCount, pageCount } = JSON.parse(String(page.body));
  assert.deepEqual([queues.length, filteredCount, pageCount], [100, queueCount, 100]);
  assert.equal(queues.at(-1).name, 'x.9999');
});
