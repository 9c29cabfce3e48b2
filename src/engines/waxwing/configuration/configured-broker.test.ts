import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StompBroker } from '../../../../tests/support/stomp-peer.ts';
import { configureActiveMq } from '../../../broker/activemq/activemq.ts';
import type { ActiveMqEvents } from '../../../broker/activemq/events.ts';
import { brokerNamespace } from '../../../control/configurations/activemq/xml-tree.ts';
import { defaultText } from '../../../control/configurations/default-texts.ts';
import { readConfiguration } from './read-configuration.ts';

// Configurations as text, and what STOMP clients of a broker with them see.

async function openText(text: string, events?: ActiveMqEvents) {
  const b = await StompBroker.open();
  const configuration = { id: 'c-1', revision: 1, text };
  const read = readConfiguration({ configuration, users: [] });
  // As it comes to the broker process.
  const received = JSON.parse(JSON.stringify(read.configuration));
  configureActiveMq(b.broker, received, events);
  return { b, peer: await b.client(), warnings: read.warnings };
}

function open(inside: string, attributes = '') {
  return openText(`<broker xmlns="${brokerNamespace}"${attributes}>${inside}</broker>`);
}

function policy(name: string, inside: string, attributes = '') {
  return (
    '<destinationPolicy><policyMap><policyEntries>' +
    `<policyEntry ${name} ${attributes}>${inside}</policyEntry>` +
    '</policyEntries></policyMap></destinationPolicy>'
  );
}

const strategy = (inside: string) => `<deadLetterStrategy>${inside}</deadLetterStrategy>`;

/** Sends a message to a queue and rejects it. */
async function reject({ b, peer }: Awaited<ReturnType<typeof open>>, queue: string) {
  const destination = `/queue/${queue}`;
  peer.call('SEND', { destination, persistent: 'true' }, 'x');
  const frames = peer.call('SUBSCRIBE', { id: queue, destination, ack: 'client-individual' });
  peer.call('NACK', { id: frames[0]?.headers['ack'] ?? '' });
  peer.call('UNSUBSCRIBE', { id: queue });
  b.broker.tick();
}

test('dead letters go where the strategy of their queue sends them', async () => {
  const individual = strategy('<individualDeadLetterStrategy queuePrefix="DEAD."/>');
  const opened = await open(policy('queue="A.&gt;"', individual));
  await reject(opened, 'A.1');
  await reject(opened, 'B');
  assert.equal(opened.b.ready('DEAD.A.1'), 1);
  assert.equal(opened.b.ready('ActiveMQ.DLQ'), 1);
  const shared =
    '<sharedDeadLetterStrategy><deadLetterQueue><queue physicalName="ALL"/></deadLetterQueue></sharedDeadLetterStrategy>';
  const other = await open(policy('queue="&gt;"', strategy(shared)));
  await reject(other, 'A.1');
  assert.deepEqual([other.b.ready('ALL'), other.b.ready('ActiveMQ.DLQ')], [1, 0]);
  const none = await open(policy('queue="&gt;"', strategy('<discarding/>')));
  await reject(none, 'A.1');
  assert.deepEqual([none.b.ready('A.1'), none.b.ready('ActiveMQ.DLQ')], [0, 0]);
});

test('dead letters with an invalid destination go to ActiveMQ.DLQ', async () => {
  const individual = (prefix: string) =>
    strategy(`<individualDeadLetterStrategy queuePrefix="${prefix}"/>`);
  for (const prefix of ['x'.repeat(300), 'amq.temporary.', 'DEAD.*.']) {
    const opened = await open(policy('queue="&gt;"', individual(prefix)));
    await reject(opened, 'A.1');
    assert.equal(opened.b.ready('ActiveMQ.DLQ'), 1, prefix);
  }
  const opened = await open(policy('queue="&gt;"', individual('DLQ.')));
  await reject(opened, 'q'.repeat(254));
  assert.equal(opened.b.ready('ActiveMQ.DLQ'), 1);
});

test('the discarding plugin drops all dead letters or those of given names', async () => {
  const all = await open('<plugins><discardingDLQBrokerPlugin/></plugins>');
  await reject(all, 'A.1');
  assert.equal(all.b.ready('ActiveMQ.DLQ'), 0);
  const some = await open('<plugins><discardingDLQBrokerPlugin dropOnly="A\\..* C"/></plugins>');
  for (const name of ['A.1', 'B', 'C', 'CC']) await reject(some, name);
  assert.equal(some.b.ready('ActiveMQ.DLQ'), 2);
});

