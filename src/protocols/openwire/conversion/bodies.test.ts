import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateSync } from 'node:zlib';
import { types } from '../codec/commands.gen.ts';
import { readBody } from './bodies.ts';

// Bodies as other protocols get them.

/** The bytes of a compressed BytesMessage that states a size. */
function bytesOf(size: number, buffer: Buffer): Buffer | undefined {
  const stored = Buffer.concat([Buffer.alloc(4), deflateSync(buffer)]);
  stored.writeInt32BE(size, 0);
  const message = { type: types.BytesMessage, compressed: true, content: stored };
  const body = readBody(message as Parameters<typeof readBody>[0], stored, 0, stored.length);
  return body.kind === 'bytes' ? body.bytes : undefined;
}

test('a compressed BytesMessage ends with the stated size, not with the buffer of its client', () => {
  const buffer = Buffer.alloc(512);
  buffer.set([0, 1, 255]);
  assert.deepEqual(bytesOf(3, buffer), Buffer.of(0, 1, 255));
  assert.deepEqual(bytesOf(0, buffer), Buffer.alloc(0));
  assert.deepEqual(bytesOf(600, buffer), buffer);
  // It is passed on as it is.
  assert.equal(bytesOf(-1, buffer)?.readInt32BE(0), -1);
});
