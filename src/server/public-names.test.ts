import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freePorts, isInRange } from '../base/port-range.ts';
import { checkPublicHosts, localHost, publicHost, servedNames } from './public-names.ts';

test('host names and addresses are accepted, everything else is refused with what was found', () => {
  checkPublicHosts([]);
  checkPublicHosts(['mq.example.com', 'MQ-1', 'xn--bcher-kva.example', '192.0.2.7', 'fd00::7']);
  const bad = ['', 'https://mq.example.com', 'mq.example.com:8443', 'a b', '-a.example', 'a..b'];
  for (const host of [
    ...bad,
    `${'a'.repeat(64)}.example`,
    `${'a.'.repeat(127)}aa`,
    'a\n',
    '[::1]',
  ]) {
    assert.throws(
      () => checkPublicHosts([host]),
      (error: Error) =>
        error.message.includes(`'${host}'`) && /expected a host/.test(error.message),
    );
  }
  const many = Array.from({ length: 17 }, (_, i) => `h${i}`);
  assert.throws(() => checkPublicHosts(many), /17 names.*at most 16/);
});

test('endpoints have the first public name, and addresses of IPv6 have brackets in URLs', () => {
  const all = { host: '0.0.0.0', publicHosts: ['mq.example.com', 'fd00::7'] };
  assert.equal(publicHost(all), 'mq.example.com');
  assert.equal(localHost(all), 'localhost');
  assert.deepEqual(servedNames(all).slice(0, 3), ['mq.example.com', 'fd00::7', 'localhost']);
  assert.equal(publicHost({ host: '::', publicHosts: ['fd00::7'] }), '[fd00::7]');
  assert.equal(publicHost({ host: '192.0.2.7', publicHosts: [] }), '192.0.2.7');
});

test('ports of a range are counted with both ends, without those that are taken', () => {
  const range = { first: 5, last: 8 };
  assert.deepEqual(freePorts(range, new Set([6]), 9), [5, 7, 8]);
  assert.deepEqual(freePorts(range, new Set(), 2), [5, 6]);
  assert.deepEqual(freePorts(range, new Set([5, 6, 7, 8]), 2), []);
  assert.deepEqual(
    [4, 5, 8, 9].map((port) => isInRange(range, port)),
    [false, true, true, false],
  );
});
