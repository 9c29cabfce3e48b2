import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StompBroker, textFrame } from '../../../../tests/support/stomp-peer.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('a topic message goes to all matching subscribers, by name and by wildcard', async () => {
  const b = await StompBroker.open();
  const patterns = ['A.B', 'A.*', 'A.>', '>', 'B.>', 'A.*.C'];
  const peers = await Promise.all(patterns.map(() => b.client()));
  for (const [at, pattern] of patterns.entries()) {
    peers[at]?.call('SUBSCRIBE', { id: 's', destination: `/topic/${pattern}` });
  }
  const sender = await b.client();
  const heard = (topic: string) => {
    sender.send('SEND', { destination: `/topic/${topic}` }, topic);
    return patterns.filter((_, at) => peers[at]?.bodies().length === 1);
  };
  assert.deepEqual(heard('A.B'), ['A.B', 'A.*', 'A.>', '>']);
  assert.deepEqual(heard('A'), ['A.>', '>']);
  assert.deepEqual(heard('A.B.C'), ['A.>', '>', 'A.*.C']);
  assert.equal(b.ready('A.B'), undefined, 'a topic is not a queue');
});

test('a wildcard consumer gets messages of existing and new queues within one prefetch', async () => {
  const b = await StompBroker.open();
  const sender = await b.client();
  sender.send('SEND', { destination: '/queue/A.1' }, '1');
  sender.send('SEND', { destination: '/queue/B.1' }, 'other');
  const peer = await b.client();
  const prefetch = { ack: 'client-individual', 'activemq.prefetchSize': '2' };
  const first = peer.call('SUBSCRIBE', { id: 's', destination: '/queue/A.>', ...prefetch });
  assert.deepEqual(
    first.map(({ headers, body }) => [headers['destination'], body]),
    [['/queue/A.1', '1']],
  );
  sender.send('SEND', { destination: '/queue/A.2' }, '2');
  sender.send('SEND', { destination: '/queue/A.3' }, '3');
  const second = peer.take();
  assert.deepEqual(
    second.map(({ body }) => body),
    ['2'],
  );
  peer.send('ACK', { id: second[0]?.headers['ack'] ?? '' });
  assert.deepEqual(peer.bodies(), ['3']);
  peer.call('UNSUBSCRIBE', { id: 's' });
  sender.send('SEND', { destination: '/queue/A.4' }, '4');
  assert.equal(b.ready('A.4'), 1);
  assert.equal(b.ready('A.1'), 1);
});

test('a composite destination stands for all of its parts', async () => {
  const b = await StompBroker.open();
  const peer = await b.client();
  peer.call('SUBSCRIBE', { id: 't', destination: '/topic/T' });
  const destination = '/queue/A, /queue/B,,/queue/A,/topic/T';
  const [message] = peer.call('SEND', { destination }, 'x');
  assert.equal(message?.headers['original-destination'], 'queue://A,queue://B,topic://T');
  assert.deepEqual([b.ready('A'), b.ready('B')], [1, 1]);
  const both = peer.call('SUBSCRIBE', { id: 'q', destination: '/queue/A,/queue/B' });
  assert.deepEqual(
    both.map(({ headers }) => headers['destination']),
    ['/queue/A', '/queue/B'],
  );
  const many = Array.from({ length: 101 }, (_, i) => `/queue/${i}`).join(',');
  const [error] = peer.call('SEND', { destination: many });
  assert.match(error?.headers['message'] ?? '', /too many destinations/);
});

