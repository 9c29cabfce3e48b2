import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  decodeSegment,
  parseSource,
  parseSourceV1,
  parseTarget,
  parseTargetV1,
  queueAddress,
} from './addresses.ts';

test('targets of version 2 are read with percent-encoding', () => {
  const queue = (name: string) => ({
    exchange: '',
    routingKey: name,
    queue: name,
    isDeclared: false,
  });
  const exchange = (name: string, routingKey: string) => ({
    exchange: name,
    routingKey,
    queue: undefined,
    isDeclared: false,
  });
  assert.deepEqual(parseTarget('/queues/a'), queue('a'));
  assert.deepEqual(parseTarget('/queues/a%2Fb%20c%C3%BC'), queue('a/b cü'));
  assert.deepEqual(parseTarget('/exchanges/amq.topic'), exchange('amq.topic', ''));
  assert.deepEqual(parseTarget('/exchanges/a%2Fb/k.%23'), exchange('a/b', 'k.#'));
  const wrong = ['/queues/', '/queues/a/b', '/queues/a b', '/queues/%', '/queues/%zz', '/queues/ü'];
  const more = [
    '/exchanges/',
    '/exchanges//k',
    '/exchanges/amq.default/k',
    '/exchanges/a/b/c',
    'a',
  ];
  for (const address of [...wrong, ...more]) assert.equal(parseTarget(address), undefined, address);
});

test('bytes that are not UTF-8 survive an address', () => {
  const name = decodeSegment('%ff') ?? '';
  assert.equal(name, '\udcff');
  assert.equal(queueAddress('a/b ü'), '/queues/a%2Fb%20%C3%BC');
  assert.equal(parseSource(queueAddress("it's (1)"))?.queue, "it's (1)");
});

test('addresses of version 1 are read', () => {
  const kinds = (address: string) => {
    const { exchange, routingKey, queue, isDeclared } = parseTargetV1(address) ?? {};
    return [exchange, routingKey, queue, isDeclared];
  };
  assert.deepEqual(kinds('q'), ['', 'q', 'q', true]);
  assert.deepEqual(kinds('/queue/a%2Fb'), ['', 'a/b', 'a/b', true]);
  assert.deepEqual(kinds('/amq/queue/q'), ['', 'q', 'q', false]);
  assert.deepEqual(kinds('/exchange/e/k'), ['e', 'k', undefined, false]);
  assert.deepEqual(kinds('/exchange/e'), ['e', undefined, undefined, false]);
  assert.deepEqual(kinds('/queue'), ['', undefined, undefined, false]);
  assert.deepEqual(kinds('/topic/a.b'), ['amq.topic', 'a.b', undefined, false]);
  for (const address of [
    '/queue/',
    '/queue/a/b',
    '/exchange/',
    '/amq/other/q',
    '/nothing/q',
    'a/b',
  ]) {
    assert.equal(parseTargetV1(address), undefined, address);
  }
  assert.equal(parseSourceV1('/queue'), undefined);
  assert.deepEqual(parseSourceV1('/topic/a.#'), {
    queue: undefined,
    exchange: 'amq.topic',
    bindingKey: 'a.#',
    isDeclared: false,
  });
});
