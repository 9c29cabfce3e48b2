// The fuzzers of what clients and proxies send before TLS begins.

import assert from 'node:assert/strict';
import { readProxyHeader } from '../../src/net/proxy-protocol/header.ts';
import { ClientHelloReader, type HelloResult } from '../../src/net/server-name/client-hello.ts';
import type { SeededRandom } from '../support/seeded-random.ts';
import { type Fuzzer, junk } from './fuzzer.ts';
import type { Tally } from './tally.ts';

const bytesMax = 16 * 1024 + 5;

function number(value: number, size: 1 | 2 | 3): Buffer {
  const bytes = Buffer.alloc(size);
  bytes.writeUIntBE(value, 0, size);
  return bytes;
}

function vector(size: 1 | 2 | 3, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([number(body.length, size), body]);
}

/** Exactly this many random bytes. */
function fixed(random: SeededRandom, size: number): Buffer {
  return Buffer.from(Array.from({ length: size }, () => random.below(256)));
}

/** The bytes in pieces of random sizes. */
function* pieces(random: SeededRandom, bytes: Buffer): Iterable<Buffer> {
  for (let at = 0; at < bytes.length; ) {
    const size = 1 + random.below(random.oneIn(2) ? 3 : 400);
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

function hello(random: SeededRandom, name: string | undefined): Buffer {
  const extension = (type: number, body: Buffer) =>
    Buffer.concat([number(type, 2), vector(2, body)]);
  const others = Array.from({ length: random.below(6) }, () =>
    extension(1 + random.below(0xfffe), random.bytes(random.below(300))),
  );
  const entry = name === undefined ? [] : [Buffer.of(0), vector(2, Buffer.from(name, 'latin1'))];
  const list = name === undefined ? [] : [extension(0, vector(2, ...entry))];
  const extensions = vector(2, ...others.slice(0, 3), ...list, ...others.slice(3));
  const hasNone = name === undefined && random.oneIn(3);
  const message = vector(
    3,
    Buffer.of(3, 3),
    fixed(random, 32),
    vector(1, random.bytes(random.below(33))),
    vector(2, fixed(random, 2 * (1 + random.below(40)))),
    vector(1, Buffer.of(0)),
    ...(hasNone ? [] : [extensions]),
  );
  const all = Buffer.concat([Buffer.of(1), message]);
  const records: Buffer[] = [];
  for (let at = 0; at < all.length; ) {
    const size = random.oneIn(2) ? all.length : 1 + random.below(200);
    records.push(Buffer.of(0x16, 3, random.below(4)), vector(2, all.subarray(at, at + size)));
    at += size;
  }
  return Buffer.concat(records);
}

function readInPieces(parts: Iterable<Buffer>): HelloResult {
  const reader = new ClientHelloReader(bytesMax);
  for (const part of parts) {
    const result = reader.push(part);
    if (result !== 'incomplete') return result;
  }
  return 'incomplete';
}

const helloFuzzer: Fuzzer = {
  name: 'ClientHello',
  handlers: ['name', 'no name'],
  run: (random, tally) => {
    const name = random.oneIn(3) ? undefined : `b-${random.below(1e6)}.mq.Example.test`;
    const bytes = hello(random, name);
    assert.deepEqual(readInPieces(pieces(random, bytes)), { name: name?.toLowerCase() });
    tally.reach(name === undefined ? 'no name' : 'name');
    // Any bytes give the same result, however they arrive.
    const other = random.oneIn(4) ? junk(random) : random.damaged(bytes);
    const result = readInPieces([other]);
    assert.deepEqual(readInPieces(pieces(random, other)), result);
    if (typeof result === 'object' && 'name' in result)
      assert.ok((result.name ?? '').length <= 255);
  },
};

const headerForms = [
  'text IPv4',
  'text IPv6',
  'text unknown',
  'binary IPv4',
  'binary IPv6',
  'local',
];

function header(
  random: SeededRandom,
  tally: Tally,
): { bytes: Buffer; address: string | undefined } {
  const form = random.pick(headerForms);
  tally.reach(form);
  const four = () => [...fixed(random, 4)].join('.');
  const six = () => `2001:db8::${(1 + random.below(0xffff)).toString(16)}`;
  const port = () => random.below(65_536);
  if (form === 'text unknown') {
    return { bytes: Buffer.from('PROXY UNKNOWN\r\n'), address: undefined };
  }
  if (form.startsWith('text')) {
    const make = form === 'text IPv4' ? four : six;
    const address = make();
    const family = form === 'text IPv4' ? 'TCP4' : 'TCP6';
    const line = `PROXY ${family} ${address} ${make()} ${port()} ${port()}\r\n`;
    return { bytes: Buffer.from(line), address };
  }
  const signature = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');
  const isLocal = form === 'local';
  const isFour = form === 'binary IPv4';
  const address = isFour ? four() : six();
  const from = isFour
    ? Buffer.from(address.split('.').map(Number))
    : Buffer.concat([
        Buffer.from('20010db8', 'hex'),
        Buffer.alloc(10),
        number(Number.parseInt(address.split('::')[1] ?? '', 16), 2),
      ]);
  const body = Buffer.concat([
    ...(isLocal ? [] : [from, fixed(random, from.length), fixed(random, 4)]),
    ...Array.from({ length: random.below(4) }, () =>
      Buffer.concat([fixed(random, 1), vector(2, random.bytes(random.below(100)))]),
    ),
  ]);
  const kind = Buffer.of(isLocal ? 0x20 : 0x21, isLocal ? 0 : isFour ? 0x11 : 0x21);
  const bytes = Buffer.concat([signature, kind, vector(2, body)]);
  return { bytes, address: isLocal ? undefined : address };
}

const headerFuzzer: Fuzzer = {
  name: 'PROXY header',
  handlers: headerForms,
  run: (random, tally) => {
    const { bytes, address } = header(random, tally);
    const found = readProxyHeader(Buffer.concat([bytes, random.bytes(random.below(20))]));
    assert.ok(typeof found === 'object' && 'sizeBytes' in found);
    assert.deepEqual([found.sizeBytes, found.client?.address], [bytes.length, address]);
    // Any bytes end in a result within the size of the longest header, and more bytes do not change it.
    const other = random.oneIn(4) ? junk(random) : random.damaged(bytes);
    const result = readProxyHeader(other);
    const more = readProxyHeader(Buffer.concat([other, Buffer.alloc(600)]));
    assert.notEqual(more, 'incomplete');
    if (result !== 'incomplete') assert.deepEqual(more, result);
  },
};

/** The fuzzers of the first bytes of connections. */
export const firstBytesFuzzers: readonly Fuzzer[] = [helloFuzzer, headerFuzzer];
