import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SeededRandom } from '../../../../../../tests/support/seeded-random.ts';
import type { Field, Value } from '../../../../../broker/conversion/value.ts';
import { fieldsOf, MapError, mapElement } from './elements.ts';
import { fromJsonText, toJsonText } from './json.ts';
import { fromXml, toXml } from './xml.ts';

const text = (value: string): Value => ({ type: 'string', value });
const person: Field[] = [
  ['name', text('Dejan')],
  ['city', text('Belgrade')],
];

// The forms that ActiveMQ's own tests of STOMP expect.
const personXml = `<map>
  <entry>
    <string>name</string>
    <string>Dejan</string>
  </entry>
  <entry>
    <string>city</string>
    <string>Belgrade</string>
  </entry>
</map>`;
const personJson = '{"map":{"entry":[{"string":["name","Dejan"]},{"string":["city","Belgrade"]}]}}';

test('maps have the forms that ActiveMQ gives them', () => {
  assert.equal(toXml(mapElement(person)), personXml);
  assert.equal(toJsonText(mapElement(person)), personJson);
  assert.deepEqual(fieldsOf(fromXml(`<?xml version="1.0"?>\n${personXml}\n`)), person);
  assert.deepEqual(fieldsOf(fromJsonText(personJson)), person);
  const mixed: Field[] = [
    ['size', { type: 'int', value: 10 }],
    ['large', { type: 'long', value: 9_223_372_036_854_775_807n }],
    ['rate', { type: 'double', value: 5 }],
    ['endless', { type: 'double', value: Infinity }],
    ['least', { type: 'double', value: -0 }],
    ['is', { type: 'boolean', value: true }],
    ['none', { type: 'null', value: null }],
  ];
  const json = toJsonText(mapElement(mixed));
  assert.equal(
    json,
    '{"map":{"entry":[{"string":"size","int":10},{"string":"large","long":9223372036854775807},' +
      '{"string":"rate","double":5.0},{"string":"endless","double":"Infinity"},' +
      '{"string":"least","double":-0.0},' +
      '{"string":"is","boolean":true},{"string":"none","null":""}]}}',
  );
  assert.deepEqual(fieldsOf(fromJsonText(json)), mixed);
  assert.deepEqual(fieldsOf(fromXml(toXml(mapElement(mixed)))), mixed);
});

const string = fc.string({ unit: 'grapheme' });
const scalar: fc.Arbitrary<Value> = fc.oneof(
  string.map(text),
  fc.constant<Value>({ type: 'null', value: null }),
  fc.boolean().map((value): Value => ({ type: 'boolean', value })),
  fc.integer().map((value): Value => ({ type: 'int', value })),
  fc.integer({ min: -128, max: 127 }).map((value): Value => ({ type: 'byte', value })),
  fc
    .bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
    .map((value): Value => ({ type: 'long', value })),
  fc.double().map((value): Value => ({ type: 'double', value })),
  fc.uint8Array().map((bytes): Value => ({ type: 'binary', value: Buffer.from(bytes) })),
);
const fields: fc.Arbitrary<Field[]> = fc.array(
  fc.tuple(
    string,
    fc.oneof(
      scalar,
      fc.array(scalar, { maxLength: 1 }).map((value): Value => ({ type: 'list', value })),
      fc.array(fc.tuple(string, scalar)).map((value): Value => ({ type: 'map', value })),
    ),
  ),
);

test('a map that is written is read as it was', () => {
  fc.assert(
    fc.property(fields, (map) => {
      assert.deepEqual(fieldsOf(fromXml(toXml(mapElement(map)))), map);
      assert.deepEqual(fieldsOf(fromJsonText(toJsonText(mapElement(map)))), map);
    }),
  );
});

