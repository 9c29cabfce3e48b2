import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Writer } from '../../../base/bytes.ts';
import { type BasicProperties, readProperties, writeProperties } from './basic-properties.ts';
import { changedHead, HeadScan } from './properties.ts';

const short = fc.string({ maxLength: 60 });
const properties = fc.record(
  {
    contentType: short,
    contentEncoding: short,
    headers: fc.dictionary(
      short,
      fc.integer().map((value) => ({ type: 'signedint' as const, value })),
    ),
    deliveryMode: fc.constantFrom(1, 2),
    priority: fc.nat(255),
    correlationId: short,
    replyTo: short,
    expiration: short,
    messageId: short,
    timestamp: fc.maxSafeNat(),
    type: short,
    userId: short,
    appId: short,
    clusterId: short,
  },
  { requiredKeys: [], noNullPrototype: true },
) as fc.Arbitrary<BasicProperties>;

const encode = (value: BasicProperties) => {
  const w = new Writer(16);
  writeProperties(w, value);
  return w.toBuffer();
};

const shortAt = (head: Buffer, at: number) =>
  at < 0 ? undefined : head.toString('utf8', at + 1, at + 1 + head.readUInt8(at));

test('properties decode to what was encoded', () => {
  fc.assert(
    fc.property(properties, (value) => {
      const read = readProperties(encode(value));
      assert.deepEqual(JSON.stringify(read), JSON.stringify(value));
    }),
  );
});

test('a scan finds the properties that the broker uses without reading the rest', () => {
  const scan = new HeadScan();
  fc.assert(
    fc.property(properties, (value) => {
      const head = encode(value);
      scan.scan(head, 0, head.length);
      assert.equal(scan.persistent, value.deliveryMode === 2);
      assert.equal(scan.priority, value.priority ?? 0);
      assert.equal(shortAt(head, scan.replyToAt), value.replyTo);
      assert.equal(shortAt(head, scan.expirationAt), value.expiration);
      assert.equal(shortAt(head, scan.userIdAt), value.userId);
      assert.equal(scan.headersAt >= 0, value.headers !== undefined);
    }),
  );
});

test('a header that does not end with its properties is a syntax error', () => {
  const scan = new HeadScan();
  const head = Buffer.concat([encode({ priority: 3 }), Buffer.from([0])]);
  assert.throws(() => scan.scan(head, 0, head.length), { code: 'syntax-error' });
  const flagsOfMore = Buffer.from([0x00, 0x01, 0x00, 0x00]);
  assert.throws(() => scan.scan(flagsOfMore, 0, 4), { code: 'syntax-error' });
});

test('a rewritten header differs only in the changed properties', () => {
  const headers = { a: { type: 'timestamp' as const, value: '18446744073709551615' } };
  fc.assert(
    fc.property(properties, fc.boolean(), fc.boolean(), (value, setsHeaders, dropsExpiration) => {
      const head = Buffer.concat([Buffer.from('before'), encode(value), Buffer.from('after')]);
      const changed = changedHead(head, 6, head.length - 5, {
        ...(setsHeaders ? { headers } : {}),
        replyTo: 'elsewhere',
        dropsExpiration,
      });
      const expected = { ...value };
      if (setsHeaders) expected.headers = { ...value.headers, ...headers };
      if (value.replyTo !== undefined) expected.replyTo = 'elsewhere';
      if (dropsExpiration) delete expected.expiration;
      assert.deepEqual(sorted(readProperties(changed)), sorted(expected));
    }),
  );
});

const sorted = (value: BasicProperties) =>
  Object.entries(JSON.parse(JSON.stringify(value))).sort(([a], [b]) => (a < b ? -1 : 1));
