import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { allRules, examinedCharactersMax, findKinds } from './find-kinds.ts';
import { inspectFields } from './inspect-fields.ts';
import { sensitiveKinds } from './kinds.ts';
import { PersonNames, personNameLimits, problemOfName } from './person-names.ts';
import { candidateCountMax } from './rule.ts';

/** The parts of a pattern that repeat without a limit; escapes and classes do not count. */
function unbounded(pattern: RegExp): string[] {
  const plain = pattern.source.replace(/\\u[0-9a-f]{4}|\\p\{\w+\}|\\./g, 'x');
  const withoutClasses = plain.replace(/\[[^\]]*\]/g, 'x');
  return withoutClasses.match(/[*+]|\{\d+,\}/g) ?? [];
}

test('no rule contains an unbounded repetition', () => {
  assert.deepEqual(unbounded(/a{2,}/), ['{2,}']);
  assert.deepEqual(unbounded(/(?:a[b+]{1,3})+\+/), ['+']);
  for (const { kind, pattern } of allRules) {
    assert.deepEqual(unbounded(pattern), [], `${kind}: ${pattern.source}`);
    assert.ok(pattern.global, kind);
  }
});

test('every kind except person names has a rule', () => {
  const kinds = new Set<string>([...allRules.map(({ kind }) => kind), 'person-name']);
  assert.deepEqual([...kinds].sort(), Object.keys(sensitiveKinds).sort());
});

test('the name of a value counts as context and is not searched itself', () => {
  assert.deepEqual(findKinds('123456782', { name: 'bsn' }), ['nl-bsn']);
  assert.deepEqual(findKinds('123456782'), []);
  assert.deepEqual(findKinds('hunter2', { name: 'db_password' }), ['password']);
  assert.deepEqual(findKinds('blue', { name: 'anna.meier@example.com' }), []);
});

test('any text and name are accepted, and only known kinds are returned', () => {
  const texts = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.string({ unit: 'binary' }),
    fc.base64String(),
  );
  fc.assert(
    fc.property(texts, fc.option(texts, { nil: undefined }), (text, name) => {
      for (const kind of findKinds(text, { name })) assert.ok(kind in sensitiveKinds);
    }),
  );
});

test('several kinds in one text are returned once each and in order', () => {
  const text = 'b@example.com, a@example.com, +49 30 901820, GB82 WEST 1234 5698 7654 32';
  assert.deepEqual(findKinds(text), ['email', 'iban', 'phone']);
});

test('the host of a URL with credentials is not detected as an email address', () => {
  assert.deepEqual(findKinds('amqps://app:hunter2@mq.example.com:5671'), ['url-credentials']);
});

test('full-width digits and zero-width characters do not prevent detection', () => {
  assert.deepEqual(findKinds('４１１１１１１１１１１１１１１１'), ['payment-card']);
  assert.deepEqual(findKinds('4111\u200b1111\u200b1111\u200b1111'), ['payment-card']);
});

test('text beyond the examined length is ignored', () => {
  const address = ' a@example.com';
  const filler = ' '.repeat(examinedCharactersMax - address.length);
  assert.deepEqual(findKinds(filler + address), ['email']);
  assert.deepEqual(findKinds(filler + ' '.repeat(address.length) + address), []);
});

test('a rule checks a limited number of candidates', () => {
  const wrong = '666-12-3456 ';
  const right = '123-45-6780';
  assert.deepEqual(findKinds(wrong.repeat(candidateCountMax - 1) + right), ['us-ssn']);
  assert.deepEqual(findKinds(wrong.repeat(candidateCountMax) + right), []);
});

test('person names are found as whole words, in any case, with common separators', () => {
  const personNames = new PersonNames(['Anna Meier', 'Li', 'José Núñez']);
  const has = (text: string) => findKinds(text, { personNames }).includes('person-name');
  for (const text of ['for anna meier', 'ANNA.MEIER', 'anna-meier-orders', 'li', 'josé  núñez']) {
    assert.ok(has(text), text);
  }
  for (const text of ['anna', 'anna and meier', 'limit', 'oliver', 'meier anna']) {
    assert.ok(!has(text), text);
  }
});

test('a person name needs letters and is limited in words and characters', () => {
  assert.equal(problemOfName('Anna Meier'), undefined);
  assert.match(problemOfName('42') ?? '', /no letters/);
  assert.match(problemOfName('a b c d e f g') ?? '', /7 words/);
  assert.match(problemOfName('x'.repeat(personNameLimits.charactersMax + 1)) ?? '', /characters/);
});

test('a few fields are inspected in each turn', async () => {
  const fields = Array.from({ length: 20 }, (_, i) => ({
    what: 'tag value',
    text: `${i}@a.example`,
  }));
  let pauseCount = 0;
  const found = await inspectFields(fields, undefined, () => {
    pauseCount += 1;
    return Promise.resolve();
  });
  assert.equal(found.length, fields.length);
  assert.equal(pauseCount, 2);
  assert.ok(found.every(({ kinds }) => kinds.join() === 'email'));
});
