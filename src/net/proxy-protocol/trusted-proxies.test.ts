import assert from 'node:assert/strict';
import { test } from 'node:test';
import { networkProblem, TrustedProxies } from './trusted-proxies.ts';

test('addresses and networks are trusted, also as IPv4-mapped IPv6 addresses', () => {
  const trusted = new TrustedProxies(['10.1.0.0/16', '192.0.2.7', 'fd00:1::/32', '2001:db8::5']);
  for (const address of [
    '10.1.2.3',
    '::ffff:10.1.2.3',
    '192.0.2.7',
    '::ffff:192.0.2.7',
    'fd00:1:ffff::1',
    '2001:db8::5',
    '2001:db8::5%eth0',
  ]) {
    assert.ok(trusted.has(address), address);
  }
  for (const address of [
    '10.2.0.1',
    '::ffff:10.2.0.1',
    '::10.1.2.3', // another form of IPv4 in IPv6, which no socket uses
    '192.0.2.8',
    'fd00:2::1',
    '2001:db8::6',
    '',
    'undefined',
  ]) {
    assert.ok(!trusted.has(address), address);
  }
});

test('networks that are not valid are explained', () => {
  for (const network of ['10.0.0.0/8', '10.0.0.1', '::1', 'fd00::/8', '0.0.0.0/32']) {
    assert.equal(networkProblem(network), undefined, network);
  }
  for (const network of [
    '',
    'localhost',
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
    'fd00::/129',
    'fe80::1%eth0',
    '::ffff:10.0.0.0/104',
    '::ffff:10.0.0.1',
    '::FFFF:a00:1',
  ]) {
    assert.notEqual(networkProblem(network), undefined, network);
  }
});
