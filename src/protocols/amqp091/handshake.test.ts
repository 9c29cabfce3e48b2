import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AmqpPeer, closes, frame, openBroker } from '../../../tests/support/amqp-peer.ts';
import { type Method, methodIds } from './codec/methods.gen.ts';
import type { FieldTable } from './codec/tables.ts';

const headers: readonly (readonly [string, string, string])[] = [
  ['0-9-1', '00000901', '0-9'],
  ['0-9', '01010009', '0-9'],
  ['0-8 as most clients send it', '01010800', '8-0'],
  ['0-8 as its specification has it', '01010901', '8-0'],
];

const bytesOf = (version: string) =>
  Buffer.concat([Buffer.from('AMQP'), Buffer.from(version, 'hex')]);

/** What `connection.start` says. */
function started(received: readonly (Method | string)[]) {
  const [start] = received;
  assert.ok(typeof start === 'object' && start.id === methodIds.connectionStart);
  return start;
}

for (const [name, version, stated] of headers) {
  test(`the protocol header of ${name} starts a connection, split at any point`, async () => {
    const { broker } = await openBroker();
    const bytes = bytesOf(version);
    for (let cut = 0; cut <= bytes.length; cut++) {
      const peer = new AmqpPeer(broker);
      const start = started(peer.send(bytes.subarray(0, cut), bytes.subarray(cut)));
      assert.equal(`${start.versionMajor}-${start.versionMinor}`, stated);
      assert.equal(peer.isClosed, false);
    }
  });
}

test('a protocol header with any wrong octet is answered with the supported header', async () => {
  const { broker } = await openBroker();
  const known = new Set(headers.map(([, version]) => version));
  for (const [, version] of headers) {
    for (let at = 0; at < 8; at++) {
      const bytes = bytesOf(version);
      bytes[at] = (bytes[at] ?? 0) ^ 2;
      if (known.has(bytes.toString('hex', 4))) continue;
      const peer = new AmqpPeer(broker);
      peer.send(bytes);
      assert.deepEqual(Buffer.concat(peer.bytes), bytesOf('00000901'));
      assert.equal(peer.isClosed, true);
    }
  }
});

test('server properties name the engine that the broker emulates', async () => {
  const { broker } = await openBroker();
  const { serverProperties } = started(new AmqpPeer(broker).send(bytesOf('00000901')));
  const text = (name: string) => serverProperties[name]?.value;
  assert.deepEqual(
    [text('product'), text('version'), text('platform')],
    ['RabbitMQ', broker.engineVersion, 'Waxwing'],
  );
  const capabilities = serverProperties['capabilities']?.value as FieldTable;
  assert.equal(capabilities['per_consumer_qos']?.value, true);
});

test('before tuning, the frame payload is limited to 8192 octets', async () => {
  const { broker } = await openBroker();
  const startOk = (size: number) => {
    const peer = new AmqpPeer(broker);
    peer.send(bytesOf('00000901'));
    return closes(peer.send(frame(1, 0, Buffer.alloc(size))));
  };
  const [largest = ''] = startOk(8192);
  assert.doesNotMatch(largest, /too_large/);
  assert.deepEqual(startOk(8193), [
    'connection 501 FRAME_ERROR - type 1, all octets = <<>>: {frame_too_large,8193,8184}',
  ]);
});

test('a heartbeat on a channel is an unexpected frame, and the connection waits for close-ok', async () => {
  const { broker } = await openBroker();
  const peer = await AmqpPeer.ready(broker);
  assert.deepEqual(closes(peer.send(frame(8, 1, Buffer.alloc(0)))), [
    'connection 505 UNEXPECTED_FRAME - type 8, all octets = <<>>',
  ]);
  assert.equal(peer.isClosed, false);
  peer.call(0, { id: methodIds.connectionCloseOk });
  assert.equal(peer.isClosed, true);
});
