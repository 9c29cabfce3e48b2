import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Encoded, emptyProperties } from '../../../broker/conversion/properties.ts';
import { types } from '../../openwire/codec/commands.gen.ts';
import { readHead as readOpenWire } from '../../openwire/codec/stored-message.ts';
import * as openwire from '../../openwire/conversion/from-properties.ts';
import { toProperties as ofOpenWire } from '../../openwire/conversion/to-properties.ts';
import { entryOf } from '../codec/items.ts';
import { fromProperties } from './from-properties.ts';
import { jmsAnnotations } from './jms.ts';
import { readHead } from './read-head.ts';
import { toProperties } from './to-properties.ts';

const headBytesMax = 100_000;
const nullText = { kind: 'none', isText: true } as const;

function stored({ head, body }: Encoded) {
  const at = { headAt: 0, headLength: head.length, bodyAt: head.length, bodyLength: body.length };
  return { buffer: Buffer.concat([head, body]), ...at };
}

test('a TextMessage of OpenWire whose text is null stays one in AMQP 1.0, and back', () => {
  const sent = openwire.fromProperties({ ...emptyProperties, body: nullText }, headBytesMax);
  assert.equal(readOpenWire(sent.head, 0, sent.head.length).type, types.TextMessage);
  const read = ofOpenWire(stored(sent));
  assert.deepEqual(read.body, nullText);
  const { head, body } = fromProperties(read, headBytesMax);
  assert.deepEqual(body, Buffer.from([0, 0x53, 0x77, 0x40]), 'an amqp-value of null');
  const { annotations } = readHead(head, 0, head.length);
  assert.equal(entryOf(annotations, jmsAnnotations.messageType)?.value, 5);
  assert.deepEqual(toProperties(stored({ head, body })).body, nullText);
});

test('a message without a body stays one', () => {
  const sent = openwire.fromProperties(emptyProperties, headBytesMax);
  assert.equal(readOpenWire(sent.head, 0, sent.head.length).type, types.PlainMessage);
  const read = ofOpenWire(stored(sent));
  assert.deepEqual(read.body, { kind: 'none' });
  const { head, body } = fromProperties(read, headBytesMax);
  assert.equal(body.length, 0);
  const { annotations } = readHead(head, 0, head.length);
  assert.equal(entryOf(annotations, jmsAnnotations.messageType)?.value, 0);
});
