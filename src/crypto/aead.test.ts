import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CounterSealer, counterNonce, open, seal } from './aead.ts';
import { deriveKey, keyFromBytes } from './derive.ts';

test('AES-256-GCM matches test case 16 of the GCM specification', () => {
  const key = keyFromBytes(
    Buffer.from('feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308', 'hex'),
  );
  const nonce = Buffer.from('cafebabefacedbaddecaf888', 'hex');
  const plaintext = Buffer.from(
    'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72' +
      '1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39',
    'hex',
  );
  const clear = Buffer.from('feedfacedeadbeeffeedfacedeadbeefabaddad2', 'hex');
  const tag = Buffer.alloc(16);
  const sealed = seal(key, nonce, clear, plaintext, tag);
  assert.equal(tag.toString('hex'), '76fc6ece0f4e1768cddf8853bb2d551b');
  assert.equal(sealed.toString('hex').slice(0, 16), '522dc1f099567d07');
  assert.deepEqual(open(key, nonce, clear, sealed, tag), plaintext);
  tag[0] = (tag[0] ?? 0) ^ 1;
  assert.equal(open(key, nonce, clear, sealed, tag), undefined);
});

test('HKDF-SHA-256 matches the first 32 bytes of RFC 5869 test case 3', () => {
  const key = keyFromBytes(Buffer.alloc(22, 0x0b));
  const derived = deriveKey(key, Buffer.alloc(0), '').export();
  assert.equal(
    derived.toString('hex'),
    '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d',
  );
});

test('a counter nonce is the counter as a 96-bit big-endian number', () => {
  assert.equal(counterNonce(0x1_0203_0405).toString('hex'), '000000000000000102030405');
});

test('a counter sealer produces the same output as seal, prepared or not', () => {
  const key = keyFromBytes(Buffer.alloc(32, 1));
  const sealer = new CounterSealer(key, 7);
  const [clear, plaintext] = [Buffer.from('clear'), Buffer.from('sealed')];
  for (const number of [7, 8, 9, 10]) {
    if (number % 2 === 0) sealer.prepare();
    const [tag, expectedTag] = [Buffer.alloc(16), Buffer.alloc(16)];
    const expected = seal(key, counterNonce(number), clear, plaintext, expectedTag);
    assert.deepEqual(sealer.seal(number, clear, plaintext, tag), expected);
    assert.deepEqual(tag, expectedTag);
  }
});

test('a counter sealer accepts each number once and without gaps', () => {
  const sealer = new CounterSealer(keyFromBytes(Buffer.alloc(32, 1)));
  const sealed = (number: number) =>
    sealer.seal(number, Buffer.of(), Buffer.of(1), Buffer.alloc(16));
  sealed(1);
  sealed(2);
  sealer.prepare();
  for (const number of [1, 2, 4]) assert.throws(() => sealed(number), /next one is 3/);
  sealed(3);
});
