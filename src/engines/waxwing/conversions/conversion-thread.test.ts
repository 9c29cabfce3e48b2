import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ThreadRequest } from '../../../broker/conversion/large-conversions.ts';
import { ConversionThread } from './conversion-thread.ts';

/** A message of a format, with an address of three bytes. */
function request(body: string, more: Partial<ThreadRequest> = {}): ThreadRequest {
  const bytes = Buffer.from(`adrcontent-length:1\n${body}`);
  const copy = new ArrayBuffer(bytes.length);
  bytes.copy(Buffer.from(copy));
  return {
    bytes: copy,
    addressLength: 3,
    headAt: 3,
    headLength: 0,
    bodyAt: bytes.length - body.length,
    bodyLength: body.length,
    format: 4,
    to: 'openwire',
    terms: undefined,
    headBytesMax: 1000,
    ...more,
  };
}

test('a thread converts messages, goes on after an error, and ends', async () => {
  const errors: string[] = [];
  const thread = new ConversionThread({ isActiveMq: true }, (_, text) => errors.push(text));
  const { bytes, headLength, bodyLength } = await thread.convert(request('text'));
  const result = Buffer.from(bytes);
  assert.equal(result.toString('latin1', 0, 3), 'adr');
  assert.equal(result.toString('latin1', 3 + headLength), '\0\0\0\x04text');
  assert.equal(bodyLength, 8);
  await assert.rejects(
    thread.convert(request('text', { to: 'amqp091' })),
    /no conversion to amqp091/,
  );
  // Of a format that is not known, only the body is passed on.
  const unknown = await thread.convert(request('body', { format: 99, to: 'mqtt' }));
  assert.equal(Buffer.from(unknown.bytes).subarray(-4).toString(), 'body');
  assert.equal((await thread.convert(request('text'))).bodyLength, 8);
  assert.deepEqual(errors, []);
  await thread.close();
  await assert.rejects(thread.convert(request('text')), /the broker closes/);
});

test('a conversion in progress ends with its thread', async () => {
  const thread = new ConversionThread({ isActiveMq: false }, assert.fail);
  const converting = thread.convert(request('x'));
  const rejected = assert.rejects(converting, /the broker closes/);
  await thread.close();
  await rejected;
});
