// The fuzzer of WebSocket connections.

import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { newWebSocketServer } from '../../src/net/web-socket/server.ts';
import { WebSocketWire } from '../../src/net/web-socket/wire.ts';
import type { SeededRandom } from '../support/seeded-random.ts';
import type { Fuzzer } from './fuzzer.ts';
import type { Tally } from './tally.ts';

const limits = { messageBytesMax: 3000, fragmentCountMax: 8 };
const server = newWebSocketServer(limits, () => false);

/** A socket below a WebSocket connection: what is written to it is counted. */
class FakeSocket extends Duplex {
  writtenBytes = 0;

  override _read(): void {}

  override _write(bytes: Buffer, _encoding: string, done: () => void): void {
    this.writtenBytes += bytes.length;
    done();
  }
}

/** An established connection. */
function upgraded(): { socket: FakeSocket; webSocket: WebSocket } {
  const socket = new FakeSocket();
  const headers = {
    upgrade: 'websocket',
    connection: 'Upgrade',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
  };
  const request = { method: 'GET', url: '/', headers };
  let opened: WebSocket | undefined;
  // The library needs these properties of a request only.
  server.handleUpgrade(request as unknown as IncomingMessage, socket, Buffer.alloc(0), (found) => {
    opened = found;
  });
  assert.ok(opened !== undefined);
  return { socket, webSocket: opened };
}

/** How a frame is written. */
interface FrameOf {
  readonly opcode: number;
  readonly payload: Buffer;
  readonly isLast: boolean;
}

function frameBytes({ opcode, payload, isLast }: FrameOf, random: SeededRandom): Buffer {
  const { length } = payload;
  // A length may be written in more bytes than it needs, which is wrong.
  const size = random.oneIn(200) ? 8 : length < 126 ? 0 : 2;
  const head = Buffer.alloc(2 + size);
  head[0] = (isLast ? 0x80 : 0) | opcode;
  head[1] = 0x80 | (size === 0 ? length : size === 2 ? 126 : 127);
  if (size === 2) head.writeUInt16BE(length, 2);
  if (size === 8) head.writeBigUInt64BE(BigInt(length), 2);
  const mask = random.bytes(4);
  const key = Buffer.concat([mask, Buffer.alloc(4 - mask.length)]);
  const masked = Buffer.from(payload);
  for (let at = 0; at < length; at++) masked[at] = (masked[at] ?? 0) ^ (key[at % 4] ?? 0);
  return Buffer.concat([head, key, masked]);
}

const opcodes = { more: 0, binary: 2, close: 8, ping: 9, pong: 10 };

/** Builds a fragmented message with pings between the fragments, and adds its opcodes to `used`. */
function messageFrames(payload: Buffer, random: SeededRandom, used: Set<string>): Buffer {
  const pieces: Buffer[] = [];
  let opcode = opcodes.binary;
  let at = 0;
  for (let isLast = false; !isLast; opcode = opcodes.more) {
    isLast = pieces.length > 4 || random.oneIn(2);
    const end = isLast ? payload.length : at + random.below(payload.length - at + 1);
    pieces.push(frameBytes({ opcode, payload: payload.subarray(at, end), isLast }, random));
    used.add(opcode === opcodes.more ? 'more' : 'binary');
    if (random.oneIn(5)) {
      const control = random.pick([opcodes.ping, opcodes.pong]);
      used.add(control === opcodes.ping ? 'ping' : 'pong');
      pieces.push(
        frameBytes({ opcode: control, payload: random.bytes(125), isLast: true }, random),
      );
    }
    at = end;
  }
  return Buffer.concat(pieces);
}