test('a virtual topic message goes to consumer queues and topic subscribers', async () => {
  const b = await StompBroker.open();
  const peer = await b.client();
  peer.call('SUBSCRIBE', { id: 'a', destination: '/queue/Consumer.A.VirtualTopic.Orders' });
  peer.call('UNSUBSCRIBE', { id: 'a' });
  peer.call('SUBSCRIBE', { id: 't', destination: '/topic/VirtualTopic.>' });
  const send = { destination: '/topic/VirtualTopic.Orders', persistent: 'true' };
  assert.equal(
    peer.call('SEND', send, 'x')[0]?.headers['destination'],
    '/topic/VirtualTopic.Orders',
  );
  b.sync();
  const after = await StompBroker.open({}, b);
  assert.equal(after.ready('Consumer.A.VirtualTopic.Orders'), 1);
  const again = await after.client();
  again.call('SEND', send, 'y');
  after.sync();
  const frames = again.call('SUBSCRIBE', {
    id: 'a',
    destination: '/queue/Consumer.A.VirtualTopic.Orders',
  });
  assert.deepEqual(
    frames.map(({ headers, body }) => [
      body,
      headers['destination'],
      headers['original-destination'],
    ]),
    ['x', 'y'].map((body) => [
      body,
      '/queue/Consumer.A.VirtualTopic.Orders',
      '/topic/VirtualTopic.Orders',
    ]),
  );
});

test('other connections can send to a temporary queue, but only its owner can consume', async () => {
  const b = await StompBroker.open();
  const asker = await b.client();
  const answerer = await b.client();
  answerer.call('SUBSCRIBE', { id: 's', destination: '/queue/questions' });
  asker.call('SUBSCRIBE', { id: 'a', destination: '/temp-queue/mine' });
  asker.send('SEND', { destination: '/queue/questions', 'reply-to': '/temp-queue/mine' }, '?');
  const replyTo = answerer.take()[0]?.headers['reply-to'] ?? '';
  assert.match(replyTo, /^\/remote-temp-queue\/ID:/);
  answerer.send('SEND', { destination: replyTo }, '!');
  const [answer] = asker.take();
  assert.deepEqual([answer?.headers['destination'], answer?.body], ['/temp-queue/mine', '!']);
  const [error] = answerer.call('SUBSCRIBE', { id: 'x', destination: replyTo });
  assert.match(error?.headers['message'] ?? '', /created by another connection is not permitted/);
  asker.connection.ended();
  await turn();
  const [gone] = answerer.call('SEND', { destination: replyTo }, '!');
  assert.match(
    gone?.headers['message'] ?? '',
    /^The destination temp-queue:\/\/.* does not exist\.$/,
  );
});

test('a durable subscription keeps messages while its client is offline, across a restart', async () => {
  const b = await StompBroker.open();
  const durable = {
    id: 's',
    destination: '/topic/T.>',
    'activemq.subscriptionName': 'n',
    ack: 'client',
  };
  const first = await b.client({ 'client-id': 'c' });
  first.call('SUBSCRIBE', { ...durable, selector: "colour = 'blue'" });
  first.connection.ended();
  const sender = await b.client();
  for (const colour of ['blue', 'red', 'blue']) {
    sender.send('SEND', { destination: '/topic/T.1', persistent: 'true', colour }, colour);
  }
  b.sync();
  const after = await StompBroker.open({}, b);
  const more = await after.client();
  for (const colour of ['red', 'blue']) {
    more.send('SEND', { destination: '/topic/T.1', persistent: 'true', colour }, colour);
  }
  after.sync();
  const second = await after.client({ 'client-id': 'c' });
  const frames = second.call('SUBSCRIBE', { ...durable, selector: "colour = 'blue'" });
  assert.deepEqual(
    frames.map(({ body }) => body),
    ['blue', 'blue', 'blue'],
  );
  assert.equal(frames[0]?.headers['destination'], '/topic/T.1');
  const other = await after.client();
  const [error] = other.call('SUBSCRIBE', durable);
  assert.match(error?.headers['message'] ?? '', /needs the header client-id/);
  second.call('UNSUBSCRIBE', { id: 's' });
  const changed = second.call('SUBSCRIBE', durable);
  assert.deepEqual(changed, [], 'another selector makes it another subscription');
  second.send('UNSUBSCRIBE', { id: 's', 'activemq.subscriptionName': 'n', receipt: 'u' });
  after.sync();
  assert.equal(second.take()[0]?.headers['receipt-id'], 'u');
  const [missing] = second.call('UNSUBSCRIBE', { id: 's', 'activemq.subscriptionName': 'n' });
  assert.equal(
    missing?.headers['message'],
    'No durable subscription exists for clientID: c and subscriptionName: n',
  );
  const [queue] = second.call('SUBSCRIBE', { ...durable, destination: '/queue/q' });
  assert.equal(
    queue?.headers['message'],
    'Invalid Subscription: cannot durably subscribe to a Queue destination!',
  );
});

