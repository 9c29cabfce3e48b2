import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Answer } from '../../../src/activemq-console/answers.ts';
import { ConsoleApi } from '../../../src/activemq-console/api.ts';
import { queuesOf } from '../../../src/activemq-console/listing/destinations.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { systemRandom } from '../../../src/base/random.ts';
import type { Broker } from '../../../src/broker/broker.ts';
import type { User } from '../../../src/broker/users.ts';
import type { RequestHead } from '../../../src/net/http/message.ts';
import { ActiveMqPeers } from '../../support/activemq-peers.ts';

// The lists of a broker with 10,000 queues are made in many small steps, and sent in small pieces.

const queueCount = 10_000;

async function brokerWithQueues(count = queueCount, nameLength = 0) {
  const peers = await ActiveMqPeers.open();
  for (let n = 0; n < count; n++) peers.dialect.createQueue(`x.${n}`.padEnd(nameLength, 'y'));
  peers.b.sync();
  const [user] = peers.b.broker.users.all();
  assert.ok(user !== undefined);
  return { peers, user };
}

/** Sends requests of a user to a console. */
function asking(broker: Broker, user: User) {
  broker.logins.check = async () => user; // the log-in has its own tests
  const api = new ConsoleApi({
    broker,
    clock: systemClock,
    random: systemRandom,
    consoleUsers: new Set([user.name]),
    audit: () => {},
    uptimeSeconds: () => 0,
  });
  const head = (path: string, query: string, body: Buffer): RequestHead => ({
    method: body.length > 0 ? 'POST' : 'GET',
    rawPath: path,
    rawQuery: query,
    headers: new Map([['authorization', `Basic ${btoa('a:b')}`]]),
    peerAddress: '127.0.0.1',
  });
  return async (path: string, query = '', body = Buffer.alloc(0)): Promise<Answer> => {
    const { refusal, answer } = await api.admit(head(path, query, body), { destroyed: false });
    return refusal ?? (await answer(body));
  };
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
  const ask = asking(broker, user);
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

test('a large list in JSON comes in pieces, and only a few are sent at the same time', async () => {
  const { peers, user } = await brokerWithQueues(500, 250);
  const ask = asking(peers.b.broker, user);
  const lists = await Promise.all(
    Array.from({ length: 5 }, () => ask('/admin/api/queues', 'pageSize=500')),
  );
  assert.deepEqual(lists.map(({ status }) => status).sort(), [200, 200, 200, 200, 503]);
  const [list] = lists;
  assert.ok(list !== undefined && 'stream' in list);
  let text = '';
  for await (const piece of list.stream) {
    assert.ok(piece.length < 64 * 1024, `a piece of ${piece.length} bytes`);
    text += Buffer.from(piece).toString();
  }
  assert.equal(JSON.parse(text).queues.length, 500);
  assert.equal((await ask('/admin/api/queues', 'pageSize=500')).status, 200);
});

test('nothing is sent while producers are blocked', async () => {
  const { peers, user } = await brokerWithQueues(1);
  const { broker } = peers.b;
  const ask = asking(broker, user);
  const session = await ask('/admin/api/session');
  assert.ok('body' in session);
  const { secret } = JSON.parse(String(session.body));
  const form = new URLSearchParams({ secret, JMSDestination: 'x.0', JMSText: 'a' });
  const send = () => ask('/admin/sendMessage.action', '', Buffer.from(form.toString()));
  broker.flow.block('disk');
  const refused = await send();
  assert.equal(refused.status, 503);
  assert.match('body' in refused ? String(refused.body) : '', /producers are blocked: disk/);
  assert.equal(peers.dialect.vhost.queues.get('x.0')?.readyCount, 0);
});
