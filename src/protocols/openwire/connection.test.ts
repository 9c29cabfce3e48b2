import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  OpenWireBroker,
  OpenWirePeer,
  queue,
  textOf,
  topic,
} from '../../../tests/support/openwire-peer.ts';
import { StompPeer } from '../../../tests/support/stomp-peer.ts';
import type { Value } from '../../broker/conversion/value.ts';
import {
  type DataStructure,
  destinationInfo,
  keepAliveInfo,
  messagePull,
  removeInfo,
  removeSubscriptionInfo,
  sessionInfo,
  shutdownInfo,
  types,
} from './codec/commands.gen.ts';
import { encodeMap } from './codec/primitives.ts';
import { readProperties } from './conversion/properties.ts';

const typesOf = (all: readonly DataStructure[]) => all.map(({ type }) => type);

test('wire format negotiation works with any client options, and messages flow both ways', async () => {
  const b = await OpenWireBroker.open();
  for (const version of [1, 2, 3, 6, 9, 10, 11, 12, 13]) {
    for (const isTight of [true, false]) {
      for (const cacheSize of [0, 16, 1024]) {
        const peer = await b.client({ format: { version, isTight, cacheSize } });
        peer.consume(1, queue('q'));
        peer.produce();
        for (const text of ['one', 'two']) peer.publish(queue('q'), text);
        const dispatches = peer.dispatches();
        assert.deepEqual(
          dispatches.map(({ message }) => textOf(message)),
          ['one', 'two'],
        );
        assert.equal(dispatches[0]?.message?.destination?.physicalName, 'q');
        peer.ack(dispatches);
        peer.connection.ended();
      }
    }
  }
  b.sync();
  assert.equal(b.ready('q'), 0);
});

test('before the login, input is limited in size and order and gets no other response', async () => {
  const b = await OpenWireBroker.open();
  const refused = (act: (peer: OpenWirePeer) => void) => {
    const peer = new OpenWirePeer(b.protocol);
    act(peer);
    assert.ok(peer.isClosed && !peer.isAdmitted);
    // Only the WireFormatInfo, and the BrokerInfo if the client's was right.
    assert.ok(peer.received.length <= 2, `${peer.received.length} writes`);
  };
  refused((peer) => peer.receive(Buffer.from('GET / HTTP/1.1\r\n\r\n')));
  refused((peer) => peer.receive(Buffer.from([0x7f, 0xff, 0xff, 0xff, 1])));
  refused((peer) => peer.receive(Buffer.from([0, 0, 0, 0, 1])));
  refused((peer) => {
    peer.negotiate();
    peer.send(peer.message(queue('q'), 'early'));
  });
  // A command that needs a log-in is refused by its type, before its content arrives or is decoded.
  for (const type of [types.DataArrayResponse, types.BrokerInfo, types.ConsumerInfo, 255]) {
    refused((peer) => {
      peer.negotiate();
      peer.receive(Buffer.from([0, 0, 0x10, 0, type]));
    });
  }
  refused((peer) => {
    peer.negotiate();
    for (let left = 20; left > 0; left--) peer.send(keepAliveInfo());
  });
  refused((peer) => {
    peer.negotiate();
    peer.receive(Buffer.from([0, 0x10, 0, 0, 3]));
  });
  assert.equal(b.ready('q'), undefined);
  const silent = new OpenWirePeer(b.protocol);
  silent.connection.tick(0);
  silent.connection.tick(30_001);
  assert.ok(silent.isClosed);
});

test('a login with a wrong password or without a client id is refused', async () => {
  const b = await OpenWireBroker.open();
  const answerTo = async (options: Parameters<OpenWirePeer['connect']>[0]) => {
    const peer = new OpenWirePeer(b.protocol);
    peer.negotiate();
    await peer.connect(options);
    const answer = peer.take().at(-1);
    assert.ok(peer.isClosed);
    assert.equal(answer?.type, types.ExceptionResponse);
    const { exception } = answer as Extract<DataStructure, { type: 31 }>; // as just checked
    return `${exception?.className}: ${exception?.message}`;
  };
  assert.equal(
    await answerTo({ password: 'wrong' }),
    'java.lang.SecurityException: User name [bob] or password is invalid.',
  );
  assert.equal(
    await answerTo({ clientId: '' }),
    'javax.jms.InvalidClientIDException: No clientID specified for connection request',
  );
  await b.client({ clientId: 'taken' });
  assert.equal(
    await answerTo({ clientId: 'taken', connection: 'ID:other' }),
    'javax.jms.InvalidClientIDException: Broker: b1 - Client: taken already connected from tcp://127.0.0.1:1',
  );
  assert.match(await answerTo({ user: 'eve', clientId: 'x' }), /in use by another user/);
});

