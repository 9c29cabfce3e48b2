import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RequestError } from '../errors.ts';
import { epochSeconds, inProcess, isoDates } from './notation.ts';
import {
  blob,
  boolean,
  document,
  enumeration,
  integer,
  list,
  map,
  required,
  type Shape,
  sensitive,
  string,
  structure,
  timestamp,
} from './shape.ts';
import { readShape } from './shape-reader.ts';
import { recordShape, writeShape } from './shape-writer.ts';

const key = structure({
  KeyId: required(string({ min: 1, max: 8, pattern: /^[a-z]+$/ })),
  Spec: enumeration(['SYMMETRIC', 'RSA']),
  Engine: enumeration(['RABBITMQ'], { anyCase: true }),
  Days: integer({ min: 7, max: 30 }),
  Enabled: boolean(),
  Plaintext: sensitive(blob({ min: 1, max: 4 })),
  At: timestamp(),
  Operations: list(enumeration(['Encrypt', 'Decrypt']), { max: 3, unique: true }),
  Tags: list(structure({ TagKey: required(string({ max: 3 })), TagValue: string() })),
  Context: map(string({ max: 3 }), string({ max: 3 }), { max: 2 }),
  Password: sensitive(string({ min: 4 }), '***'),
  Extra: document(),
});

function refusal(value: unknown, shape: Shape<unknown> = key): RequestError {
  try {
    readShape(shape, value, epochSeconds);
  } catch (error) {
    assert.ok(error instanceof RequestError);
    return error;
  }
  assert.fail('it was read');
}

test('known members are read with their types, and unknown members are ignored', () => {
  const value = {
    KeyId: 'abc',
    Spec: 'RSA',
    Engine: 'RabbitMq',
    Days: 7,
    Enabled: false,
    Plaintext: 'AAE=',
    At: 1.5,
    Operations: ['Encrypt'],
    Tags: [{ TagKey: 'a', Unknown: 1 }],
    Context: { a: 'b' },
    Password: 'secret',
    Extra: { any: [1] },
    Unknown: 'x',
  };
  assert.deepEqual(readShape(key, value, epochSeconds), {
    KeyId: 'abc',
    Spec: 'RSA',
    Engine: 'RABBITMQ',
    Days: 7,
    Enabled: false,
    Plaintext: Buffer.from([0, 1]),
    At: 1500,
    Operations: ['Encrypt'],
    Tags: [{ TagKey: 'a' }],
    Context: { a: 'b' },
    Password: 'secret',
    Extra: { any: [1] },
  });
});

test('a null member counts as absent', () => {
  assert.deepEqual(readShape(key, { KeyId: 'a', Days: null }, epochSeconds), { KeyId: 'a' });
});

test('a missing required member is named in the error', () => {
  const error = refusal({});
  assert.equal(error.code, 'invalid-value');
  assert.equal(error.attribute, 'keyId');
  assert.equal(
    error.message,
    "1 validation error detected: Value null at 'keyId' failed to satisfy constraint: " +
      'Member must not be null',
  );
});

test('each constraint violation is reported with the wording of AWS', () => {
  const cases: [object, string][] = [
    [{ KeyId: '' }, "'' at 'keyId'|Member must have length greater than or equal to 1"],
    [
      { KeyId: 'a'.repeat(9) },
      "'aaaaaaaaa' at 'keyId'|Member must have length less than or equal to 8",
    ],
    [{ KeyId: 'A' }, "'A' at 'keyId'|Member must satisfy regular expression pattern: ^[a-z]+$"],
    [{ Spec: 'DSA' }, "'DSA' at 'spec'|Member must satisfy enum value set: [SYMMETRIC, RSA]"],
    [{ Days: 6 }, "'6' at 'days'|Member must have value greater than or equal to 7"],
    [{ Days: 31 }, "'31' at 'days'|Member must have value less than or equal to 30"],
    [
      { Operations: ['Sign'] },
      "'[Sign]' at 'operations'|" +
        'Member must satisfy constraint: [Member must satisfy enum value set: [Encrypt, Decrypt]]',
    ],
    [
      { Operations: ['Encrypt', 'Encrypt'] },
      "'[Encrypt, Encrypt]' at 'operations'|Member must have unique values",
    ],
    [
      { Tags: [{ TagKey: 'a' }, { TagKey: 'long' }] },
      "'long' at 'tags.2.member.tagKey'|Member must have length less than or equal to 3",
    ],
    [
      { Context: { a: 'long' } },
      `'{"a":"long"}' at 'context'|` +
        'Map value must satisfy constraint: [Member must have length less than or equal to 3]',
    ],
    [
      { Context: { long: 'a' } },
      `'{"long":"a"}' at 'context'|` +
        'Map keys must satisfy constraint: [Member must have length less than or equal to 3]',
    ],
  ];
  for (const [members, expected] of cases) {
    const [value, constraint] = expected.split('|');
    assert.equal(
      refusal({ KeyId: 'a', ...members }).message,
      `1 validation error detected: Value ${value} failed to satisfy constraint: ${constraint}`,
    );
  }
});

