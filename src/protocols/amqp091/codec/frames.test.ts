import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FrameReader, type FrameSink } from './frames.ts';

const frame = (type: number, channel: number, payload: Buffer, end = 0xce) => {
  const head = Buffer.alloc(7);
  head.writeUInt8(type, 0);
  head.writeUInt16BE(channel, 1);
  head.writeUInt32BE(payload.length, 3);
  return Buffer.concat([head, payload, Buffer.from([end])]);
};

/** Notes frames as text; pieces of a body frame are put together for comparison. */
class Notes implements FrameSink {
  readonly frames: string[] = [];
  #body: Buffer[] = [];

  method(channel: number, bytes: Buffer, at: number, end: number) {
    this.frames.push(`method ${channel} ${bytes.toString('hex', at, end)}`);
  }
  header(channel: number, bytes: Buffer, at: number, end: number) {
    this.frames.push(`header ${channel} ${bytes.toString('hex', at, end)}`);
  }
  body(channel: number, bytes: Buffer, at: number, end: number, isLast: boolean) {
    this.#body.push(bytes.subarray(at, end));
    if (!isLast) return;
    this.frames.push(`body ${channel} ${Buffer.concat(this.#body).toString('hex')}`);
    this.#body = [];
  }
  heartbeat(channel: number, size: number) {
    this.frames.push(`heartbeat ${channel} ${size}`);
  }
}

const framesOf = (chunks: readonly Buffer[]) => {
  const notes = new Notes();
  const reader = new FrameReader(notes, 4096);
  for (const chunk of chunks) reader.receive(chunk);
  return notes.frames;
};

const stream = Buffer.concat([
  frame(1, 1, Buffer.from('0000aabbccdd', 'hex')),
  frame(2, 1, Buffer.alloc(14, 7)),
  frame(3, 1, Buffer.from('hello world')),
  frame(3, 2, Buffer.alloc(0)),
  frame(8, 0, Buffer.alloc(0)),
  frame(1, 300, Buffer.alloc(20, 0xce)),
]);
const whole = framesOf([stream]);

test('a stream split at any point gives the same frames', () => {
  assert.equal(whole.length, 6);
  for (let cut = 0; cut <= stream.length; cut++) {
    const chunks = [stream.subarray(0, cut), stream.subarray(cut)];
    assert.deepEqual(framesOf(chunks), whole, `cut at ${cut}`);
  }
});

test('a stream split into chunks of any size gives the same frames', () => {
  for (let size = 1; size < stream.length; size++) {
    const chunks: Buffer[] = [];
    for (let at = 0; at < stream.length; at += size) chunks.push(stream.subarray(at, at + size));
    assert.deepEqual(framesOf(chunks), whole, `chunks of ${size}`);
  }
});

test('any frames split anywhere give the same frames', () => {
  const some = fc.tuple(fc.constantFrom(1, 2, 3, 8), fc.nat(65535), fc.uint8Array());
  fc.assert(
    fc.property(fc.array(some), fc.array(fc.nat(300)), (frames, cuts) => {
      const bytes = Buffer.concat(frames.map(([t, c, p]) => frame(t, c, Buffer.from(p))));
      const chunks: Buffer[] = [];
      let at = 0;
      for (const cut of cuts) {
        chunks.push(bytes.subarray(at, at + cut));
        at += cut;
      }
      chunks.push(bytes.subarray(at));
      assert.deepEqual(framesOf(chunks), framesOf([bytes]));
    }),
  );
});

test('a body is passed on as slices of the received chunks', () => {
  const bytes = frame(3, 1, Buffer.alloc(100, 1));
  const chunks = [bytes.subarray(0, 50), bytes.subarray(50)];
  const pieces: Buffer[] = [];
  const sink = Object.assign(new Notes(), {
    body: (_: number, piece: Buffer) => void pieces.push(piece),
  });
  const reader = new FrameReader(sink, 4096);
  for (const chunk of chunks) reader.receive(chunk);
  assert.deepEqual(pieces, chunks);
  assert.equal(pieces[0], chunks[0]);
});

test('a frame above the negotiated size is rejected as soon as its length is known', () => {
  const reader = new FrameReader(new Notes(), 4096);
  assert.throws(() => reader.receive(Buffer.from('0100010000fff9', 'hex')), {
    code: 'frame-error',
    message: 'type 1, all octets = <<>>: {frame_too_large,65529,4088}',
  });
});

test('a frame of an unknown type is rejected', () => {
  const reader = new FrameReader(new Notes(), 4096);
  assert.throws(() => reader.receive(frame(4, 1, Buffer.alloc(1))), { code: 'frame-error' });
});

test('a payload without the frame-end octet is rejected, wherever it is split', () => {
  for (const type of [1, 2, 3, 8]) {
    const bytes = frame(type, 1, Buffer.from('abc'), 0xcd);
    for (let cut = 0; cut <= bytes.length; cut++) {
      const reader = new FrameReader(new Notes(), 4096);
      assert.throws(
        () => {
          reader.receive(bytes.subarray(0, cut));
          reader.receive(bytes.subarray(cut));
        },
        { code: 'frame-error', message: /invalid_frame_end_marker,205/ },
      );
    }
  }
});
