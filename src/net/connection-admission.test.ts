import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import { ManualClock } from '../../tests/support/manual-clock.ts';
import { ConnectionAdmission } from './connection-admission.ts';
import { type AdmissionLimits, brokerAdmissionLimits } from './limits.ts';

/** A socket from wherever the test says. */
class FakeSocket extends Duplex {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;

  constructor(remoteAddress: string, remotePort: number, localAddress = '198.51.100.1') {
    super();
    this.localAddress = localAddress;
    this.remoteAddress = remoteAddress;
    this.remotePort = remotePort;
  }
  setKeepAlive(): void {}
  override _read(): void {}
  override _write(_bytes: Buffer, _encoding: string, done: () => void): void {
    done();
  }
}

/** A admission, a clock that the test moves, and those who come to it. */
function admissionWith(limits: Partial<AdmissionLimits>) {
  let port = 0;
  const clock = new ManualClock();
  const admission = new ConnectionAdmission({ ...brokerAdmissionLimits, ...limits }, clock);
  const begun: string[] = [];
  const arrive = (address: string): FakeSocket => {
    const socket = new FakeSocket(address, ++port);
    const tls = () => begun.push(address);
    admission.accept(socket as unknown as Socket, { tls, plain: () => {} });
    return socket;
  };
  return {
    admission,
    begun,
    arrive,
    /** Arrives and says what every TLS client says first. */
    greet: async (address: string): Promise<FakeSocket> => {
      const socket = arrive(address);
      socket.push(Buffer.from([0x16, 3, 1]));
      await turn();
      return socket;
    },
    pass: (ms: number) => clock.advance(ms),
  };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));
const areOpen = (sockets: readonly FakeSocket[]) => sockets.map(({ destroyed }) => !destroyed);

test('two connections from one port of a peer to two addresses of the machine both have timeouts', () => {
  const clock = new ManualClock();
  const admission = new ConnectionAdmission(brokerAdmissionLimits, clock);
  const sockets = ['198.51.100.1', '198.51.100.2'].map((local) => {
    const socket = new FakeSocket('192.0.2.1', 40_000, local);
    admission.accept(socket as unknown as Socket, { tls: () => {}, plain: () => {} });
    return socket;
  });
  clock.advance(brokerAdmissionLimits.firstByteTimeoutMs + 1);
  admission.tick();
  assert.deepEqual(areOpen(sockets), [false, false]);
});

test('a source at its limit loses its oldest silent connection for each new one', () => {
  const { arrive, admission } = admissionWith({ unauthenticatedPerSourceMax: 3 });
  const other = arrive('192.0.2.9');
  const sockets = Array.from({ length: 5 }, () => arrive('192.0.2.1'));
  assert.deepEqual(areOpen(sockets), [false, false, true, true, true]);
  assert.equal(other.destroyed, false);
  assert.equal(admission.unauthenticatedCount, 4);
  assert.equal(admission.closed.crowded, 2);
});

test('when all places are taken, the source with the most connections loses one', () => {
  const { arrive } = admissionWith({ unauthenticatedCountMax: 4 });
  const one = arrive('192.0.2.1');
  const many = Array.from({ length: 3 }, () => arrive('192.0.2.2'));
  const others = [arrive('192.0.2.3'), arrive('2001:db8::1')];
  assert.deepEqual(areOpen([one, ...many, ...others]), [true, false, false, true, true, true]);
});

test('a turn starts a limited number of handshakes, taking sources in rotation', async () => {
  const { arrive, begun } = admissionWith({ handshakesPerTurnMax: 2 });
  const many = Array.from({ length: 5 }, () => arrive('192.0.2.1'));
  const one = arrive('192.0.2.2');
  for (const socket of [...many, one]) socket.push(Buffer.from([0x16]));
  for (let i = 0; i < 10; i++) await turn();
  assert.equal(begun.length, 6);
  // Whatever was heard of before the other one spoke has begun; after that it is next but one at most.
  assert.ok(begun.indexOf('192.0.2.2') <= 3, begun.join());
});

test('a TLS handshake keeps its place for a grace period, then the slowest one is closed', async () => {
  const { admission, greet, begun, pass, arrive } = admissionWith({
    handshakesPerSourceMax: 2,
    unauthenticatedPerSourceMax: 3,
    graceMs: 500,
  });
  const slow = await greet('192.0.2.1');
  pass(10);
  const quick = await greet('192.0.2.1');
  const waiting = await greet('192.0.2.1');
  assert.equal(begun.length, 2);
  // No place can be made: none is silent, and none was slow for long enough.
  const refused = arrive('192.0.2.1');
  assert.deepEqual(areOpen([slow, quick, waiting, refused]), [true, true, true, false]);
  admission.handshakeDone(quick);
  pass(500);
  const last = await greet('192.0.2.1');
  await turn();
  assert.deepEqual(areOpen([slow, waiting, last]), [false, true, true]);
  assert.ok(begun.length >= 3, `${begun.length} handshakes`);
});

