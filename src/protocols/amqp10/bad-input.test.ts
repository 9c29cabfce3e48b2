import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  Amqp10Broker,
  Amqp10Peer,
  frameBytes,
  header,
  message,
  textMessage,
} from '../../../tests/support/amqp10-peer.ts';
import type { Limits } from '../../broker/limits.ts';
import type { Entry, Item } from './codec/items.ts';
import { type Composite, compositeCodes } from './codec/performatives.gen.ts';

const text = (value: string): Item => ({ type: 'string', value });

/** The condition with which the connection was closed, or another end of a part of it. */
function ending(peer: Amqp10Peer): string {
  const found = peer.bodies().flatMap((body) => {
    const isEnd =
      body?.code === compositeCodes.close ||
      body?.code === compositeCodes.end ||
      body?.code === compositeCodes.detach;
    if (!isEnd || body.error?.code !== compositeCodes.error) return [];
    const kind =
      body.code === compositeCodes.close
        ? 'close'
        : body.code === compositeCodes.end
          ? 'end'
          : 'detach';
    return [`${kind} ${body.error.condition}`];
  });
  return found.join(', ');
}

async function ready(limits: Partial<Limits> = {}) {
  const b = await Amqp10Broker.open(limits);
  const peer = await b.client();
  peer.attachSender('s', 'queue://q');
  b.sync();
  peer.take();
  return { b, peer };
}

/** Sends bytes; the connection must end with a condition, and the broker serve others. */
async function closes(
  bytes: Buffer | ((peer: Amqp10Peer) => void),
  condition: string,
): Promise<void> {
  const { b, peer } = await ready();
  if (typeof bytes === 'function') bytes(peer);
  else peer.receive(bytes);
  assert.equal(ending(peer), `close ${condition}`);
  assert.ok(peer.isClosed);
  peer.receive(frameBytes(0, { code: compositeCodes.end }));
  assert.deepEqual(peer.take(), [], 'nothing is answered after the end');
  peer.connection.ended();
  assert.equal(b.broker.clientConnections.size, 0);
  const other = await b.client('c2');
  assert.ok(!other.isClosed);
}

test('an invalid frame closes the connection', async () => {
  await closes(Buffer.from('00000007020000aa', 'hex'), 'amqp:connection:framing-error');
  await closes(Buffer.from('ffffffff02000000', 'hex'), 'amqp:connection:framing-error');
  await closes(Buffer.from('0000000801000000', 'hex'), 'amqp:connection:framing-error');
  await closes(Buffer.from('0000000803000000', 'hex'), 'amqp:connection:framing-error');
  await closes(Buffer.from('0000000c0202000000531045', 'hex'), 'amqp:connection:framing-error');
  await closes(
    frameBytes(0, { code: compositeCodes.saslOutcome, outcome: 0 }, undefined, 1),
    'amqp:connection:framing-error',
  );
});

test('an invalid performative closes the connection', async () => {
  const body = (hex: string) => frameBytes(0, undefined, Buffer.from(hex, 'hex'));
  await closes(body('40'), 'amqp:decode-error');
  await closes(body('ff'), 'amqp:decode-error');
  await closes(body('00530045'), 'amqp:decode-error');
  await closes(body('005312c0ff05'), 'amqp:decode-error');
  await closes(body('005313d07fffffffffffffff'), 'amqp:decode-error');
  await closes(body('005311c00404414141'), 'amqp:decode-error');
});

test('out-of-order frames close the connection', async () => {
  await closes(
    (peer) => peer.send({ code: compositeCodes.open, containerId: 'x' }),
    'amqp:not-allowed',
  );
  await closes((peer) => peer.begin(0), 'amqp:not-allowed');
  await closes((peer) => peer.begin(1024), 'amqp:not-allowed');
  await closes((peer) => peer.send({ code: compositeCodes.end }, 7), 'amqp:not-allowed');
  await closes((peer) => peer.send({ code: compositeCodes.accepted }), 'amqp:not-allowed');
  await closes((peer) => {
    peer.transfer(textMessage('a'), 0, { more: true });
    peer.transfer(textMessage('b'), 0);
  }, 'amqp:not-allowed');
});