test('a persistent message is answered once durable, other messages at once, in order', async () => {
  const b = await OpenWireBroker.open();
  const peer = await b.client();
  peer.produce();
  assert.deepEqual(peer.ask(peer.message(queue('q'), 'kept')), []);
  assert.deepEqual(peer.ask(peer.message(queue('q'), 'passing', { persistent: false })), []);
  b.sync();
  assert.deepEqual(typesOf(peer.take()), [types.PlainResponse, types.PlainResponse]);
  assert.equal(b.ready('q'), 2);
  const again = await OpenWireBroker.open({}, b);
  assert.equal(again.ready('q'), 1);
});

test('errors are reported as the client requested, and the connection continues', async () => {
  const b = await OpenWireBroker.open();
  const peer = await b.client();
  peer.session();
  const gone = { type: types.TempQueueDestination, physicalName: 'ID:gone:1' } as const;
  assert.equal(
    peer.exception(peer.message(gone, 'x')),
    'org.apache.activemq.DestinationDoesNotExistException: The destination temp-queue://ID:gone:1 does not exist.',
  );
  peer.publish(gone, 'x');
  assert.deepEqual(typesOf(peer.take()), [types.ConnectionError]);
  const bad = peer.consumer(1, queue('q'), { selector: 'a = = b' });
  assert.match(peer.exception(bad) ?? '', /^javax.jms.InvalidSelectorException: a = = b/);
  const foreign = peer.consumer(1, queue('q'));
  const consumerId = { ...foreign.consumerId, sessionId: 9 } as typeof foreign.consumerId;
  assert.match(
    peer.exception({ ...foreign, consumerId }) ?? '',
    /^java.lang.IllegalStateException: b1 Cannot add a consumer to a session that had not been registered: ID:c-1:1:9$/,
  );
  assert.ok(!peer.isClosed);
});

test('the prefetch window is never exceeded, and DELIVERED acks extend it', async () => {
  const b = await OpenWireBroker.open();
  const peer = await b.client();
  peer.produce();
  for (let i = 0; i < 10; i++) peer.publish(queue('q'), `${i}`);
  peer.consume(1, queue('q'), { prefetchSize: 3 });
  const first = peer.dispatches();
  assert.equal(first.length, 3);
  peer.ack(first.slice(0, 2), 0);
  const second = peer.dispatches();
  assert.equal(second.length, 2);
  assert.equal(
    peer.exception({ ...ackOf(peer, first), messageCount: 7 })?.slice(0, 46),
    'javax.jms.JMSException: Unmatched acknowledge:',
  );
  assert.equal(
    peer.exception({ ...ackOf(peer, first), ackType: 99 }),
    'javax.jms.JMSException: Invalid acknowledgment: type 99; 0 to 6 are allowed',
  );
  peer.ack([...first, ...second]);
  assert.equal(peer.dispatches().length, 3);
  assert.equal(b.ready('q'), 2);
});

function ackOf(peer: OpenWirePeer, dispatches: ReturnType<OpenWirePeer['dispatches']>) {
  const sent: DataStructure[] = [];
  const { send } = peer;
  peer.send = (structure) => void sent.push(structure);
  peer.ack(dispatches);
  peer.send = send;
  return sent[0] as Extract<DataStructure, { type: 22 }>; // what ack() sends
}

