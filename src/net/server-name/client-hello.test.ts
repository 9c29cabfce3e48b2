import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'node:test';
import { connect } from 'node:tls';
import { ClientHelloReader, type HelloResult } from './client-hello.ts';

const bytesMax = 16 * 1024 + 5;

/** What a real client sends first. */
async function realHello(servername: string | undefined): Promise<Buffer> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // a TCP server has a port
  const options = { port, host: '127.0.0.1', ...(servername && { servername }) };
  const client = connect(options).on('error', () => {});
  const [socket] = await once(server, 'connection');
  const [bytes] = await once(socket, 'data');
  client.destroy();
  socket.destroy();
  server.close();
  return bytes as Buffer;
}

function read(bytes: Buffer, pieceBytes = bytes.length): HelloResult {
  const reader = new ClientHelloReader(bytesMax);
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const result = reader.push(bytes.subarray(at, at + pieceBytes));
    if (result === 'incomplete') continue;
    assert.deepEqual(reader.received, bytes.subarray(0, at + pieceBytes));
    return result;
  }
  return 'incomplete';
}

/** Puts each piece of the message into a record of its own. */
function fragmented(hello: Buffer, pieceBytes: number): Buffer {
  const message = hello.subarray(5);
  const records: Buffer[] = [];
  for (let at = 0; at < message.length; at += pieceBytes) {
    const piece = message.subarray(at, at + pieceBytes);
    records.push(Buffer.from([0x16, 3, 1, piece.length >> 8, piece.length & 0xff]), piece);
  }
  return Buffer.concat(records);
}

/** A message with these extensions, in one record. */
function helloWith(extensions: string): Buffer {
  const body = Buffer.from(extensions.replaceAll(' ', ''), 'hex');
  const length = Buffer.alloc(2);
  length.writeUInt16BE(body.length);
  const fixed = Buffer.concat([
    Buffer.from('0303', 'hex'),
    Buffer.alloc(32, 1),
    Buffer.from('00 0002 1301 01 00'.replaceAll(' ', ''), 'hex'),
  ]);
  const message = Buffer.concat([Buffer.alloc(4), fixed, length, body]);
  message[0] = 1;
  message.writeUIntBE(message.length - 4, 1, 3);
  const head = Buffer.from([0x16, 3, 1, message.length >> 8, message.length & 0xff]);
  return Buffer.concat([head, message]);
}

test('the name in the message of a real client is found, however it arrives', async () => {
  const hello = await realHello('B-1.mq.example.com');
  const found = { name: 'b-1.mq.example.com' };
  for (const size of [1, 2, 7, 100, hello.length]) assert.deepEqual(read(hello, size), found);
  for (const size of [1, 3, 64]) {
    assert.deepEqual(read(fragmented(hello, size)), found, `records of ${size} bytes`);
    assert.deepEqual(read(fragmented(hello, size), 1), found);
  }
  assert.deepEqual(read(await realHello(undefined)), { name: undefined });
});

test('invented extensions are skipped, and bytes after the message do not matter', () => {
  const list = '0000 0006 0004 00 0001 61';
  assert.deepEqual(read(helloWith(`0a0a 0000 ${list} fafa 0001 00`)), { name: 'a' });
  assert.deepEqual(read(helloWith('')), { name: undefined });
  const withMore = Buffer.concat([helloWith(list), Buffer.from('140303000101', 'hex')]);
  assert.deepEqual(read(withMore), { name: 'a' });
});

test('a message that is not valid is refused as soon as that is known', () => {
  const list = '0000 0006 0004 00 0001 61';
  for (const bytes of [
    Buffer.from('GET / HTTP/1.1'),
    Buffer.from('1702010000', 'hex'),
    Buffer.from('1603010000', 'hex'), // an empty record
    Buffer.from('160301ffff', 'hex'), // a record of 65,535 bytes
    Buffer.from('160301000402000000', 'hex'), // another message
    Buffer.from('160301000401ffffff', 'hex'), // a message of 16 MiB
    helloWith(`${list} ${list}`), // two lists
    helloWith('0000 0002 0000'), // an empty list
    helloWith('0000 0006 0004 01 0001 61'), // another type of name
    helloWith('0000 0005 0003 00 0000'), // an empty name
    helloWith('0000 0006 0004 00 0002 61'), // a name that is too long for its list
    helloWith('0000 0006 0004 00 0001 00'), // a name with a zero byte
    helloWith('0000 0007 0004 00 0001 61 00'), // bytes after the list
    helloWith('0000 0009 0001'), // an extension that is too long
    helloWith(`0000 0105 0103 00 0100 ${'61'.repeat(256)}`), // a name of 256 bytes
  ]) {
    const result = read(bytes);
    assert.ok(result !== 'incomplete' && 'wrong' in result, bytes.toString('hex').slice(0, 200));
  }
});

test('a message is read in linear time and up to a limit', () => {
  const reader = new ClientHelloReader(bytesMax);
  // A message of 16,000 bytes in records of one byte, which arrive byte by byte.
  const start = Buffer.from('01003e80', 'hex');
  let result: HelloResult = 'incomplete';
  for (let at = 0; result === 'incomplete'; at++) {
    const record = [0x16, 3, 1, 0, 1, start[Math.floor(at / 6)] ?? 0];
    result = reader.push(Buffer.from([record[at % 6] ?? 0]));
  }
  assert.deepEqual(result, { wrong: `no complete message in ${bytesMax} bytes` });
  assert.equal(reader.received.length, bytesMax);
});
