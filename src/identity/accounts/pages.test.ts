import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pageOf } from './pages.ts';

const names = (...list: string[]) => list.map((name) => ({ name }));
const nameOf = ({ name }: { readonly name: string }) => name;

test('a page starts after the last item of the previous page, even if that item is gone', () => {
  const first = pageOf(names('c', 'a', 'b', 'd'), nameOf, { MaxItems: 2 });
  assert.deepEqual(first.items.map(nameOf), ['a', 'b']);
  const Marker = first.next;
  const second = pageOf(names('c', 'a', 'd'), nameOf, { MaxItems: 2, Marker });
  assert.deepEqual([second.items.map(nameOf), second.next], [['c', 'd'], undefined]);
});

test('a page ends before it exceeds the size limit and has at least one item', () => {
  const size = { sizeOf: () => 6, sizeMax: 10 };
  const first = pageOf(names('a', 'b', 'c'), nameOf, {}, size);
  assert.deepEqual(first.items.map(nameOf), ['a']);
  const second = pageOf(
    names('a', 'b', 'c'),
    nameOf,
    { Marker: first.next },
    { ...size, sizeMax: 13 },
  );
  assert.deepEqual(second.items.map(nameOf), ['b', 'c']);
});