/** Frames that no client should send. */
function wrongFrame(random: SeededRandom): Buffer {
  const payload = random.bytes(200);
  const isLast = random.oneIn(2);
  const any = frameBytes({ opcode: random.below(16), payload, isLast }, random);
  const huge = Buffer.from([0x82, 0xff, 0x7f, 255, 255, 255, 255, 255, 255, 255, 1, 2, 3, 4]);
  return random.pick([
    any,
    random.damaged(any),
    huge,
    // Reserved bits: a compressed message.
    Buffer.concat([Buffer.of((any[0] ?? 0) | ((1 + random.below(7)) * 16)), any.subarray(1)]),
    // Without a mask.
    Buffer.concat([Buffer.of(0x82, 5), Buffer.from('plain')]),
    frameBytes({ opcode: 2, payload: Buffer.alloc(limits.messageBytesMax + 1), isLast }, random),
    frameBytes({ opcode: 1, payload: Buffer.of(0xff, 0xfe), isLast: true }, random),
    frameBytes({ opcode: 8, payload: random.bytes(30), isLast: true }, random),
    Buffer.concat(
      Array.from({ length: 12 }, (_, at) =>
        frameBytes({ opcode: at === 0 ? 2 : 0, payload: Buffer.of(at), isLast: false }, random),
      ),
    ),
  ]);
}

/** Messages, now and then something that no client should send, and perhaps a close. */
function randomStream(random: SeededRandom) {
  const sent: Buffer[] = [];
  const stream: Buffer[] = [];
  const used = new Set<string>();
  let isSound = true;
  for (let left = 1 + random.below(6); left > 0; left--) {
    if (random.oneIn(12)) {
      isSound = false;
      stream.push(wrongFrame(random));
    } else {
      const payload = random.bytes(random.pick([10, 200, 1000]));
      sent.push(payload);
      stream.push(messageFrames(payload, random, used));
    }
  }
  if (random.oneIn(10)) {
    stream.push(
      frameBytes({ opcode: opcodes.close, payload: Buffer.of(3, 232), isLast: true }, random),
    );
    used.add('close');
  }
  return { sent, stream, used, isSound };
}

/** The byte stream in the messages arrives unchanged; whatever else comes ends the connection. */
async function fuzzWire(random: SeededRandom, tally: Tally): Promise<void> {
  const { socket, webSocket } = upgraded();
  const unauthenticatedBytesMax = random.pick([1000, 100_000]);
  const wire = new WebSocketWire(webSocket, socket, unauthenticatedBytesMax);
  wire.takesOnlyBinary = random.oneIn(2);
  const received: Buffer[] = [];
  const isEarly = random.oneIn(4);
  if (!isEarly) wire.read((bytes) => received.push(Buffer.from(bytes)));
  if (random.oneIn(2)) wire.admit();
  const { sent, stream, used, isSound } = randomStream(random);
  const bytes = Buffer.concat(stream);
  for (let at = 0; at < bytes.length && !socket.destroyed; ) {
    const size = random.oneIn(3) ? 1 + random.below(50) : bytes.length - at;
    socket.emit('data', bytes.subarray(at, at + size));
    at += size;
  }
  await new Promise((resolve) => setImmediate(resolve));
  if (isEarly) wire.read((each) => received.push(Buffer.from(each)));
  const all = Buffer.concat(received);
  const wanted = Buffer.concat(sent);
  assert.ok(all.length <= bytes.length, 'nothing grows');
  // One pong for each ping at most, a close, and the handshake.
  assert.ok(socket.writtenBytes <= 1000 + 2 * bytes.length, `${socket.writtenBytes} bytes written`);
  const isWhole = isSound && all.equals(wanted);
  if (isSound && !socket.destroyed && !wire.isGone) assert.deepEqual(all, wanted);
  if (isWhole) for (const name of used) tally.reach(name);
  wire.destroy();
  assert.ok(socket.destroyed);
}

/** The frames of WebSocket connections. */
export const webSocketFuzzers: readonly Fuzzer[] = [
  {
    name: 'web-socket frames',
    roundCount: 30_000,
    handlers: ['more', 'binary', 'close', 'ping', 'pong'],
    run: fuzzWire,
  },
];
