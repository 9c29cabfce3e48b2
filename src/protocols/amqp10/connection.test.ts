import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  Amqp10Broker,
  Amqp10Peer,
  header,
  type ReceivedFrame,
  textMessage,
} from '../../../tests/support/amqp10-peer.ts';
import { type Composite, compositeCodes } from './codec/performatives.gen.ts';

const accepted: Composite = { code: compositeCodes.accepted };

/** The error that a frame carries, as `condition: description`. */
function errorOf({ body }: ReceivedFrame): string | undefined {
  const error = body !== undefined && 'error' in body ? body.error : undefined;
  return error?.code === compositeCodes.error
    ? `${error.condition}: ${error.description}`
    : undefined;
}

/** The names of the frames, with their errors. */
function shown(frames: readonly ReceivedFrame[]): string[] {
  const names = new Map<number, string>(
    Object.entries(compositeCodes).map(([name, code]) => [code, name]),
  );
  return frames.map((frame) => {
    const name = frame.body === undefined ? 'empty' : (names.get(frame.body.code) ?? '?');
    const error = errorOf(frame);
    return error === undefined ? name : `${name} ${error}`;
  });
}

test('a connection opens with SASL, a second header and an open', async () => {
  const { broker } = await Amqp10Broker.open();
  const peer = new Amqp10Peer(broker);
  await peer.logIn();
  assert.deepEqual(peer.bodies(), [
    { code: compositeCodes.saslMechanisms, saslServerMechanisms: ['PLAIN'] },
    { code: compositeCodes.saslOutcome, outcome: 0, additionalData: undefined },
  ]);
  assert.ok(peer.isAdmitted);
  peer.receive(header(0));
  assert.deepEqual(Buffer.concat(peer.received.splice(0)), header(0));
  peer.send({ code: compositeCodes.open, containerId: 'c1' });
  const [frame] = peer.take();
  assert.ok(frame?.body?.code === compositeCodes.open);
  const { containerId, maxFrameSize, channelMax, idleTimeOut, offeredCapabilities } = frame.body;
  assert.deepEqual(
    { containerId, maxFrameSize, channelMax, idleTimeOut, offeredCapabilities },
    {
      containerId: 'b1',
      maxFrameSize: 131_072,
      channelMax: 1023,
      idleTimeOut: 15_000,
      offeredCapabilities: [
        'ANONYMOUS-RELAY',
        'DELAYED_DELIVERY',
        'sole-connection-for-container',
        'SHARED-SUBS',
      ],
    },
  );
  const properties = (frame.body.properties ?? []).map(([key, value]) => [key.value, value.value]);
  assert.deepEqual(Object.fromEntries(properties), {
    'queue-prefix': 'queue://',
    'topic-prefix': 'topic://',
    product: 'ActiveMQ',
    version: '5.18',
    platform: 'Waxwing',
  });
});

test('another protocol header is answered with the SASL header, and the connection is closed', async () => {
  const { broker } = await Amqp10Broker.open();
  const wrong = [header(0), header(2), header(3, 2), Buffer.from('AMQP\0\0\x09\x01')];
  for (const bytes of [...wrong, Buffer.from('GET / HT')]) {
    const peer = new Amqp10Peer(broker);
    peer.receive(bytes);
    assert.deepEqual(Buffer.concat(peer.received), header(3));
    assert.ok(peer.isClosed);
  }
});

test('a refused login returns the SASL code for its reason', async () => {
  const { broker } = await Amqp10Broker.open();
  const refused = async (user: string, password: string, mechanism?: string) => {
    const peer = new Amqp10Peer(broker);
    await peer.logIn(user, password, mechanism);
    const outcome = peer.bodies().at(-1);
    assert.ok(outcome?.code === compositeCodes.saslOutcome && peer.isClosed && !peer.isAdmitted);
    return outcome.outcome;
  };
  assert.equal(await refused('bob', 'wrong'), 1);
  assert.equal(await refused('nobody', 'secret'), 1);
  assert.equal(await refused('', '', 'ANONYMOUS'), 1);
  assert.equal(await refused('bob', 'secret', 'EXTERNAL'), 3);
  assert.equal(await refused('a\0b\0c', 'secret'), 1);
  assert.equal(broker.clientConnections.size, 0);
});

test('a container id can be used by one connection at a time', async () => {
  const b = await Amqp10Broker.open();
  const first = await b.client('c1');
  const second = new Amqp10Peer(b.broker);
  await second.connect('c1');
  const [open, close] = second.take().slice(2);
  assert.ok(open?.body?.code === compositeCodes.open);
  const [property] = open.body.properties ?? [];
  assert.deepEqual(
    [property?.[0].value, property?.[1].value],
    ['amqp:connection-establishment-failed', true],
  );
  assert.ok(close !== undefined);
  assert.match(
    errorOf(close) ?? '',
    /^amqp:invalid-field: Broker: b1 - Client: c1 already connected/,
  );
  assert.ok(second.isClosed);
  first.connection.ended();
  const third = await b.client('c1');
  assert.ok(!third.isClosed);
});

test('durable messages are accepted once synced, consecutive ones in one disposition', async () => {
  const b = await Amqp10Broker.open();
  const peer = await b.client();
  b.sync();
  peer.attachSender('s', 'queue://q');
  b.sync();
  peer.take();
  for (let n = 0; n < 3; n++) peer.transfer(textMessage(`m${n}`, true));
  assert.deepEqual(peer.take(), []);
  b.sync();
  assert.deepEqual(peer.bodies(), [
    {
      code: compositeCodes.disposition,
      role: true,
      first: 0,
      last: 2,
      settled: true,
      state: accepted,
      batchable: undefined,
    },
  ]);
  assert.equal(b.ready('q'), 3);
  // A message that is not durable waits for nothing.
  peer.transfer(textMessage('x'));
  assert.equal(peer.bodies().length, 1);
  peer.transfer(textMessage('y'), 0, { settled: true });
  assert.deepEqual(peer.take(), []);
  assert.equal(b.ready('q'), 5);
});

test('a link gets messages within its credit and accepts an outcome for each', async () => {
  const b = await Amqp10Broker.open();
  const peer = await b.client();
  peer.attachSender('s', 'queue://q');
  for (let n = 0; n < 5; n++) peer.transfer(textMessage(`m${n}`));
  peer.attachReceiver('r', 'queue://q');
  b.sync();
  peer.take();
  peer.flow(1, 2);
  const frames = peer.take();
  assert.deepEqual(shown(frames), ['transfer', 'transfer']);
  assert.ok(frames[0]?.payload.toString('latin1').endsWith('m0'));
  peer.flow(1, 2, { deliveryCount: 1 });
  assert.equal(peer.take().length, 1);
  peer.settle(0, accepted);
  peer.settle(1, { code: compositeCodes.released });
  peer.settle(2, { code: compositeCodes.rejected });
  assert.equal(b.ready('q'), 3);
  peer.flow(1, 10, { deliveryCount: 3, drain: true });
  const rest = peer.take();
  assert.deepEqual(shown(rest), ['transfer', 'transfer', 'transfer', 'flow']);
  assert.deepEqual(
    rest.slice(0, 3).map(({ payload }) => payload.toString('latin1').slice(-2)),
    ['m1', 'm3', 'm4'],
  );
  const flow = rest.at(-1)?.body;
  assert.ok(flow?.code === compositeCodes.flow);
  assert.deepEqual([flow.linkCredit, flow.deliveryCount, flow.drain], [0, 13, true]);
});