test('selectors filter the messages of a queue, and text compares with numbers', async () => {
  const b = await StompBroker.open();
  const sender = await b.client();
  for (let n = 0; n < 300; n++)
    sender.send('SEND', { destination: '/queue/q', n: String(n) }, String(n));
  const peer = await b.client();
  const subscribe = { destination: '/queue/q', ack: 'client' };
  const few = peer.call('SUBSCRIBE', { ...subscribe, id: 'a', selector: 'n BETWEEN 3 AND 5' });
  assert.deepEqual(
    few.map(({ body }) => body),
    ['3', '4', '5'],
  );
  const [error] = peer.call('SUBSCRIBE', { ...subscribe, id: 'b', selector: 'n >' });
  assert.match(error?.headers['message'] ?? '', /^invalid selector: /);
});

test('a topic subscription with a selector is not blocked by unmatched messages', async () => {
  const b = await StompBroker.open();
  const peer = await b.client();
  peer.call('SUBSCRIBE', { id: 's', destination: '/topic/T', selector: 'n = 999', ack: 'client' });
  for (let n = 0; n < 1000; n++)
    peer.send('SEND', { destination: '/topic/T', n: String(n) }, String(n));
  for (let turns = 0; turns < 10; turns++) await turn();
  assert.deepEqual(peer.bodies(), ['999']);
});

test('the selectors of the consumers of a queue share one limit, and closed ones free it', async () => {
  const b = await StompBroker.open();
  const peer = await b.client();
  const selectorOf = (id: number) =>
    Array.from({ length: 500 }, (_, n) => `n${id} = ${n}`).join(' OR ');
  const subscribe = (id: number, destination = '/queue/q', selector = selectorOf(id)) =>
    peer.call('SUBSCRIBE', { id: `${destination}${id}`, destination, selector });
  for (let id = 0; id < 20; id++) assert.deepEqual(subscribe(id), []);
  const [error] = subscribe(20);
  assert.match(error?.headers['message'] ?? '', /have 21000 operands; at most 20000 are allowed/);
  assert.deepEqual(subscribe(20, '/queue/other'), []);
  peer.call('UNSUBSCRIBE', { id: '/queue/q3' });
  assert.deepEqual(subscribe(20), []);
});

test('equal selectors of the consumers of a queue count once, until the last of them ends', async () => {
  const b = await StompBroker.open();
  const peer = await b.client();
  const selector = "kind LIKE 'a%'";
  const subscribe = (id: string, destination: string, more = '') =>
    peer.call('SUBSCRIBE', { id, destination, selector: `${selector}${more}` });
  for (let id = 0; id < 200; id++) assert.deepEqual(subscribe(`${id}`, '/queue/q'), []);
  const other = await b.client();
  for (let n = 0; n < 200; n++) {
    other.send('SEND', { destination: '/queue/q', kind: n % 2 === 0 ? 'ab' : 'b' }, String(n));
  }
  for (let turns = 0; turns < 10; turns++) await turn();
  assert.equal(peer.bodies().length, 100);
  const full: string[] = [];
  for (let id = 0; full.length === 0; id++) {
    full.push(...subscribe(`d${id}`, '/queue/d', ` AND n <> ${id}`).map(({ command }) => command));
    assert.ok(id < 100);
  }
  for (let id = 0; id < 199; id++) peer.call('UNSUBSCRIBE', { id: `${id}` });
  other.send('SEND', { destination: '/queue/q', kind: 'ac' }, 'last');
  for (let turns = 0; turns < 10; turns++) await turn();
  assert.deepEqual(peer.bodies(), ['last']);
  peer.call('UNSUBSCRIBE', { id: '199' });
  const large = Array.from({ length: 190 }, (_, n) => `n <> ${n}`).join(' AND ');
  for (let id = 0; id < 20; id++) {
    assert.deepEqual(subscribe(`q${id}`, '/queue/q', ` AND ${large} AND m <> ${id}`), []);
  }
});

