import assert from 'node:assert/strict';
import { test } from 'node:test';
import { groupsOf, networkOf, sourceOf, withoutPort } from './address.ts';

test('an IPv4 address and its IPv4-mapped IPv6 form are the same source', () => {
  assert.equal(sourceOf('192.0.2.1'), '192.0.2.1');
  assert.equal(sourceOf('::ffff:192.0.2.1'), '192.0.2.1');
  assert.equal(sourceOf('127.0.0.2'), '127.0.0.2');
});

test('all addresses in one IPv6 /64 network are the same source', () => {
  const one = sourceOf('2001:db8:0:7::1');
  assert.equal(one, '2001:db8:0:7::/64');
  for (const same of ['2001:0db8:0000:0007:ffff:ffff:ffff:ffff', '2001:DB8:0:7:0:0:0:9']) {
    assert.equal(sourceOf(same), one);
  }
  assert.notEqual(sourceOf('2001:db8:0:8::1'), one);
  assert.equal(sourceOf('fe80::1%eth0'), sourceOf('fe80::2%eth1'));
});

test('the IPv6 loopback address is its own source', () => {
  assert.equal(sourceOf('::1'), '::1');
  assert.equal(sourceOf('::'), '0:0:0:0::/64');
  assert.equal(sourceOf(''), '');
});

test('an IPv6 address that ends in the dotted form of IPv4 has eight groups', () => {
  assert.deepEqual(groupsOf('::1.2.3.4'), ['0', '0', '0', '0', '0', '0', '102', '304']);
  assert.deepEqual(groupsOf('64:FF9B::192.0.2.33').slice(-2), ['c000', '221']);
});

test('the port is stripped from IPv4 and IPv6 addresses', () => {
  assert.equal(withoutPort('127.0.0.1:5671'), '127.0.0.1');
  assert.equal(withoutPort('::1:5671'), '::1');
});

test('the network of an address is the /24 or /48 network', () => {
  assert.equal(networkOf('192.0.2.77'), '192.0.2.0/24');
  assert.equal(networkOf('::ffff:192.0.2.1'), '192.0.2.0/24');
  assert.equal(networkOf('2001:db8:5:7::1'), '2001:db8:5::/48');
  assert.equal(networkOf('2001:db8:5:ffff:1::'), '2001:db8:5::/48');
  assert.notEqual(networkOf('2001:db8:6::1'), networkOf('2001:db8:5::1'));
  assert.equal(networkOf('::1'), '::1');
  assert.equal(networkOf(''), '');
});