test('the time of a password check does not count as slowness of the client', async () => {
  const { admission, greet, pass } = admissionWith({ handshakesPerSourceMax: 2, graceMs: 500 });
  const checked = await greet('192.0.2.1');
  admission.handshakeDone(checked);
  admission.authenticating(checked);
  const idle = await greet('192.0.2.1');
  pass(600);
  await greet('192.0.2.1');
  assert.deepEqual(areOpen([checked, idle]), [true, false]);
});

test('a connection is closed when its handshake or login exceeds the time limit', async () => {
  const limits = { firstByteTimeoutMs: 10, handshakeTimeoutMs: 20, loginTimeoutMs: 30 };
  const { admission, arrive, greet, pass } = admissionWith(limits);
  const silent = arrive('192.0.2.1');
  const slow = await greet('192.0.2.1');
  const open = await greet('192.0.2.1');
  const known = await greet('192.0.2.1');
  admission.handshakeDone(open);
  admission.authenticated(known);
  const all = [silent, slow, open, known];
  const seen: boolean[][] = [];
  for (let i = 0; i < 3; i++) {
    pass(11);
    // Bytes that come meanwhile are no progress.
    if (!slow.destroyed) slow.push(Buffer.from([0]));
    admission.tick();
    seen.push(areOpen(all));
  }
  assert.deepEqual(seen, [
    [false, true, true, true],
    [false, false, true, true],
    [false, false, false, true],
  ]);
  assert.equal(admission.closed.late, 3);
});

test('a logged-in connection is not unauthenticated and counts until it ends', async () => {
  const { admission, greet, arrive } = admissionWith({ connectionCountMax: 2 });
  const known = await greet('192.0.2.1');
  admission.authenticated(known);
  assert.deepEqual([admission.unauthenticatedCount, admission.handshakeCount], [0, 0]);
  arrive('192.0.2.1');
  const third = arrive('192.0.2.2');
  assert.equal(third.destroyed, true);
  known.destroy();
  await new Promise((resolve) => known.once('close', resolve));
  assert.equal(arrive('192.0.2.2').destroyed, false);
});

test('a peer that sends more than a greeting before TLS starts is closed', async () => {
  const { arrive, begun } = admissionWith({ helloBytesMax: 100 });
  const socket = arrive('192.0.2.1');
  socket.push(Buffer.alloc(101, 0x16));
  await turn();
  assert.equal(socket.destroyed, true);
  assert.deepEqual(begun, []);
});

test('held handshakes keep their places, and begin a few in each turn after the release', async () => {
  const { admission, begun, greet, pass } = admissionWith({
    handshakesPerSourceMax: 6,
    handshakesPerTurnMax: 2,
    graceMs: 500,
  });
  admission.hold();
  const sockets = [];
  for (let i = 0; i < 8; i++) {
    sockets.push(await greet('192.0.2.1'));
    pass(501);
  }
  assert.equal(admission.handshakeCount, 0);
  assert.ok(areOpen(sockets).every(Boolean));
  admission.release();
  await turn();
  assert.equal(begun.length, 2);
  for (let i = 0; i < 10; i++) await turn();
  // They have the grace period from the release on.
  assert.equal(begun.length, 6);
  assert.ok(areOpen(sockets).every(Boolean));
});

test('a source finds room although others fill all places with handshakes that are held', async () => {
  const { admission, begun, greet } = admissionWith({ unauthenticatedCountMax: 4 });
  admission.hold();
  const many = [];
  for (const address of ['1', '1', '2', '2']) many.push(await greet(`192.0.2.${address}`));
  const one = await greet('192.0.2.3');
  assert.deepEqual(areOpen([...many, one]), [false, true, true, true, true]);
  // A source has no more room because of that.
  const more = await greet('192.0.2.2');
  assert.equal(more.destroyed, true);
  admission.release();
  for (let i = 0; i < 10; i++) await turn();
  assert.equal(begun.length, 4);
  assert.ok(begun.includes('192.0.2.3'));
});

test('connections whose handshakes wait are closed with the port', async () => {
  const { admission, greet } = admissionWith({});
  admission.hold();
  const sockets = [await greet('192.0.2.1'), await greet('192.0.2.2')];
  admission.close();
  assert.deepEqual(areOpen(sockets), [false, false]);
});
