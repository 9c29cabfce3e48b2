import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FrameMessages } from './frame-messages.ts';

// WebSocket messages of STOMP, whatever the parts in which frames are written.

const receipt = 'RECEIPT\nreceipt-id:1\n\n\0\n';
const text = 'MESSAGE\nsubscription:ä\n\ngrüße\n\n\0\n';
const last = 'ERROR\n\n\0';
const bytes = 'MESSAGE\ncontent-length:5\n\na\0\nb\0\0\n';
const empty = 'MESSAGE\na:b\ncontent-length:0\n\n\0\n';
const notUtf8 = Buffer.from('MESSAGE\ncontent-length:2\n\n\xff\xfe\0\n', 'latin1');

/** The messages for output that is written in parts of a size. */
function messagesOf(output: Buffer, size: number): [Buffer, boolean][] {
  const found: [Buffer, boolean][] = [];
  const messages = new FrameMessages();
  for (let at = 0; at < output.length; at += size) {
    // The writer reuses its buffer.
    const part = Buffer.from(output.subarray(at, at + size));
    for (let split = messages.split(part), step = split.next(); step.done !== true; ) {
      found.push([Buffer.from(step.value.bytes), step.value.isText]);
      step = split.next();
    }
    part.fill(0x55);
  }
  return found;
}

test('each frame and each heart-beat is a message, and a text if it is UTF-8', () => {
  const before = [receipt, text, '\n', '\n', bytes, empty].map((each) => Buffer.from(each));
  const frames = [...before, notUtf8, Buffer.from(receipt), Buffer.from(last)];
  const output = Buffer.concat(frames);
  const expected = frames.map((frame) => [frame.toString('latin1'), frame !== notUtf8]);
  for (const size of [output.length, 1, 2, 3, 7, 16, 40]) {
    const found = messagesOf(output, size).map(([message, isText]) => [
      message.toString('latin1'),
      isText,
    ]);
    // A line feed that is written later than its frame is a message of its own.
    const joined: (string | boolean)[][] = [];
    for (const [message = '', isText = true] of found) {
      const [before = ''] = joined.at(-1) ?? [];
      if (message === '\n' && String(before).endsWith('\0'))
        joined.at(-1)?.splice(0, 1, `${before}\n`);
      else joined.push([message, isText]);
    }
    assert.deepEqual(joined, expected, `${size}`);
  }
});

test('a large frame in parts is passed on in binary messages, and the next one is a text again', () => {
  const body = 'ü'.repeat(400_000);
  for (const head of ['MESSAGE\n\n', `MESSAGE\ncontent-length:${Buffer.byteLength(body)}\n\n`]) {
    const output = Buffer.from(`${head}${body}\0\n${receipt}`);
    const whole = messagesOf(output, output.length);
    assert.deepEqual(
      whole.map(([message, isText]) => [message.length, isText]),
      [
        [output.length - receipt.length, true],
        [receipt.length, true],
      ],
    );
    const found = messagesOf(output, 65_537);
    assert.deepEqual(Buffer.concat(found.map(([message]) => message)), output);
    assert.ok(found.length > 5);
    assert.deepEqual(
      found.map(([, isText]) => isText),
      found.map((_, at) => at === found.length - 1),
    );
    assert.equal(found.at(-1)?.[0].toString(), receipt);
  }
});

test('a head of many parts is gathered', () => {
  const frame = `MESSAGE\n${'name:value\n'.repeat(40_000)}content-length:1\n\nx\0\n`;
  const found = messagesOf(Buffer.from(frame), 10_000);
  assert.deepEqual(
    found.map(([message, isText]) => [message.toString(), isText]),
    [[frame, true]],
  );
});