const refusals: readonly (readonly [string, string, RegExp])[] = [
  ['xml', '', /one element/],
  ['xml', '<map>', /one element/],
  ['xml', '<map/><map/>', /one element/],
  ['xml', '<list/>', /a map is expected, not list/],
  ['xml', '<map a="b"/>', /attributes/],
  ['xml', '<!DOCTYPE map><map/>', /attributes or comments/],
  ['xml', '<!-- --><map/>', /attributes or comments/],
  ['xml', '<map></entry></map>', /wrong place/],
  ['xml', '</map>', /wrong place/],
  ['xml', '<map>x</map>', /must not contain text/],
  ['xml', '<map><entry/></map>', /a key and a value/],
  ['xml', '<map><string>a</string></map>', /a key and a value/],
  ['xml', '<map><entry><string>&evil;</string><null/></entry></map>', /unknown entity/],
  ['xml', '<map><entry><string>&#x110000;</string><null/></entry></map>', /unknown entity/],
  ['xml', `${'<map>'.repeat(1000)}`, /nested too deeply/],
  ['json', '', /not valid JSON/],
  ['json', '[]', /no object/],
  ['json', '{}', /one element/],
  ['json', '{"map":{},"a":1}', /one element/],
  ['json', '{"map":{"entry":{"string":["a","b","c"]}}}', /a key and a value/],
  ['json', '{"map":{"entry":{"string":"a","int":3000000000}}}', /not a value of the type int/],
  ['json', '{"map":{"entry":{"string":"a","int":1.5}}}', /not a value of the type int/],
  ['json', '{"map":{"entry":{"string":"a","char":"ab"}}}', /one character/],
  ['json', '{"map":{"entry":{"string":"a","boolean":"yes"}}}', /not true or false/],
  ['json', '{"map":{"entry":{"string":"a","java.lang.Runtime":"x"}}}', /java.lang.Runtime are not/],
  ['json', '{"map":{"entry":{"string":"a","double":"0x10"}}}', /not a value of the type double/],
  ['json', '{"map":{"entry":{"string":"a","constructor":"1"}}}', /type constructor are not/],
  ['xml', '<map><entry><null/><toString>1</toString></entry></map>', /type toString are not/],
  ['json', `{"map":"${'\\"'.repeat(30_000)}`, /not valid JSON/],
  ['json', `{"map":${'{"a":'.repeat(1000)}1${'}'.repeat(1000)}}`, /nested too deeply/],
  ['json', `{"map":${'['.repeat(1000)}1${']'.repeat(1000)}}`, /no object/],
];

test('a text that is not a map is refused with the reason', () => {
  for (const [kind, given, reason] of refusals) {
    const read = () => fieldsOf(kind === 'xml' ? fromXml(given) : fromJsonText(given));
    assert.throws(read, (error) => error instanceof MapError && reason.test(error.message), given);
  }
});

test('each of several large numbers is exact, and a text that looks like one is unchanged', () => {
  const looks = '[9007199254740993]\\"long\\":9007199254740993,';
  const json = `{"map":{"entry":{"string":"${looks}","list":{"long":[9007199254740993, -9007199254740995]
    ,"double":1.2345678901234567}}}}`;
  const list: Value[] = [
    { type: 'long', value: 9_007_199_254_740_993n },
    { type: 'long', value: -9_007_199_254_740_995n },
    { type: 'double', value: 1.234_567_890_123_456_7 },
  ];
  const key = looks.replaceAll('\\', '');
  assert.deepEqual(fieldsOf(fromJsonText(json)), [[key, { type: 'list', value: list }]]);
});

test('a key like __proto__ is an ordinary key', () => {
  const json = '{"map":{"entry":{"string":["__proto__","x"]}}}';
  assert.deepEqual(fieldsOf(fromJsonText(json)), [['__proto__', text('x')]]);
});

test('a damaged map is read or refused', () => {
  const random = new SeededRandom(7);
  const nested = toXml(mapElement([...person, ['m', { type: 'map', value: person }]]));
  let readCount = 0;
  for (let round = 0; round < 4000; round++) {
    const whole = Buffer.from(round % 2 === 0 ? nested : personJson);
    const given = random.damaged(whole).toString('latin1');
    try {
      fieldsOf(round % 2 === 0 ? fromXml(given) : fromJsonText(given));
      readCount++;
    } catch (error) {
      if (!(error instanceof MapError)) throw error;
    }
  }
  assert.ok(readCount > 0 && readCount < 4000, `${readCount}`);
});
