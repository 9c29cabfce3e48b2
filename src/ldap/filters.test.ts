import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type AndFilter, type EqualityFilter, FilterParser } from 'ldapts';
import { checkFilter, filledFilter } from './filters.ts';

const text = fc.string({ unit: 'binary', maxLength: 40 });
const special = fc.string({ unit: fc.constantFrom(...'*()\\\0&|!=<>~:,+{}01ä😀'), maxLength: 20 });

test('a value is compared as a whole, regardless of its content', () => {
  fc.assert(
    fc.property(fc.oneof(text, special), fc.oneof(text, special), (entry, user) => {
      const filled = filledFilter('(&(member={0})(|(uid={1})(cn=x)))', [entry, user]);
      const { filters } = FilterParser.parseString(filled) as AndFilter;
      const [first, second] = filters as [EqualityFilter, { filters: EqualityFilter[] }];
      assert.deepEqual([first.attribute, first.value], ['member', entry]);
      assert.equal(second.filters[0]?.value, user);
      assert.equal(second.filters.length, 2);
    }),
  );
});

test('placeholders in values are not replaced, and unknown placeholders are kept', () => {
  assert.equal(filledFilter('(a={0})(b={1})', ['{1}', '{0}']), '(a={1})(b={0})');
  assert.equal(filledFilter('(a={0})(b={1})(c={7})', ['$&']), '(a=$&)(b={1})(c={7})');
});

test('a filter without a placeholder or with a syntax error is rejected', () => {
  for (const filter of ['(uid={0})', 'uid={0}', '(&(uid={0})(!(x=y)))', '(member:=uid={0})']) {
    checkFilter(filter, ['{0}']);
  }
  checkFilter('(member={1})', ['{0}', '{1}']);
  for (const filter of ['', '(uid=x)', '(uid={1})', '(uid={0}', '(uid={0}))', '({0})', '(&)']) {
    assert.throws(() => checkFilter(filter, ['{0}']), { code: 'filter-invalid' }, filter);
  }
});