test('messages with expensive routing are spread over turns of the event loop', async () => {
  const b = await StompBroker.open();
  const peer = await b.client();
  const selector = Array.from({ length: 500 }, (_, n) => `n = ${n}`).join(' OR ');
  for (let id = 0; id < 40; id++) {
    peer.send('SUBSCRIBE', { id: String(id), destination: '/topic/T', selector });
  }
  peer.take();
  const frame = textFrame('SEND', { destination: '/topic/T', n: '500', receipt: 'r' });
  peer.receive(frame.repeat(10));
  const inOneTurn = peer.take().length;
  assert.ok(inOneTurn >= 1 && inOneTurn <= 2, `${inOneTurn} of 40,000 operands each`);
  for (let turns = 0; turns < 100; turns++) await turn();
  assert.equal(peer.take().length, 10 - inOneTurn);
});

test('noLocal excludes messages sent by the same client', async () => {
  const b = await StompBroker.open();
  const peer = await b.client();
  const other = await b.client();
  peer.call('SUBSCRIBE', { id: 's', destination: '/topic/T', 'activemq.noLocal': 'true' });
  peer.send('SEND', { destination: '/topic/T' }, 'own');
  other.send('SEND', { destination: '/topic/T' }, 'other');
  assert.deepEqual(peer.bodies(), ['other']);
});

test('an exclusive consumer is the only one that its queue serves', async () => {
  const b = await StompBroker.open();
  const [one, two, sender] = [await b.client(), await b.client(), await b.client()];
  one.call('SUBSCRIBE', { id: 's', destination: '/queue/q' });
  two.call('SUBSCRIBE', { id: 's', destination: '/queue/q', 'activemq.exclusive': 'true' });
  for (const body of ['1', '2', '3']) sender.send('SEND', { destination: '/queue/q' }, body);
  assert.deepEqual([one.bodies(), two.bodies()], [[], ['1', '2', '3']]);
  two.connection.ended();
  sender.send('SEND', { destination: '/queue/q' }, '4');
  assert.deepEqual(one.bodies(), ['4']);
});

test('a browser gets all messages of a queue, removes none and gets an end marker', async () => {
  const b = await StompBroker.open();
  const sender = await b.client();
  const send = (n: number) => {
    const headers = { destination: '/queue/q', persistent: 'true', n: String(n) };
    sender.send('SEND', headers, String(n));
  };
  for (let n = 0; n < 600; n++) send(n);
  b.sync();
  b.log.evict();
  const peer = await b.client();
  const browser = { destination: '/queue/q', browser: 'true', id: 'b' };
  peer.send('SUBSCRIBE', { ...browser, selector: 'n >= 200', receipt: 'r' });
  for (let turns = 0; turns < 2000; turns++) await turn();
  const [receipt, ...frames] = peer.take();
  assert.equal(receipt?.command, 'RECEIPT');
  const last = frames.pop();
  assert.deepEqual(
    frames.map(({ body }) => body),
    Array.from({ length: 400 }, (_, at) => String(200 + at)),
  );
  assert.deepEqual(
    { ...last?.headers },
    { subscription: 'b', destination: '/queue/q', 'message-id': '0', browser: 'end' },
  );
  send(600);
  assert.deepEqual(peer.take(), [], 'what comes later is not browsed');
  assert.equal(b.ready('q'), 601);
  peer.call('UNSUBSCRIBE', { id: 'b' });
  const [topic] = peer.call('SUBSCRIBE', { ...browser, destination: '/topic/t' });
  assert.equal(topic?.headers['message'], 'only a queue can be browsed, not topic://t');
});