test('POISON acks dead-letter, INDIVIDUAL acks settle one, and EXPIRED acks expire messages', async () => {
  const b = await OpenWireBroker.open();
  const peer = await b.client();
  peer.produce();
  for (const text of ['a', 'b', 'c']) peer.publish(queue('q'), text);
  peer.consume(1, queue('q'));
  const all = peer.dispatches();
  peer.ack(all.slice(1, 2), 4);
  const poisonCause = { className: 'java.lang.Throwable', message: 'too often' };
  peer.ack(all.slice(0, 1), 1, undefined, { poisonCause });
  await new Promise(setImmediate);
  b.sync();
  peer.consume(2, queue('ActiveMQ.DLQ'));
  const [dead] = peer.dispatches();
  assert.equal(textOf(dead?.message), 'a');
  assert.equal(dead?.message?.originalDestination?.physicalName, 'q');
  const properties = new Map(readProperties(dead?.message?.marshalledProperties));
  assert.equal(properties.get('dlqDeliveryFailureCause')?.value, 'java.lang.Throwable: too often');
  peer.connection.ended();
  b.sync();
  assert.deepEqual([b.ready('q'), b.ready('ActiveMQ.DLQ')], [1, 1]);
});

test('the redelivery counter counts possibly seen deliveries and survives a restart', async () => {
  const b = await OpenWireBroker.open();
  const peer = await b.client();
  peer.produce();
  for (const text of ['a', 'b', 'c']) peer.publish(queue('q'), text);
  const counters = (dispatches: ReturnType<OpenWirePeer['dispatches']>) =>
    dispatches.map(({ redeliveryCounter }) => redeliveryCounter);
  const reopen = (lastDelivered: (numbers: readonly (number | bigint)[]) => number | bigint) => {
    const { consumerId } = peer.consume(1, queue('q'));
    const dispatches = peer.dispatches();
    const numbers = dispatches.map(({ message }) => message?.messageId?.brokerSequenceId ?? 0);
    const lastDeliveredSequenceId = lastDelivered(numbers);
    peer.send(removeInfo({ objectId: consumerId, lastDeliveredSequenceId }));
    assert.deepEqual(
      dispatches.map(({ message }) => textOf(message)),
      ['a', 'b', 'c'],
    );
    return counters(dispatches);
  };
  assert.deepEqual(
    reopen(() => 0),
    [0, 0, 0],
  );
  assert.deepEqual(
    reopen((numbers) => numbers[1] ?? 0),
    [0, 0, 0],
  );
  assert.deepEqual(
    reopen(() => -2),
    [1, 1, 0],
  );
  peer.connection.ended();
  b.broker.pump();
  b.sync();
  const again = await OpenWireBroker.open({}, b);
  const other = await again.client();
  other.consume(1, queue('q'));
  assert.deepEqual(counters(other.dispatches()), [2, 2, 1]);
});

test('a consumer with prefetch 0 pulls one message, or gets an empty response on timeout', async () => {
  const b = await OpenWireBroker.open();
  const peer = await b.client();
  peer.produce();
  const { consumerId } = peer.consume(1, queue('q'), { prefetchSize: 0 });
  const pull = (timeout: number) => {
    peer.send(messagePull({ consumerId, timeout }));
    return peer.texts();
  };
  assert.deepEqual(pull(-1), [undefined]);
  assert.deepEqual(pull(0), []);
  peer.publish(queue('q'), 'one');
  peer.publish(queue('q'), 'two');
  const dispatches = peer.dispatches();
  assert.deepEqual(
    dispatches.map(({ message }) => textOf(message)),
    ['one'],
  );
  peer.ack(dispatches);
  assert.deepEqual(peer.texts(), []);
  assert.deepEqual(pull(1000), ['two']);
  assert.deepEqual(pull(1000), []);
  b.clock.ms += 1001;
  b.broker.tick();
  assert.deepEqual(peer.texts(), [undefined]);
});

test('a browser gets copies within its window and then the end marker', async () => {
  const b = await OpenWireBroker.open();
  const peer = await b.client();
  peer.produce();
  for (let i = 0; i < 5; i++) peer.publish(queue('q'), `${i}`);
  peer.consume(1, queue('q'), { browser: true, prefetchSize: 2 });
  const seen = peer.dispatches();
  assert.equal(seen.length, 2);
  peer.ack(seen);
  await new Promise(setImmediate);
  const more = peer.dispatches();
  peer.ack(more);
  await new Promise(setImmediate);
  assert.deepEqual(
    [...more, ...peer.dispatches()].map(({ message }) => textOf(message)),
    ['2', '3', '4', undefined],
  );
  assert.equal(b.ready('q'), 5);
});

