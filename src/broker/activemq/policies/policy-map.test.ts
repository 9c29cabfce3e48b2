import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PolicyMap } from './policy-map.ts';

const mapOf = (...names: string[]) =>
  new PolicyMap(
    names.map((name) => ({ of: { kind: 'queue', name } as const, policy: name })),
    'none',
  );

test('policy lookup prefers the exact name, then the most specific wildcard, then the first entry', () => {
  const rows: [entries: string, name: string, chosen: string][] = [
    ['>|A.>|A.B', 'A.B', 'A.B'],
    ['A.B|A.>|>', 'A.B', 'A.B'],
    ['>|A.>|A.*', 'A.B', 'A.*'],
    ['>|A.>|A.*', 'A.B.C', 'A.>'],
    ['>|A.>|A.*', 'A', 'A.>'],
    ['>|A.>|A.*', 'B', '>'],
    ['A.*|*.B', 'A.B', 'A.*'],
    ['*.B|A.*', 'A.B', '*.B'],
    ['*.B|A.*|A.B', 'A.B', 'A.B'],
    ['*.*|*.>', 'A.B', '*.*'],
    ['*.>|*.*', 'A.B', '*.*'],
    ['A.*', 'B', 'none'],
    ['A.*.>|A.>', 'A.B', 'A.*.>'],
  ];
  for (const [entries, name, chosen] of rows) {
    const map = mapOf(...entries.split('|'));
    assert.equal(map.of({ kind: 'queue', name }), chosen, `${entries} for ${name}`);
    assert.equal(map.of({ kind: 'queue', name }), chosen, 'and again');
    assert.equal(map.of({ kind: 'topic', name }), 'none');
  }
});

test('policies apply to more names than the cache holds', () => {
  const map = mapOf('A.*', 'A.5');
  for (let i = 0; i < 10_010; i++) {
    assert.equal(map.of({ kind: 'queue', name: `A.${i}` }), i === 5 ? 'A.5' : 'A.*');
  }
  assert.equal(map.of({ kind: 'queue', name: 'A.5' }), 'A.5');
});
