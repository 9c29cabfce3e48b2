import assert from 'node:assert/strict';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import type { Connection } from '../protocols/protocol.ts';
import { Flusher, type LoginStages, WireTransport } from './transport.ts';
import { SocketWire } from './wire.ts';

/** A socket whose kernel takes a write when the test says so. */
class SlowSocket extends Duplex {
  readonly #taken: (() => void)[] = [];

  override _read(): void {}
  override _write(_bytes: Buffer, _encoding: string, done: () => void): void {
    this.#taken.push(done);
  }
  setNoDelay(): void {}
  getProtocol(): string {
    return 'TLSv1.3';
  }
  /** Takes one write, and lets the transport hear of it. */
  async accept(): Promise<void> {
    this.#taken.shift()?.();
    await new Promise(setImmediate);
  }
}

function attached(stages?: LoginStages) {
  const socket = new SlowSocket();
  const tls = socket as unknown as TLSSocket; // what of one is used
  const transport = new WireTransport(new SocketWire(tls), tls, new Flusher(), stages);
  let writableCount = 0;
  const connection = {
    ended: () => {},
    writable: () => {
      writableCount++;
    },
  };
  transport.attach(connection as unknown as Connection, () => {});
  return { socket, transport, writableCount: () => writableCount };
}

const half = Buffer.alloc(512 * 1024);

test('a blocked connection is told when it becomes writable, even if it wrote in between', async () => {
  const { socket, transport, writableCount } = attached();
  assert.deepEqual([transport.write(half), transport.write(half)], [true, true]);
  assert.equal(transport.write(half), false);
  await socket.accept();
  // Below the limit, but not yet so far that it was told to go on.
  assert.equal(transport.write(Buffer.alloc(10)), false);
  await socket.accept();
  assert.equal(writableCount(), 0);
  await socket.accept();
  assert.equal(writableCount(), 1);
  assert.equal(transport.write(half), true);
});

test('a connection whose login was refused can be closed to make room while it ends', () => {
  const told: string[] = [];
  const { transport } = attached({
    authenticating: () => told.push('is being checked'),
    authenticated: () => told.push('has logged in'),
    handshakeDone: () => told.push('has not logged in'),
  });
  transport.checksLogin();
  transport.close();
  assert.deepEqual(told, ['is being checked', 'has not logged in']);
});

test('thousands of connections are flushed over several turns, each once and in order', async () => {
  let nowMs = 0;
  const flusher = new Flusher(() => nowMs);
  const flushed: number[] = [];
  const count = 1000;
  for (let i = 0; i < count; i++) {
    const flush = () => {
      nowMs += 0.1;
      return flushed.push(i);
    };
    flusher.add({ flush });
  }
  let turnCount = 0;
  for (; flushed.length < count && turnCount < count; turnCount++) await new Promise(setImmediate);
  assert.deepEqual(
    flushed,
    Array.from({ length: count }, (_, i) => i),
  );
  assert.ok(turnCount > 5, `${turnCount} turns`);
});