test('before the login only SASL frames are accepted, and the open must be valid', async () => {
  const { broker } = await Amqp10Broker.open();
  const early = new Amqp10Peer(broker);
  early.receive(
    Buffer.concat([header(3), frameBytes(0, { code: compositeCodes.open, containerId: 'c' })]),
  );
  assert.ok(early.isClosed);
  const large = new Amqp10Peer(broker);
  large.receive(Buffer.concat([header(3), Buffer.from('0001000002010000', 'hex')]));
  assert.ok(large.isClosed);
  const rows: readonly (readonly [object, string])[] = [
    [{ containerId: '' }, 'amqp:invalid-field'],
    [{ containerId: 'x'.repeat(2000) }, 'amqp:invalid-field'],
    [{ maxFrameSize: 511 }, 'amqp:invalid-field'],
    [{ idleTimeOut: 100 }, 'amqp:invalid-field'],
  ];
  for (const [more, condition] of rows) {
    const peer = new Amqp10Peer(broker);
    await peer.connect('c', more);
    assert.equal(ending(peer), `close ${condition}`);
  }
  const unready = new Amqp10Peer(broker);
  await unready.logIn();
  unready.receive(header(0));
  unready.begin();
  assert.equal(ending(unready), 'close amqp:not-allowed');
});

test('a session error ends the session, and a link error detaches the link', async () => {
  const ends = async (act: (peer: Amqp10Peer) => void, expected: string) => {
    const { peer } = await ready();
    act(peer);
    assert.equal(ending(peer), expected);
    assert.ok(!peer.isClosed);
    // What follows for the ended part is ignored.
    peer.transfer(textMessage('x'));
    peer.flow(0, 1);
    assert.equal(ending(peer), '');
    peer.send({ code: compositeCodes.end });
    peer.begin(0);
    assert.equal(peer.bodies().at(-1)?.code, compositeCodes.begin);
  };
  await ends((peer) => peer.transfer(textMessage('x'), 9), 'end amqp:session:unattached-handle');
  await ends((peer) => peer.attachSender('t', 'queue://q', 0), 'end amqp:session:handle-in-use');
  await ends((peer) => peer.attachSender('t', 'queue://q', 5000), 'end amqp:not-allowed');
});

test('the message size and delivery tag length of transfers are limited', async () => {
  const { peer } = await ready({ bodyBytesMax: 1000 });
  const data = (size: number) => message([0x75, (w) => w.binary(Buffer.alloc(size))]);
  peer.transfer(data(990));
  assert.equal(peer.bodies().length, 1);
  peer.transfer(data(2000));
  assert.equal(ending(peer), 'detach amqp:link:message-size-exceeded');
  peer.attachSender('t', 'queue://q', 1);
  peer.take();
  peer.transfer(data(600), 1, { more: true });
  peer.transfer(data(600), 1, { deliveryId: undefined, deliveryTag: undefined });
  assert.equal(ending(peer), 'detach amqp:link:message-size-exceeded');
  peer.attachSender('u', 'queue://q', 2);
  peer.take();
  peer.transfer(textMessage('a'), 2, { deliveryTag: Buffer.alloc(33) });
  assert.equal(ending(peer), 'close amqp:decode-error');
});

test('sender credit and the session window are replenished', async () => {
  const { b, peer } = await ready();
  for (let n = 0; n < 5000; n++) {
    peer.transfer(textMessage('m', true));
    // Only some thousand transfers are handled in one turn.
    if (n % 500 === 0) await new Promise(setImmediate);
  }
  b.sync();
  assert.ok(!peer.isClosed);
  assert.equal(ending(peer), '');
  assert.equal(b.ready('q'), 5000);
});

