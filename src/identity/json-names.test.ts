import assert from 'node:assert/strict';
import { test } from 'node:test';
import { repeatedName } from './json-names.ts';

const cases: readonly [json: string, name: string | undefined][] = [
  ['{}', undefined],
  ['{"a":1,"b":2}', undefined],
  ['{"a":1,"a":2}', 'a'],
  ['{"a":1,"\\u0061":2}', 'a'],
  ['{"a":{"a":{"a":1}}}', undefined],
  ['{"a":{"b":1},"b":{"c":1,"d":[],"c":2}}', 'c'],
  ['[{"a":1},{"a":2}]', undefined],
  ['{"a":["a","a"],"b":"a","c":"{\\"a\\":1,\\"a\\":2}"}', undefined],
  ['{"a":"b","b":"a","c":["x",{"y":"y","z":"y"}]}', undefined],
  ['{"__proto__":1,"__proto__":2}', '__proto__'],
  ['{"A":1,"a":2}', undefined],
  ['["a",{"b":[1,2,{"c":1}],"d":1,"b":2}]', 'b'],
];

test('duplicate names in a JSON object are found at any depth', () => {
  for (const [json, name] of cases) {
    JSON.parse(json);
    assert.equal(repeatedName(json), name, json);
  }
});
