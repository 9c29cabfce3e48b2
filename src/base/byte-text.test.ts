import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  clipText,
  decodeText,
  distinctPrintable,
  encodeText,
  normalText,
  printable,
  textBytes,
} from './byte-text.ts';

const telling = [
  0x00, 0x7f, 0x80, 0xbf, 0xc0, 0xc3, 0xa9, 0xe0, 0xed, 0xa0, 0xef, 0xbf, 0xbd, 0xf0,
];
const bytes = fc
  .array(fc.oneof(fc.constantFrom(...telling), fc.integer({ min: 0, max: 255 })), { maxLength: 40 })
  .map((list) => Buffer.from(list));
const decoded = (from: Buffer) => decodeText(from, 0, from.length);

test('any bytes survive a round trip through text, including through JSON', () => {
  fc.assert(
    fc.property(bytes, (value) => {
      const text = decoded(value);
      assert.deepEqual(encodeText(text), value);
      assert.deepEqual(encodeText(JSON.parse(JSON.stringify(text))), value);
      assert.equal(textBytes(text), value.length);
      assert.equal(normalText(text), text);
    }),
    { numRuns: 20_000 },
  );
});

test('different bytes produce different texts, including in distinct printable form', () => {
  fc.assert(
    fc.property(bytes, bytes, (a, b) => {
      const isSame = a.equals(b);
      assert.equal(decoded(a) === decoded(b), isSame);
      if (isSame) return;
      assert.notEqual(distinctPrintable(decoded(a)), distinctPrintable(decoded(b)));
    }),
  );
  assert.notEqual(distinctPrintable('\\xff'), distinctPrintable(decoded(Buffer.of(0xff))));
});

test('valid UTF-8 is decoded as usual, including the replacement character', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      assert.equal(decoded(Buffer.from(text)), text);
    }),
  );
  assert.equal(decoded(Buffer.from('a\ufffdb')), 'a\ufffdb');
});

test('a byte range is decoded independently of the adjacent bytes', () => {
  const euro = Buffer.from('€');
  assert.equal(decodeText(euro, 0, 2), '\udce2\udc82');
  assert.equal(decodeText(euro, 1, 3), '\udc82\udcac');
});

test('printed text is one line of valid text', () => {
  fc.assert(
    fc.property(bytes, (value) => {
      const shown = printable(decoded(value));
      assert.ok(shown.isWellFormed());
      assert.doesNotMatch(shown, /\p{Cc}|[\u2028\u2029]/u);
    }),
  );
  assert.equal(printable('caf\udce9\n'), 'caf\\xe9\\x0a');
  const directions = '\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069';
  assert.match(printable(directions), /^(?:\\u[0-9a-f]{4}){12}$/);
});

test('a text is truncated between characters and never exceeds the limit', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.nat(30), (text, sizeMax) => {
      const clipped = clipText(text, sizeMax);
      assert.ok(text.startsWith(clipped) && clipped.isWellFormed());
      assert.ok(textBytes(clipped) <= sizeMax);
    }),
  );
  assert.equal(clipText('aé€', 3), 'aé');
});

test('text with any surrogates is encoded as UTF-8, except for escaped bytes', () => {
  const unit = fc.oneof(
    fc.constantFrom(0x41, 0x7ff, 0x800, 0xd7ff, 0xd800, 0xdbff, 0xdc00, 0xdc7f, 0xdc80, 0xdcff),
    fc.integer({ min: 0xd800, max: 0xe000 }),
  );
  fc.assert(
    fc.property(fc.array(unit, { maxLength: 30 }), (units) => {
      const pieces: Buffer[] = [];
      // Iterating splits text into characters and single surrogates.
      for (const character of String.fromCharCode(...units)) {
        const code = character.codePointAt(0) ?? 0;
        const isEscape = code >= 0xdc80 && code <= 0xdcff;
        pieces.push(isEscape ? Buffer.of(code - 0xdc00) : Buffer.from(character));
      }
      assert.deepEqual(encodeText(String.fromCharCode(...units)), Buffer.concat(pieces));
    }),
    { numRuns: 5000 },
  );
});

test('a long text of which some bytes are not UTF-8 survives a round trip', () => {
  const long = Buffer.alloc(100_000, 'aé€😀\xff');
  for (let at = 0; at < long.length; at += 997) long[at] = 0x80 + (at % 128);
  for (const end of [8191, 8192, 8193, 16_385, long.length]) {
    const part = long.subarray(0, end);
    assert.deepEqual(encodeText(decoded(part)), Buffer.from(part));
  }
});