test('a transfer without credit detaches the link', async () => {
  const b = await Amqp10Broker.open();
  const peer = await b.client();
  // The answers wait for the log, and the credit after them.
  peer.attachReceiver('r', 'topic://t', 1, { durable: 2 });
  peer.attachSender('s', 'queue://q');
  peer.transfer(textMessage('m'));
  b.sync();
  assert.equal(ending(peer), 'detach amqp:link:transfer-limit-exceeded');
  assert.ok(!peer.isClosed);
});

test('incomplete messages are limited across all links', async () => {
  const { peer } = await ready({ bodyBytesMax: 1000, unfinishedBytesMax: 2000 });
  const part = message([0x75, (w) => w.binary(Buffer.alloc(800))]);
  for (let handle = 1; handle <= 10 && !peer.isClosed; handle++) {
    peer.attachSender(`s${handle}`, 'queue://q', handle);
    peer.take();
    peer.transfer(part, handle, { more: true });
  }
  assert.equal(ending(peer), 'close amqp:resource-limit-exceeded');
});

test('an aborted transfer leaves no data behind', async () => {
  const { b, peer } = await ready({ bodyBytesMax: 1000, unfinishedBytesMax: 100 });
  const part = message([0x75, (w) => w.binary(Buffer.alloc(800))]);
  for (let n = 0; n < 10; n++) {
    const deliveryId = peer.transfer(part, 0, { more: true });
    peer.transfer(Buffer.alloc(0), 0, { deliveryId, aborted: true });
  }
  peer.transfer(textMessage('whole'), 0, { deliveryId: 100 });
  assert.ok(!peer.isClosed);
  assert.equal(b.ready('q'), 1);
});

test('messages with invalid or out-of-order sections close the connection', async () => {
  const rows = [
    Buffer.from('hello'),
    Buffer.from('005377', 'hex'),
    Buffer.from('005377a1ff61', 'hex'),
    Buffer.from('00537945', 'hex'),
    Buffer.concat([
      message([0x77, (w) => w.string('a')]),
      message([0x70, (w) => w.raw(Buffer.of(0x45))]),
    ]),
    Buffer.concat([message([0x77, (w) => w.string('a')]), message([0x77, (w) => w.string('b')])]),
    message([0x70, (w) => w.raw(Buffer.from('c00201a1', 'hex'))], [0x77, (w) => w.string('a')]),
    message([0x74, (w) => w.string('not a map')], [0x77, (w) => w.string('a')]),
    message([0x73, (w) => w.raw(Buffer.from('f0000000057fffffff40', 'hex'))]),
  ];
  for (const payload of rows) {
    await closes((peer) => peer.transfer(payload), 'amqp:decode-error');
  }
});

test('thousands of sessions and links are limited, and their resources are released', async () => {
  const b = await Amqp10Broker.open();
  const peer = await b.client();
  for (let channel = 1; channel <= 1023; channel++) peer.begin(channel);
  assert.ok(!peer.isClosed);
  const attach = (handle: number, channel: number): Composite => ({
    code: compositeCodes.attach,
    name: `l${channel}.${handle}`,
    handle,
    role: false,
    target: { code: compositeCodes.target, address: text('queue://q') },
    initialDeliveryCount: 0,
  });
  const frames: Buffer[] = [];
  for (let n = 0; n < 25_000; n++) frames.push(frameBytes(n % 8, attach(Math.floor(n / 8), n % 8)));
  for (let at = 0; at < frames.length; at += 500) {
    peer.receive(Buffer.concat(frames.slice(at, at + 500)));
    while (peer.isPaused) await new Promise((resolve) => setImmediate(resolve));
    b.sync();
  }
  const bodies = peer.bodies();
  const refused = bodies.filter(
    (body) =>
      body?.code === compositeCodes.detach &&
      body.error?.code === compositeCodes.error &&
      body.error.condition === 'amqp:resource-limit-exceeded',
  );
  assert.ok(refused.length >= 5000, `${refused.length} links were refused`);
  const close = bodies.at(-1);
  assert.ok(close?.code === compositeCodes.close && close.error?.code === compositeCodes.error);
  assert.equal(close.error.condition, 'amqp:resource-limit-exceeded');
  peer.connection.ended();
  while (!b.broker.background.isIdle) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(b.broker.clientConnections.size, 0);
});

