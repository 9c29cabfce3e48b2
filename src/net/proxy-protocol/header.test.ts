import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { stateClient } from '../client-address.ts';
import { readProxyHeader } from './header.ts';
import { clientLine, secretHeader } from './write-header.ts';

const signature = '0d0a0d0a000d0a515549540a';

function binary(hex: string): Buffer {
  return Buffer.from(signature + hex.replaceAll(' ', ''), 'hex');
}

/** Reads a header that arrives byte by byte, and checks that it is complete only at its end. */
function readInPieces(bytes: Buffer, sizeBytes: number): void {
  for (let size = 0; size < sizeBytes; size++) {
    assert.equal(readProxyHeader(bytes.subarray(0, size)), 'incomplete', `${size} bytes`);
  }
}

test('headers of version 1 state the client', () => {
  const line = Buffer.from('PROXY TCP4 192.0.2.1 198.51.100.7 56324 5671\r\n\x16\x03');
  assert.deepEqual(readProxyHeader(line), {
    sizeBytes: line.length - 2,
    client: { address: '192.0.2.1', port: 56_324 },
    secret: undefined,
  });
  readInPieces(line, line.length - 2);
  const six = readProxyHeader(Buffer.from('PROXY TCP6 2001:db8::1 2001:db8::2 1 65535\r\n'));
  assert.deepEqual('client' in Object(six) && Object(six).client, {
    address: '2001:db8::1',
    port: 1,
  });
  const mapped = readProxyHeader(Buffer.from('PROXY TCP6 ::ffff:192.0.2.9 ::1 1 2\r\n'));
  assert.equal(Object(mapped).client.address, '192.0.2.9');
  // Limits and policies must not see another client.
  for (const text of ['::ffff:c000:209', '0:0:0:0:0:FFFF:192.0.2.9', '0::ffff:192.0.2.9']) {
    const other = readProxyHeader(Buffer.from(`PROXY TCP6 ${text} ::1 1 2\r\n`));
    assert.equal(Object(other).client.address, '192.0.2.9');
  }
  const unknown = Buffer.from('PROXY UNKNOWN whatever this is\r\nrest');
  assert.deepEqual(readProxyHeader(unknown), {
    sizeBytes: unknown.length - 4,
    client: undefined,
    secret: undefined,
  });
});

test('headers of version 1 that are not valid are refused', () => {
  for (const text of [
    'PROXX',
    'GET / HTTP/1.1\r\n',
    '\x16\x03\x01',
    'PROXY TCP4 192.0.2.1 198.51.100.7 56324\r\n',
    'PROXY TCP4 192.0.2.1 198.51.100.7 56324 5671 1\r\n',
    'PROXY TCP4 192.0.2.1  198.51.100.7 56324 5671\r\n',
    'PROXY TCP4 192.0.2.256 198.51.100.7 56324 5671\r\n',
    'PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n',
    'PROXY TCP6 fe80::1%eth0 2001:db8::2 1 2\r\n',
    'PROXY TCP4 192.0.2.1 198.51.100.7 65536 5671\r\n',
    'PROXY TCP4 192.0.2.1 198.51.100.7 01 5671\r\n',
    'PROXY TCP4 192.0.2.1 198.51.100.7 -1 5671\r\n',
    'PROXY constructor 192.0.2.1 198.51.100.7 1 5671\r\n',
    'PROXY \r\n',
    `PROXY UNKNOWN ${'x'.repeat(107)}`,
  ]) {
    assert.ok(Object.hasOwn(Object(readProxyHeader(Buffer.from(text, 'latin1'))), 'wrong'), text);
  }
});

test('headers of version 2 state the client, and their TLVs are skipped', () => {
  const four = binary('21 11 0013 c0000201 c6336407 dc04 1627 ea0004 01020304');
  assert.deepEqual(readProxyHeader(four), {
    sizeBytes: four.length,
    client: { address: '192.0.2.1', port: 0xdc04 },
    secret: undefined,
  });
  readInPieces(four, four.length);
  const six = binary(`21 21 0024 20010db8${'0'.repeat(22)}01 ${'0'.repeat(32)} 0001 0002`);
  assert.deepEqual(Object(readProxyHeader(six)).client, { address: '2001:db8::1', port: 1 });
  const local = binary('20 00 0000');
  assert.deepEqual(Object(readProxyHeader(local)).client, undefined);
  // Checks of load balancers can have addresses, which have no meaning.
  assert.equal(
    Object(readProxyHeader(binary('20 11 000c c0000201c6336407dc041627'))).sizeBytes,
    28,
  );
  assert.equal(Object(readProxyHeader(binary('21 00 0003 ea0000'))).client, undefined);
});

test('headers of version 2 that are not valid are refused', () => {
  for (const hex of [
    '11 11 000c', // version 1
    '22 11 000c', // unknown command
    '21 11 0219', // 537 bytes
    '21 11 ffff',
    '21 11 000b', // shorter than its addresses
    '21 21 000c',
    '21 12 000c', // UDP
    '21 31 00d8', // Unix sockets
    '21 11 000d c0000201c6336407dc041627 ea', // a TLV without a length
    '21 11 0010 c0000201c6336407dc041627 ea000200', // a TLV that is longer than the rest
  ]) {
    assert.ok(Object.hasOwn(Object(readProxyHeader(binary(hex))), 'wrong'), hex);
  }
  assert.ok(Object.hasOwn(Object(readProxyHeader(Buffer.from('\r\n\r\n\x01'))), 'wrong'));
});

test('what is written is read again', () => {
  const socket = { localAddress: '127.0.0.1', localPort: 5671 } as unknown as Socket;
  const secret = Buffer.alloc(32, 7);
  for (const address of ['203.0.113.9', '2001:db8::9', '::1']) {
    const client = { address, port: 40_000 };
    stateClient(socket, client);
    const header = secretHeader(socket, secret);
    assert.deepEqual(readProxyHeader(header), { sizeBytes: header.length, client, secret });
    const line = Buffer.from(clientLine(socket));
    assert.deepEqual(readProxyHeader(line), {
      sizeBytes: line.length,
      client,
      secret: undefined,
    });
  }
  stateClient(socket, { address: '', port: 0 });
  assert.equal(clientLine(socket), 'PROXY UNKNOWN\r\n');
});
