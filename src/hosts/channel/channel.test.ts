import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { after, test } from 'node:test';
import { systemClock } from '../../base/clock.ts';
import { HostError, HostUnreachable } from '../errors.ts';
import { Channel, type ChannelHandlers } from './channel.ts';
import { address, anyText, list, object, text, truth, whole } from './fields.ts';
import { encodeFrame, FrameReader } from './frames.ts';

const bytesMax = 4096;
const silent: ChannelHandlers = {
  request: async () => ({}),
  event: () => {},
  closed: () => {},
};

const server = createServer();
const sockets: Socket[] = [];
server.listen(0, '127.0.0.1');
await once(server, 'listening');
after(() => {
  for (const socket of sockets) socket.destroy();
  server.close();
});

/** Two ends of a connection. */
async function pair(handlers: Partial<ChannelHandlers>) {
  const near = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [far] = (await once(server, 'connection')) as [Socket];
  sockets.push(near, far);
  const asking = new Channel(near, bytesMax, silent, systemClock);
  let closed: (detail: string) => void = () => {};
  const ended = new Promise<string>((resolve) => {
    closed = resolve;
  });
  const answering = new Channel(far, bytesMax, { ...silent, closed, ...handlers }, systemClock);
  return { asking, answering, near, ended };
}

test('frames are the same however their bytes arrive', () => {
  const frames = [
    encodeFrame({ a: 1 }),
    encodeFrame({ b: 'é' }, Buffer.from('body')),
    encodeFrame({}),
  ];
  const bytes = Buffer.concat(frames);
  for (let size = 1; size <= bytes.length; size++) {
    const reader = new FrameReader(bytesMax);
    const found = [];
    for (let at = 0; at < bytes.length; at += size) {
      found.push(...reader.read(Buffer.from(bytes.subarray(at, at + size))));
    }
    assert.deepEqual(
      found.map(({ head, body }) => [head, body.toString()]),
      [
        [{ a: 1 }, ''],
        [{ b: 'é' }, 'body'],
        [{}, ''],
      ],
    );
  }
});

test('bytes of an incomplete frame are not kept where they arrived', () => {
  const reader = new FrameReader(bytesMax);
  for (const byte of encodeFrame({ a: 1 }).subarray(0, -1)) {
    const piece = Buffer.of(byte);
    assert.deepEqual(reader.read(piece), []);
    assert.equal(piece[0], 0);
  }
});

test('a peer that does not take the answers to its requests is disconnected', async () => {
  const stream = new Duplex({ read: () => {}, write: () => {} });
  let count = 0;
  const ended = new Promise<string>((resolve) => {
    const request = async () => ({ count: ++count });
    new Channel(stream, bytesMax, { ...silent, request, closed: resolve }, systemClock);
  });
  while (!stream.destroyed) {
    stream.push(encodeFrame({ id: 1, op: 'a', fields: {} }));
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.match(await ended, /answers were not taken/);
  assert.equal(count, 256);
});

test('a frame that is too long, or has no head, is refused', () => {
  const u32 = (...of: number[]) => {
    const bytes = Buffer.alloc(of.length * 4);
    for (const [i, value] of of.entries()) bytes.writeUInt32BE(value, i * 4);
    return bytes;
  };
  const bad = [
    u32(bytesMax + 1, 2),
    u32(0, 0),
    u32(0xffff_ffff, 0xffff_ffff),
    Buffer.concat([u32(10, 3), Buffer.from('{}')]),
    Buffer.concat([u32(10, 2), Buffer.from('[]')]),
    Buffer.concat([u32(10, 2), Buffer.from('{x')]),
  ];
  for (const bytes of bad) assert.throws(() => new FrameReader(bytesMax).read(bytes), HostError);
});

test('a request gets its answer, and its body is overwritten', async () => {
  let seen: Buffer | undefined;
  const { asking } = await pair({
    request: async (op, fields, body) => {
      assert.equal(body.toString(), 'data key');
      seen = body;
      return { op, ...fields };
    },
  });
  const { result } = await asking.request('unlock', { n: 1 }, Buffer.from('data key'));
  assert.deepEqual(result, { op: 'unlock', n: 1 });
  assert.ok(seen?.every((byte) => byte === 0));
});

test('a refused request fails with the reason, and the connection stays', async () => {
  let count = 0;
  const { asking } = await pair({
    request: async () => {
      if (count++ === 0) throw new HostError('message-invalid', 'no');
      return {};
    },
  });
  await assert.rejects(asking.request('a', {}), (error: unknown) => {
    return error instanceof HostError && error.message === 'message-invalid: no';
  });
  assert.deepEqual((await asking.request('a', {})).result, {});
});

test('requests fail when the connection ends or nothing answers', async () => {
  const { asking, answering } = await pair({ request: () => new Promise(() => {}) });
  await assert.rejects(asking.request('a', {}, undefined, 1), HostUnreachable);
  const waiting = asking.request('a', {});
  answering.close('over');
  await assert.rejects(waiting, HostUnreachable);
  await assert.rejects(asking.request('a', {}), HostUnreachable);
});

test('a message of another form ends the connection', async () => {
  for (const head of [
    {},
    { op: 'A b', fields: {} },
    { op: 'a' },
    { op: 'a', fields: [] },
    { answers: 'x' },
  ]) {
    const { near, ended } = await pair({});
    near.write(encodeFrame(head));
    assert.match(await ended, /expected/);
  }
});

test('an event that the receiver refuses ends the connection', async () => {
  const { asking, ended } = await pair({
    event: () => {
      throw new HostError('message-invalid', 'not permitted');
    },
  });
  asking.tell('a', {});
  assert.equal(await ended, 'not permitted');
});

test('members of messages are bounded, and their values not shown', () => {
  const fields = { t: 'canary secret', n: 5, l: [1, 2], o: {}, a: '10.0.0.1', b: true };
  const refuses = (read: () => unknown) =>
    assert.throws(read, (error: unknown) => {
      return error instanceof HostError && !error.message.includes('canary');
    });
  refuses(() => text(fields, 't', /^[a-z]+$/));
  refuses(() => text(fields, 't', /./, 5));
  refuses(() => anyText(fields, 't', 5));
  refuses(() => anyText(fields, 'n', 5));
  refuses(() => whole(fields, 'n', 6, 9));
  refuses(() => whole({ n: 1.5 }, 'n', 0, 9));
  refuses(() => whole(fields, 't', 0, 9));
  refuses(() => list(fields, 'l', 1, () => 1));
  refuses(() => list(fields, 'o', 1, () => 1));
  refuses(() => object(fields, 'l'));
  refuses(() => object({ o: null }, 'o'));
  refuses(() => address(fields, 't'));
  refuses(() => truth(fields, 'n'));
  assert.equal(address(fields, 'a'), '10.0.0.1');
  assert.deepEqual(
    list(fields, 'l', 2, (item) => whole(item, 'item', 1, 2)),
    [1, 2],
  );
  assert.equal(truth(fields, 'b'), true);
});