test('a huge unsettled map is validated but not stored', async () => {
  const { b, peer } = await ready();
  const unsettled = Array.from(
    { length: 5000 },
    (_, n): Entry => [
      { type: 'binary', value: Buffer.from(String(n)) },
      { type: 'null', value: null },
    ],
  );
  const w = message([
    0x12,
    (v) => {
      const at = v.openList();
      v.string('u');
      v.uint(3);
      v.boolean(true);
      v.null();
      v.null();
      v.descriptor(0x28);
      const inner = v.openList();
      v.string('queue://q');
      v.closeList(inner, 1);
      v.null();
      v.map(unsettled);
      v.closeList(at, 8);
    },
  ]);
  peer.receive(frameBytes(0, undefined, w));
  b.sync();
  const attach = peer.bodies().find((body) => body?.code === compositeCodes.attach);
  assert.ok(attach?.code === compositeCodes.attach && attach.name === 'u');
});

test('a peer that does not read gets at most the transport buffer plus one message', async () => {
  const { b, peer } = await ready();
  peer.attachReceiver('r', 'queue://q', 1, {}, { sndSettleMode: 1 });
  for (let n = 0; n < 50; n++)
    peer.transfer(message([0x75, (w) => w.binary(Buffer.alloc(100_000))]));
  b.sync();
  peer.takesMore = false;
  peer.take();
  peer.flow(1, 1000);
  const unread = peer.received.reduce((sum, bytes) => sum + bytes.length, 0);
  assert.ok(unread < 1_000_000, `${unread} bytes were written`);
  peer.drain();
  let count = 0;
  for (let left = 100; left > 0 && count < 50; left--) {
    count += peer
      .bodies()
      .filter((body) => body?.code === compositeCodes.transfer && body.more !== true).length;
    peer.drain();
  }
  assert.equal(count, 50);
});

test('a message waits for the session window and then continues where it stopped', async () => {
  const { b, peer } = await ready();
  const small = await b.client('c2', { maxFrameSize: 512 });
  peer.transfer(message([0x75, (w) => w.binary(Buffer.alloc(5000, 'abc'))]));
  peer.transfer(textMessage('next'));
  small.attachReceiver('r', 'queue://q');
  b.sync();
  small.take();
  small.flow(1, 10, { incomingWindow: 3 });
  const first = small.take();
  assert.equal(first.length, 3);
  assert.ok(
    first.every(({ body }) => body?.code === compositeCodes.transfer && body.more === true),
  );
  small.flow(1, 10, { incomingWindow: 100, nextIncomingId: 3 });
  const rest = small.take();
  const payload = Buffer.concat([...first, ...rest.slice(0, -1)].map((frame) => frame.payload));
  assert.ok(payload.includes(Buffer.alloc(5000, 'abc')));
  assert.ok(rest.at(-1)?.payload.toString('latin1').endsWith('next'));
});

test('a silent peer is disconnected after twice the idle timeout, and gets keep-alive frames', async () => {
  const b = await Amqp10Broker.open();
  const peer = new Amqp10Peer(b.broker);
  await peer.connect('c1', { idleTimeOut: 4000 });
  peer.take();
  let emptyCount = 0;
  for (let ms = 0; ms <= 29_000; ms += 500) {
    b.clock.ms += 500;
    peer.connection.tick(b.clock.ms);
    emptyCount += peer.bodies().filter((body) => body === undefined).length;
  }
  assert.ok(emptyCount >= 14, `${emptyCount} empty frames in 29 s`);
  assert.ok(!peer.isClosed);
  for (let ms = 0; ms <= 2000; ms += 500) {
    b.clock.ms += 500;
    peer.connection.tick(b.clock.ms);
  }
  assert.match(ending(peer), /^close amqp:resource-limit-exceeded$/);
  assert.ok(peer.isClosed);
});
