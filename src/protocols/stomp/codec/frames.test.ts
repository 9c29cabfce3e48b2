import assert from 'node:assert/strict';
import { test } from 'node:test';
import { textFrame } from '../../../../tests/support/stomp-peer.ts';
import { StompError } from '../errors.ts';
import { clientLimits, unauthenticatedLimits } from '../limits.ts';
import { FrameReader } from './frames.ts';
import { escapeHeader, type Version } from './header-text.ts';
import { frameBytes } from './out-frames.ts';

/** What a reader makes of chunks: each frame as its command, headers and body. */
function read(chunks: readonly Buffer[], prepare: (reader: FrameReader) => void = () => {}) {
  const frames: string[] = [];
  let body = '';
  const reader = new FrameReader({
    head: () => {},
    body: (_frame, bytes, at, end) => {
      body += bytes.toString('latin1', at, end);
    },
    frame: ({ command, headers }) => {
      frames.push(JSON.stringify([command, [...headers], body]));
      body = '';
    },
  });
  reader.limits = clientLimits;
  reader.version = '1.2';
  prepare(reader);
  for (const chunk of chunks) reader.receive(chunk);
  return frames;
}

const stream = Buffer.from(
  [
    '\n\r\n',
    textFrame('SEND', { destination: '/queue/a', 'content-length': '5' }, 'a\0b\n\n'),
    '\n\n',
    'SEND\r\ndestination:/queue/b\r\na\\cb:c\\nd\\\\\r\n\r\ntext\r\n\0',
    textFrame('ACK', { id: '1', 'content-length': '7' }),
    'BEGIN\ntransaction:t\ntransaction:second\n\nignored\0\n',
  ].join(''),
);

test('a stream split at any point gives the same frames', () => {
  const whole = read([stream]);
  assert.deepEqual(whole, [
    '["SEND",[["destination","/queue/a"],["content-length","5"]],"a\\u0000b\\n\\n"]',
    '["SEND",[["destination","/queue/b"],["a:b","c\\nd\\\\"]],"text\\r\\n"]',
    '["ACK",[["id","1"],["content-length","7"]],""]',
    '["BEGIN",[["transaction","t"]],""]',
  ]);
  for (let at = 1; at < stream.length; at++) {
    assert.deepEqual(read([stream.subarray(0, at), stream.subarray(at)]), whole, `cut at ${at}`);
  }
  const bytes = Array.from(stream, (_, at) => stream.subarray(at, at + 1));
  assert.deepEqual(read(bytes), whole);
});

test('a suspended reader emits no frames until it is resumed', () => {
  const commands: string[] = [];
  const reader = new FrameReader({
    head: () => {},
    body: () => {},
    frame: ({ command }) => {
      commands.push(command);
      reader.suspend();
    },
  });
  reader.receive(stream.subarray(0, 80));
  reader.receive(stream.subarray(80));
  assert.deepEqual(commands, ['SEND']);
  for (let count = 2; count <= 4; count++) {
    reader.receive(reader.resume());
    assert.equal(commands.length, count);
  }
});

const refused = (text: string | Buffer, reason: RegExp, prepare?: (reader: FrameReader) => void) =>
  assert.throws(
    () => read([Buffer.from(text)], prepare),
    (error) =>
      error instanceof StompError && error.code === 'malformed' && reason.test(error.message),
  );

test('every length limit is enforced and named in the error', () => {
  const long = (length: number) => 'x'.repeat(length);
  refused(`${long(1025)}\n\n\0`, /command line of 1025 bytes is longer than the maximum of 1024/);
  refused(`SEND\na:${long(10_239)}\n\n\0`, /header line of 10241 bytes .* 10240/);
  refused(`SEND\n${'a:b\n'.repeat(1001)}\n\0`, /more than 1000 headers/);
  refused(
    `SEND\n${`a:${long(10_000)}\n`.repeat(14)}\n\0`,
    /headers of a frame are more than 131072/,
  );
  refused(long(200_000), /headers of a frame are more than 131072/);
  refused(`ACK\n\n${long(65_537)}`, /body of 65537 bytes/);
  const small = (reader: FrameReader) => {
    reader.bodyBytesMax = 10;
  };
  refused(
    `SEND\n\n${long(11)}`,
    /body of 11 bytes or more is larger than the maximum of 10/,
    small,
  );
  refused('SEND\ncontent-length:11\n\n', /body of 11 bytes/, small);
  refused('SEND\ncontent-length:-1\n\n', /content-length is not a valid integer/);
  refused('SEND\ncontent-length:1e9\n\n', /content-length is not a valid integer/);
  refused('SEND\nno colon\n\n\0', /no colon/);
  const unauthenticated = (reader: FrameReader) => {
    reader.limits = unauthenticatedLimits;
  };
  refused(`CONNECT\n${long(20_000)}`, /more than 16384/, unauthenticated);
});

test('a frame head cannot contain a null byte', () => {
  for (const head of ['SE\0ND\na:b', 'SEND\na\0:b', 'SEND\na:\0RECEIPT\nreceipt-id:1']) {
    refused(`${head}\n\nbody\0`, /headers of a frame contain a null byte/);
    assert.throws(() => read([...Buffer.from(`${head}\n\nbody\0`)].map((byte) => Buffer.of(byte))));
  }
  for (const version of ['1.0', '1.1', '1.2'] as const) {
    const bytes = frameBytes('MESSAGE', [['a\0b\n\r:', 'c\0\nRECEIPT\n\r:']], '', version);
    assert.equal(bytes.indexOf(0), bytes.length - 2, version);
    assert.equal(bytes.toString().split('\n').length, 5, version);
  }
  assert.ok(!escapeHeader('a\0b').includes('\0'));
});

test('header names with surrounding spaces stay distinct, including for STOMP 1.0 clients', () => {
  const names = (version: Version) =>
    frameBytes(
      'MESSAGE',
      [
        [' content-length', '3'],
        ['subscription ', 'x'],
        [' ', 'y'],
      ],
      '',
      version,
    )
      .toString()
      .split('\n')
      .slice(1, 4)
      .map((line) => line.slice(0, line.indexOf(':')));
  assert.deepEqual(names('1.0'), ['_content-length', 'subscription_', '_']);
  assert.deepEqual(names('1.2'), [' content-length', 'subscription ', ' ']);
});
