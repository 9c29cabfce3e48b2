import assert from 'node:assert/strict';
import { createDecipheriv, hkdfSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { openBlob, readBlobHeader, sealBlob } from './ciphertext-blob.ts';
import { canonicalContext } from './encryption-context.ts';

const page = readFileSync(
  new URL('../../../../docs/formats/ciphertext-blob.md', import.meta.url),
  'utf8',
);
const [context = '', blob = ''] = [...page.matchAll(/```\n([0-9a-f\n]+)```/g)].map(([, hex]) =>
  (hex ?? '').replaceAll('\n', ''),
);

const counting = (from: number, length: number) =>
  Buffer.from(Array.from({ length }, (_, index) => from + index));
const material = counting(0, 32);
const header = {
  keyId: '1234abcd-12ab-34cd-56ef-1234567890ab',
  materialId: counting(0x20, 32).toString('hex'),
};
const pairs = { tenant: 'a', 'aws:ebs:id': 'vol-1' };
const text = Buffer.from('attack at dawn');

test('a ciphertext blob is sealed and opened as documented', () => {
  let next = 0x40;
  const bytes = (size: number) => {
    next += size;
    return counting(next - size, size);
  };
  const random = { bytes, uuid: () => assert.fail('no id is needed') };
  assert.equal(canonicalContext(pairs).toString('hex'), context);
  const sealed = sealBlob(header, material, canonicalContext(pairs), text, random);
  assert.equal(sealed.toString('hex'), blob);
  assert.deepEqual(readBlobHeader(sealed), header);
  assert.deepEqual(openBlob(sealed, material, canonicalContext(pairs)), text);
});

test('a decoder written from the documentation opens the same blob', () => {
  const bytes = Buffer.from(blob, 'hex');
  const info = Buffer.concat([
    Buffer.from('waxwing kms ciphertext blob 1'),
    bytes.subarray(6, 22),
    bytes.subarray(22, 54),
  ]);
  const key = Buffer.from(hkdfSync('sha256', material, bytes.subarray(54, 70), info, 32));
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(70, 82));
  decipher.setAAD(Buffer.concat([bytes.subarray(0, 82), Buffer.from(context, 'hex')]));
  decipher.setAuthTag(bytes.subarray(-16));
  const opened = Buffer.concat([decipher.update(bytes.subarray(82, -16)), decipher.final()]);
  assert.deepEqual(opened, text);
});

test('a lone surrogate in an encryption context is rejected', () => {
  for (const wrong of [{ '\ud800': 'a' }, { a: '\udc00b' }]) {
    assert.throws(() => canonicalContext(wrong), { code: 'ValidationException' });
  }
});

test('different encryption contexts have different canonical bytes', () => {
  const contexts = [{}, { a: 'b' }, { ab: '' }, { '': 'ab' }, { a: '', b: '' }, { a: 'b', c: 'd' }];
  const canonical = contexts.map((each) => canonicalContext(each).toString('hex'));
  assert.equal(new Set(canonical).size, contexts.length);
});
