import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PathTable } from './path-table.ts';

function tableOf(...patterns: readonly string[]): PathTable<string> {
  const table = new PathTable<string>();
  for (const each of patterns) {
    const [method = '', pattern = ''] = each.split(' ');
    table.add(method, pattern, pattern);
  }
  return table;
}

const found = (table: PathTable<string>, method: string, path: string) => {
  const match = table.find(method, path);
  return match && [match.value, Object.fromEntries(match.labels)];
};

test('a literal takes precedence over a label, and a label over the rest of a path', () => {
  const table = tableOf('GET /q', 'GET /{name}', 'GET /{path+}', 'GET /q/{name}');
  assert.deepEqual(found(table, 'GET', '/q'), ['/q', {}]);
  assert.deepEqual(found(table, 'GET', '/r'), ['/{name}', { name: 'r' }]);
  assert.deepEqual(found(table, 'GET', '/q/a'), ['/q/{name}', { name: 'a' }]);
  assert.deepEqual(found(table, 'GET', '/q/a/b'), ['/{path+}', { path: 'q/a/b' }]);
});

test('the rest of a path may be empty only if the pattern allows it', () => {
  assert.deepEqual(found(tableOf('GET /*'), 'GET', '/'), ['/*', {}]);
  assert.equal(found(tableOf('GET /{path+}'), 'GET', '/'), undefined);
  assert.equal(found(tableOf('GET /a/*'), 'GET', '/a'), undefined);
  assert.deepEqual(found(tableOf('GET /a/*'), 'GET', '/a/'), ['/a/*', {}]);
});

test('a path is split before it is decoded', () => {
  const table = tableOf('GET /api/queues/{vhost}/{name}');
  assert.deepEqual(found(table, 'GET', '/api/queues/%2F/a%20b%'), [
    '/api/queues/{vhost}/{name}',
    { vhost: '/', name: 'a%20b%' },
  ]);
  assert.equal(found(table, 'GET', '/api/queues/%2F'), undefined);
  assert.equal(found(table, 'GET', '/api/queues//a'), undefined);
});

test('the most specific matching pattern that supports the method is found', () => {
  const table = tableOf('GET /health', '* /*', 'PUT /{name}');
  assert.deepEqual(found(table, 'GET', '/health'), ['/health', {}]);
  assert.deepEqual(found(table, 'PUT', '/health'), ['/{name}', { name: 'health' }]);
  assert.deepEqual(found(table, 'POST', '/health'), ['/*', {}]);
  assert.deepEqual(table.methodsOf('/health').sort(), ['*', 'GET', 'PUT']);
});

test('inherited property names match no route', () => {
  const table = tableOf('GET /a');
  for (const path of ['/__proto__', '/constructor', '/a/toString', 'a', '']) {
    assert.equal(table.find('GET', path), undefined);
  }
});

test('a method and pattern cannot be added twice', () => {
  const table = tableOf('GET /a');
  assert.throws(() => table.add('GET', '/a', 'again'));
  assert.throws(() => table.add('GET', '/*/a', 'the rest comes last'));
});
