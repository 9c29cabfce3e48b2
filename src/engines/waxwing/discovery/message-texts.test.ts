import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plainFormat } from '../../../../tests/support/plain-format.ts';
import { type Body, emptyProperties } from '../../../broker/conversion/properties.ts';
import { textValue } from '../../../broker/conversion/value.ts';
import type { MessageFormat } from '../../../broker/format.ts';
import { MessageView } from '../../../storage/message-record.ts';
import { textsOf } from './message-texts.ts';

function viewOf(body: string): MessageView {
  const view = new MessageView();
  view.buffer = Buffer.from(body);
  view.bodyLength = view.buffer.length;
  return view;
}

function formatOf(properties: Partial<typeof emptyProperties>): MessageFormat {
  return { ...plainFormat, toProperties: () => ({ ...emptyProperties, ...properties }) };
}

const bodies: readonly (readonly [Body, string[]])[] = [
  [{ kind: 'none' }, []],
  [{ kind: 'text', text: 'a text' }, ['a text']],
  [{ kind: 'bytes', bytes: Buffer.from('bytes') }, ['bytes']],
  [
    { kind: 'value', value: { type: 'map', value: [['mail', textValue('a@b.example')]] } },
    ['{"mail":"a@b.example"}'],
  ],
];

test('bodies of every kind are returned as text', () => {
  for (const [body, texts] of bodies) {
    const found = textsOf(viewOf(''), formatOf({ body } as Partial<typeof emptyProperties>));
    assert.deepEqual(
      found.map(({ text }) => text),
      texts,
    );
  }
});

test('headers are returned with their names, and other sender properties as text', () => {
  const properties = {
    headers: [['contact', textValue('a@b.example')]],
    correlationId: textValue('c-1'),
    replyTo: { kind: 'queue', name: 'answers' },
  } as unknown as Partial<typeof emptyProperties>;
  assert.deepEqual(textsOf(viewOf(''), formatOf(properties)), [
    { text: 'c-1' },
    { text: 'answers' },
    { name: 'contact', text: 'a@b.example' },
  ]);
});

test('only the beginning of a large body is read, without decoding it', () => {
  const failing: MessageFormat = {
    ...plainFormat,
    toProperties: () => assert.fail('a large body was decoded'),
  };
  const [found] = textsOf(viewOf(`begin${'x'.repeat(300_000)}`), failing);
  assert.ok(found?.text.startsWith('beginx'));
  assert.ok((found?.text.length ?? 0) < 20_000);
});

test('the text taken from many headers and long bodies is limited', () => {
  const headers = Array.from({ length: 1000 }, (_, i) => [`h${i}`, textValue('x'.repeat(5000))]);
  const body = { kind: 'text', text: 'y'.repeat(100_000) };
  const properties = { headers, body } as unknown as Partial<typeof emptyProperties>;
  const texts = textsOf(viewOf(''), formatOf(properties));
  assert.ok(texts.length <= 65, `${texts.length} texts`);
  const length = texts.reduce((sum, { text }) => sum + text.length, 0);
  assert.ok(length <= 64 * 1024 + 16_384, `${length} characters`);
});
