import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Warnings, warningCountMax } from './warnings.ts';

test('warnings about permissions and messages are listed first', () => {
  const warnings = new Warnings();
  for (let i = 0; i < 5000; i++) warnings.about('settings')(`attribute ${i} has no effect`);
  warnings.about('messages')('a deadLetterQueue has no effect');
  warnings.about('permissions')('an authorizationEntry has no effect');
  warnings.about('messages')('a deadLetterQueue has no effect');
  const told = warnings.told();
  assert.equal(told.length, warningCountMax);
  assert.deepEqual(told.slice(0, 3), [
    'an authorizationEntry has no effect',
    'a deadLetterQueue has no effect',
    'attribute 0 has no effect',
  ]);
  assert.equal(told.at(-1), '4983 more settings have no effect or are limited');
});

test('all warnings are listed when there are only a few', () => {
  const warnings = new Warnings();
  for (let i = 0; i < warningCountMax; i++) warnings.about('settings')(String(i));
  assert.equal(warnings.told().length, warningCountMax);
  assert.equal(warnings.told().at(-1), '19');
  assert.deepEqual(new Warnings().told(), []);
});