test('a durable subscription keeps messages, allows one consumer and can be removed', async () => {
  const b = await OpenWireBroker.open();
  const peer = await b.client({ clientId: 'me' });
  peer.produce();
  const info = peer.consume(1, topic('t'), {
    subscriptionName: 'n',
    selector: "c = 'x' OR c IS NULL",
  });
  const remove = removeSubscriptionInfo({ subscriptionName: 'n', clientId: 'other' });
  assert.match(peer.exception(remove) ?? '', /JMSException: Durable consumer is in use/);
  peer.send(removeInfo({ objectId: info.consumerId }));
  peer.publish(topic('t'), 'missed');
  peer.take();
  b.sync();
  const again = await OpenWireBroker.open({}, b);
  const other = await again.client({ clientId: 'me' });
  const back = other.consume(1, topic('t'), { subscriptionName: 'n', selector: info.selector });
  assert.deepEqual(other.texts(), ['missed']);
  other.send(removeInfo({ objectId: back.consumerId }));
  other.ask(remove);
  again.sync();
  other.take();
  assert.match(
    other.exception(remove) ?? '',
    /^javax.jms.InvalidDestinationException: No durable subscription exists for clientID: me and subscriptionName: n$/,
  );
});

test('temporary destinations belong to their connection and are advertised', async () => {
  const b = await OpenWireBroker.open();
  const watcher = await b.client({ connection: 'ID:w' });
  const both = 'ActiveMQ.Advisory.TempQueue,ActiveMQ.Advisory.TempTopic';
  watcher.consume(1, topic(both));
  const owner = await b.client({ connection: 'ID:o' });
  const temporary = { type: types.TempQueueDestination, physicalName: 'ID:o:1' } as const;
  const connectionId = { type: types.ConnectionId, value: 'ID:o' } as const;
  owner.send(destinationInfo({ connectionId, destination: temporary }));
  const operations = (peer: OpenWirePeer) =>
    peer.dispatches().map(({ message }) => {
      const data = message?.dataStructure;
      if (data?.type !== types.DestinationInfo) return data?.type;
      return [data.operationType, data.destination?.physicalName];
    });
  assert.deepEqual(operations(watcher), [[0, 'ID:o:1']]);
  const late = await b.client({ connection: 'ID:l' });
  late.consume(1, topic(both));
  assert.deepEqual(operations(late), [[0, 'ID:o:1']]);
  assert.match(
    late.exception(late.consumer(2, temporary)) ?? '',
    /InvalidDestinationException: Subscribing to a temporary queue created by another connection is not permitted/,
  );
  owner.consume(1, temporary);
  late.produce();
  late.publish(temporary, 'reply');
  assert.deepEqual(owner.texts(), ['reply']);
  owner.connection.ended();
  b.sync();
  assert.deepEqual(operations(watcher), [[1, 'ID:o:1']]);
});

test('a reconnecting client replaces its old connection without duplicate messages', async () => {
  const b = await OpenWireBroker.open();
  const before = await b.client({ failover: true });
  before.produce();
  const [one, two] = [before.message(queue('q'), '1'), before.message(queue('q'), '2')];
  before.ask(one);
  before.ask(two);
  b.sync();
  const after = await b.client({ failover: true });
  assert.ok(before.isClosed);
  after.produce();
  assert.deepEqual(typesOf(after.ask(two)), [types.PlainResponse]);
  after.ask(
    after.message(queue('q'), '3', {
      messageId: { ...two.messageId, producerSequenceId: 3 } as typeof two.messageId,
    }),
  );
  assert.equal(b.ready('q'), 3);
  b.sync();
  // The same after a crash of the broker.
  const again = await OpenWireBroker.open({}, b);
  const last = await again.client({ failover: true });
  last.produce();
  assert.deepEqual(typesOf(last.ask(two)), [types.PlainResponse]);
  assert.equal(again.ready('q'), 3);
});

test('a session of another connection cannot be registered', async () => {
  const b = await OpenWireBroker.open();
  const bob = await b.client({ failover: true });
  const eve = await b.client({ user: 'eve', connection: 'ID:eve:1', failover: true });
  eve.connectionId = bob.connectionId;
  const session = eve.ask(
    sessionInfo({
      sessionId: { type: types.SessionId, connectionId: bob.connectionId, value: 1n },
    }),
  );
  assert.deepEqual(typesOf(session), [types.ExceptionResponse]);
});

