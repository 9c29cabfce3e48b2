import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emptyProperties } from '../../../broker/conversion/properties.ts';
import { type Field, textValue } from '../../../broker/conversion/value.ts';
import { readHead } from '../codec/stored-message.ts';
import { fromProperties } from './from-properties.ts';
import { readProperties } from './properties.ts';
import { toProperties } from './to-properties.ts';

test('message annotations become prefixed JMS properties and are converted back', () => {
  const annotations: Field[] = [
    ['x-opt-note', textValue('n')],
    ['count', { type: 'int', value: 5 }],
  ];
  const headers: Field[] = [['JMS_AMQP_MA_other', textValue('a header of another protocol')]];
  const message = { ...emptyProperties, annotations, headers };
  const { head, body } = fromProperties(message, 100_000);
  const { marshalledProperties } = readHead(head, 0, head.length);
  assert.deepEqual(
    readProperties(marshalledProperties).map(([name]) => name),
    ['JMS_AMQP_MA_x-opt-note', 'JMS_AMQP_MA_count', 'JMS_AMQP_MA_other'],
  );
  const buffer = Buffer.concat([head, body]);
  const bodyAt = head.length;
  const at = { headAt: 0, headLength: head.length, bodyAt, bodyLength: body.length };
  const found = toProperties({ buffer, ...at });
  assert.deepEqual(found.annotations, [...annotations, ['other', headers[0]?.[1]]]);
  assert.deepEqual(found.headers, []);
});