test('a message that is already expired when sent goes only to the dead-letter queue', async () => {
  const b = await StompBroker.open();
  const peer = await b.client();
  peer.call('SUBSCRIBE', { id: 'q', destination: '/queue/E' });
  peer.call('SUBSCRIBE', { id: 't', destination: '/topic/E' });
  const expired = { persistent: 'true', expires: '1' };
  for (const destination of ['/queue/E', '/topic/E']) {
    assert.deepEqual(peer.call('SEND', { destination, ...expired }, 'old'), []);
  }
  for (let turns = 0; turns < 10; turns++) await turn();
  assert.deepEqual(peer.bodies(), []);
  // That of the topic had no subscription that lasts.
  assert.deepEqual([b.ready('E'), b.ready('ActiveMQ.DLQ')], [0, 1]);
});

test('subscribers with large selectors are rejected, and senders to their topic are not', async () => {
  const b = await StompBroker.open({ topicSelectorCostMax: 1000 });
  const peer = await b.client();
  const large = { selector: Array.from({ length: 100 }, () => 'a=1').join(' OR ') };
  const answers = Array.from({ length: 9 }, (_, id) =>
    peer.call('SUBSCRIBE', { id: `${id}`, destination: '/topic/N', ...large, receipt: 'r' }),
  );
  const commands = answers.map(([answer]) => answer?.command);
  assert.ok(commands.includes('RECEIPT') && commands.includes('ERROR'), `${commands}`);
  const refused = answers.find(([answer]) => answer?.command === 'ERROR');
  assert.match(refused?.[0]?.headers['message'] ?? '', /at most 1000 are allowed/);
  const sender = await b.client();
  const [answer] = sender.call('SEND', { destination: '/topic/N', receipt: 's', a: '1' }, 'x');
  assert.equal(answer?.command, 'RECEIPT');
});

/** Acknowledges the first of three messages in a transaction, unsubscribes, and ends it. */
async function endAfterUnsubscribe(ack: string, end: 'COMMIT' | 'ABORT'): Promise<void> {
  const b = await StompBroker.open();
  const peer = await b.client();
  for (const body of ['1', '2', '3']) peer.send('SEND', { destination: '/queue/U' }, body);
  const [first] = peer.call('SUBSCRIBE', { id: 's', destination: '/queue/U', ack });
  peer.send('BEGIN', { transaction: 't' });
  peer.send('ACK', { id: first?.headers['ack'] ?? '', transaction: 't' });
  peer.send('UNSUBSCRIBE', { id: 's' });
  await turn();
  assert.equal(b.ready('U'), 2, `before ${end}`);
  peer.send(end, { transaction: 't' });
  await turn();
  peer.take();
  peer.send('SUBSCRIBE', { id: 's2', destination: '/queue/U', ack });
  const left = end === 'COMMIT' ? ['2', '3'] : ['1', '2', '3'];
  assert.deepEqual(peer.bodies(), left, `${ack} ${end}`);
}

test('messages acknowledged in a transaction are settled by it, even after UNSUBSCRIBE', async () => {
  for (const ack of ['client', 'client-individual']) {
    await endAfterUnsubscribe(ack, 'COMMIT');
    await endAfterUnsubscribe(ack, 'ABORT');
  }
});

test('a message to several destinations goes to all or none of them', async () => {
  const b = await StompBroker.open();
  const peer = await b.client();
  const [error] = peer.call('SEND', { destination: '/queue/ok,/queue/amq.bad' }, 'x');
  assert.equal(error?.command, 'ERROR');
  assert.equal(b.ready('ok') ?? 0, 0);
});