test('the redelivery plugin redelivers a message before it is dead-lettered', async () => {
  const plugin =
    '<plugins><redeliveryPlugin><redeliveryPolicyMap><redeliveryPolicyMap><redeliveryPolicyEntries>' +
    '<redeliveryPolicy queue="R" maximumRedeliveries="1" initialRedeliveryDelay="2000"/>' +
    '</redeliveryPolicyEntries></redeliveryPolicyMap></redeliveryPolicyMap></redeliveryPlugin></plugins>';
  const opened = await open(plugin);
  const { b } = opened;
  await reject(opened, 'R');
  assert.deepEqual([b.ready('R'), b.ready('ActiveMQ.DLQ')], [0, 0]);
  b.clock.advance(2001);
  b.broker.tick();
  assert.equal(b.ready('R'), 1);
  await reject(opened, 'other');
  assert.equal(b.ready('ActiveMQ.DLQ'), 1, 'without a policy it is a dead letter at once');
});

test('mirrored queues and statistics work when configured', async () => {
  const { peer } = await open(
    '<destinationInterceptors><mirroredQueue prefix="m."/></destinationInterceptors>' +
      '<plugins><statisticsBrokerPlugin/></plugins>',
  );
  peer.call('SUBSCRIBE', { id: 'm', destination: '/topic/m.Q' });
  const [mirrored] = peer.call('SEND', { destination: '/queue/Q' }, 'x');
  assert.equal(mirrored?.body, 'x');
  peer.call('SUBSCRIBE', { id: 'r', destination: '/queue/replies' });
  const ask = { destination: '/queue/ActiveMQ.Statistics.Broker', 'reply-to': '/queue/replies' };
  peer.call('SEND', ask, '');
  await new Promise(setImmediate);
  const answers = peer.take();
  assert.equal(answers[0]?.headers['destination'], '/queue/replies');
  for (const name of ['S.a', 'S.b', 'other']) {
    peer.call('SEND', { destination: `/queue/${name}` }, 'x');
  }
  const each = '/queue/ActiveMQ.Statistics.Destination.S.*';
  const found = peer.call('SEND', { ...ask, destination: each }, '');
  const names = found.map(({ body }) => JSON.parse(body).destinationName);
  assert.deepEqual(names, ['queue://S.a', 'queue://S.b']);
});

test('topics retain messages for retroactive consumers', async () => {
  const recovery =
    '<subscriptionRecoveryPolicy><lastImageSubscriptionRecoveryPolicy/></subscriptionRecoveryPolicy>';
  const { peer } = await open(policy('topic="P.&gt;"', recovery));
  for (const body of ['1', '2']) peer.call('SEND', { destination: '/topic/P.1' }, body);
  const frames = peer.call('SUBSCRIBE', {
    id: 'p',
    destination: '/topic/P.1',
    'activemq.retroactive': 'true',
  });
  assert.deepEqual(
    frames.map(({ body }) => body),
    ['2'],
  );
});

test('the default configuration deletes queues that are unused for ten minutes', async () => {
  const removed: string[] = [];
  const events: ActiveMqEvents = {
    refused: () => {},
    warned: () => {},
    removedInactive: (name, inactiveMs) => removed.push(`${name} ${inactiveMs}`),
  };
  const { b, peer } = await openText(defaultText('ACTIVEMQ'), events);
  peer.call('SUBSCRIBE', { id: 'q', destination: '/queue/Q' });
  peer.call('SEND', { destination: '/queue/used' }, 'x');
  peer.call('UNSUBSCRIBE', { id: 'q' });
  const sweep = () => {
    b.broker.tick();
    b.broker.pump();
  };
  for (let ms = 0; ms <= 620_000; ms += 10_000) {
    b.clock.advance(10_000);
    sweep();
  }
  assert.equal(b.ready('Q'), undefined);
  assert.deepEqual([b.ready('used'), b.ready('ActiveMQ.DLQ')], [1, 0]);
  assert.deepEqual(removed, ['queue://Q 600000']);
});

test('consumers are exclusive when the policy says so', async () => {
  const { b, peer } = await open(policy('queue="X"', '', 'allConsumersExclusiveByDefault="true"'));
  const second = await b.client();
  const subscribe = { destination: '/queue/X', id: '1' };
  peer.call('SUBSCRIBE', subscribe);
  second.call('SUBSCRIBE', subscribe);
  const sender = await b.client();
  for (const body of ['1', '2', '3']) sender.call('SEND', { destination: '/queue/X' }, body);
  assert.deepEqual([peer.bodies(), second.bodies()], [['1', '2', '3'], []]);
});
