// The contract of message formats.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Properties } from '../../src/broker/conversion/properties.ts';
import { formatNumbers, type MessageFormat } from '../../src/broker/format.ts';
import { anyMessage, commonMessage, viewOf } from './messages.ts';

const headBytesMax = 100_000;

/** A message after it went through a format. */
function through(format: MessageFormat, message: Properties): Properties {
  const encoded = format.fromProperties(message, headBytesMax);
  return format.toProperties(viewOf(encoded, formatNumbers[format.name]));
}

/** Registers the tests that every message format must pass. */
export function testFormat(format: MessageFormat): void {
  test(`${format.name}: properties common to every protocol survive a conversion unchanged`, () => {
    fc.assert(
      fc.property(commonMessage, (message) => {
        assert.deepEqual(plain(through(format, message)), plain(message));
      }),
    );
  });

  test(`${format.name}: a second conversion loses nothing more than the first`, () => {
    fc.assert(
      fc.property(anyMessage, (message) => {
        const once = through(format, message);
        assert.deepEqual(plain(through(format, once)), plain(once));
        assert.equal(once.isDurable, message.isDurable);
      }),
    );
  });

  test(`${format.name}: an encoded head does not exceed the byte limit and can be decoded`, () => {
    fc.assert(
      fc.property(anyMessage, fc.integer({ min: 4096, max: 8192 }), (message, bytesMax) => {
        const large = {
          ...message,
          headers: Array(60).fill(['h', { type: 'string', value: 'x'.repeat(200) }]),
        };
        large.headers.forEach((header, i) => {
          large.headers[i] = [`${header[0]}${i}`, header[1]];
        });
        const { head } = format.fromProperties(large, bytesMax);
        assert.ok(head.length <= bytesMax, `${head.length} bytes of head`);
        assert.ok(format.headerCount(head, 0, head.length) > 0);
        format.headers(head, 0, head.length);
        format.expiration(head, 0, head.length);
      }),
    );
  });

  test(`${format.name}: neutral properties keep no reference to the message buffer`, () => {
    fc.assert(
      fc.property(anyMessage, (message) => {
        const encoded = format.fromProperties(message, headBytesMax);
        const view = viewOf(encoded, formatNumbers[format.name]);
        const properties = format.toProperties(view);
        const before = plain(properties);
        view.buffer.fill(0x41);
        assert.deepEqual(plain(properties), before);
      }),
    );
  });
}

/** Registers the tests that every pair of formats must pass. */
export function testFormatPair(format: MessageFormat, other: MessageFormat): void {
  test(`a round trip from ${format.name} to ${other.name} keeps all that both can express`, () => {
    fc.assert(
      fc.property(commonMessage, (message) => {
        const sent = through(format, message);
        assert.deepEqual(plain(through(format, through(other, sent))), plain(sent));
      }),
    );
  });
}

/** Comparable: tables of a format have no prototype, and bytes may be of any buffer. */
function plain(value: unknown): unknown {
  if (Buffer.isBuffer(value)) return `bytes ${value.toString('hex')}`;
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'number') return Object.is(value, -0) ? 0 : value;
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, plain(item)]));
}