test('a producer with a window gets a ProducerAck for its messages', async () => {
  const b = await OpenWireBroker.open();
  const peer = await b.client();
  peer.produce({ windowSize: 10_000 });
  peer.publish(queue('q'), 'x'.repeat(1000));
  const [ack] = peer.take();
  assert.equal(ack?.type === types.ProducerAck && ack.size, 1024 + 1004);
  peer.ask(peer.message(queue('q'), 'x'));
  b.sync();
  assert.deepEqual(typesOf(peer.take()), [types.PlainResponse]);
});

test('a delayed message is delivered when due, without its scheduling properties', async () => {
  const b = await OpenWireBroker.open();
  const peer = await b.client();
  peer.produce();
  peer.consume(1, queue('q'));
  const delayed = (value: Value) =>
    peer.message(queue('q'), 'later', {
      marshalledProperties: encodeMap([
        ['AMQ_SCHEDULED_DELAY', value],
        ['kept', { type: 'int', value: 1 }],
      ]),
    });
  peer.send(delayed({ type: 'long', value: 5000n }));
  assert.deepEqual(peer.texts(), []);
  b.clock.ms += 5001;
  b.broker.tick();
  b.sync();
  await new Promise(setImmediate);
  const [found] = peer.dispatches();
  assert.equal(textOf(found?.message), 'later');
  const names = readProperties(found?.message?.marshalledProperties).map(([name]) => name);
  assert.deepEqual(names, ['kept', 'scheduledJobId']);
  assert.match(
    peer.exception(delayed({ type: 'string', value: 'soon' })) ?? '',
    /^javax.jms.MessageFormatException: AMQ_SCHEDULED_DELAY is 'soon'/,
  );
});

test('messages are converted from and to STOMP, and selectors see the same properties', async () => {
  const b = await OpenWireBroker.open();
  const other = new StompPeer(b.broker);
  await other.connect();
  const peer = await b.client();
  peer.produce();
  peer.consume(1, queue('to.java'), { selector: "kind = 'a'" });
  other.send('SEND', { destination: '/queue/to.java', kind: 'a', type: 't' }, 'hé');
  other.send('SEND', { destination: '/queue/to.java', kind: 'b' }, 'no');
  const [found, ...rest] = peer.dispatches();
  assert.equal(rest.length, 0);
  assert.equal(found?.message?.type, types.TextMessage);
  assert.deepEqual([textOf(found?.message), found?.message?.jmsType], ['hé', 't']);
  assert.ok(found?.message?.messageId?.producerId !== undefined);
  peer.ack([found]);
  other.take();
  other.send('SUBSCRIBE', { id: '1', destination: '/queue/to.stomp', selector: 'n > 4' });
  const marshalledProperties = encodeMap([['n', { type: 'long', value: 5n }]]);
  peer.publish(queue('to.stomp'), 'ok', { marshalledProperties, correlationId: 'c' });
  const [message] = other.take();
  assert.deepEqual([message?.body, message?.headers['n']], ['ok', '5']);
  assert.equal(message?.headers['correlation-id'], 'c');
});

test('a silent peer is disconnected, and the broker sends keep-alives', async () => {
  const b = await OpenWireBroker.open();
  const peer = await b.client({ format: { inactivityMs: 3000, inactivityDelayMs: 500 } });
  let keepAlives = 0;
  for (let ms = 0; ms <= 3500; ms += 500) {
    peer.connection.tick(ms);
    keepAlives += peer.take().filter(({ type }) => type === types.KeepAliveInfo).length;
  }
  assert.ok(keepAlives >= 2 && !peer.isClosed, `${keepAlives} keep-alives`);
  peer.connection.tick(5000);
  assert.ok(peer.isClosed);
});

test('a graceful connection shutdown is answered and leaves no state behind', async () => {
  const b = await OpenWireBroker.open();
  const peer = await b.client();
  peer.produce();
  peer.publish(queue('q'), 'x');
  peer.consume(1, queue('q'));
  peer.take();
  const objectId = { type: types.ConnectionId, value: peer.connectionId } as const;
  assert.deepEqual(typesOf(peer.ask(removeInfo({ objectId }))), [types.PlainResponse]);
  peer.send(shutdownInfo());
  assert.ok(peer.isClosed);
  assert.deepEqual([b.ready('q'), b.broker.clientConnections.size], [1, 0]);
  // The client id is free.
  await b.client();
});