test('several constraint violations are counted and listed', () => {
  const { message } = refusal({ KeyId: '', Days: 1 });
  assert.match(
    message,
    /^2 validation errors detected: Value '' at 'keyId' .*; Value '1' at 'days'/,
  );
});

test('a validation error does not repeat a secret value', () => {
  assert.match(refusal({ KeyId: 'a', Password: 'abc' }).message, /Value '\*\*\*' at 'password'/);
  assert.match(refusal({ KeyId: 'a', Plaintext: 'AAAAAAAAAAA=' }).message, /Value '\*\*\*' at/);
  const users = structure({
    Users: list(structure({ Password: sensitive(string()) }), { max: 0 }),
  });
  assert.match(refusal({ Users: [{ Password: 'hidden' }] }, users).message, /Value '\*\*\*' at/);
});

test('a value of the wrong type is rejected with the found and expected types', () => {
  const cases: [unknown, string][] = [
    [[], 'the request is a list, but must be a structure'],
    [{ KeyId: 1 }, "'keyId' is a number, but must be a string"],
    [{ Days: 7.5 }, "'days' is a number, but must be an integer of 32 bits"],
    [{ Days: 2 ** 31 }, "'days' is a number, but must be an integer of 32 bits"],
    [{ Days: '7' }, "'days' is a string, but must be an integer of 32 bits"],
    [{ Enabled: 'true' }, "'enabled' is a string, but must be true or false"],
    [{ Plaintext: 'é' }, "'plaintext' is a string, but must be base64 text"],
    [{ At: '2026' }, "'at' is a string, but must be a timestamp"],
    [{ At: 1e300 }, "'at' is a number, but must be a timestamp"],
    [{ Tags: {} }, "'tags' is an object, but must be a list"],
    [{ Tags: [null] }, "'tags.1.member' is null, but must be a value"],
    [{ Context: [] }, "'context' is a list, but must be a map"],
    [{ Context: { a: 1 } }, "'context' is a number, but must be a string"],
  ];
  for (const [value, message] of cases) {
    const given = Array.isArray(value) ? value : { KeyId: 'a', ...(value as object) };
    const error = refusal(given);
    assert.equal(error.code, 'unreadable');
    assert.equal(error.message, message);
  }
});

test('inherited property names are ignored as members and preserved as map keys', () => {
  const context = JSON.parse('{"__proto__":"x"}');
  const contexts = map(string(), string());
  assert.deepEqual(Object.entries(readShape(contexts, context, epochSeconds)), [
    ['__proto__', 'x'],
  ]);
  const inherited = structure({ toString: string() });
  assert.deepEqual(readShape(inherited, {}, epochSeconds), {});
});

test('lengths count Unicode code points, not UTF-16 code units', () => {
  const short = structure({ Name: string({ max: 2 }) });
  assert.deepEqual(readShape(short, { Name: '😀😀' }, isoDates), { Name: '😀😀' });
});

test('values are written in the notation of the wire protocol', () => {
  const value = {
    KeyId: 'a',
    Plaintext: Buffer.from([0, 1]),
    At: 1500,
    Unknown: 1,
    Days: undefined,
  };
  assert.deepEqual(writeShape(key, value, epochSeconds), {
    KeyId: 'a',
    Plaintext: 'AAE=',
    At: 1.5,
  });
  assert.deepEqual(writeShape(key, value, isoDates), {
    KeyId: 'a',
    Plaintext: 'AAE=',
    At: '1970-01-01T00:00:01.500Z',
  });
  assert.deepEqual(readShape(key, writeShape(key, value, inProcess), inProcess), {
    KeyId: 'a',
    Plaintext: Buffer.from([0, 1]),
    At: 1500,
  });
});

test('a recorded shape omits secrets and bytes and uses lower camel case names', () => {
  const value = {
    KeyId: 'a',
    Plaintext: Buffer.from([0, 1]),
    Password: 'secret',
    Tags: [{ TagKey: 'K', TagValue: 'V' }],
    Context: { Upper: 'x' },
    At: 0,
  };
  assert.deepEqual(recordShape(key, value), {
    keyId: 'a',
    password: '***',
    tags: [{ tagKey: 'K', tagValue: 'V' }],
    context: { Upper: 'x' },
    at: '1970-01-01T00:00:00.000Z',
  });
});
