import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemRandom } from '../../base/random.ts';
import type { RegisteredClient } from './clients.ts';
import { DeviceAuthorizations, deviceCodeMs, deviceCountMax } from './device-authorizations.ts';
import type { Person } from './person.ts';

const client: RegisteredClient = {
  id: 'client',
  name: 'aws',
  scopes: [],
  grantTypes: [],
  redirectUris: [],
  issuedMs: 0,
  expiresMs: Number.MAX_SAFE_INTEGER,
};
const anna: Person = { type: 'user', userId: 'AIDAANNA' };

/** An IPv4 address of a network of its own. */
const network = (index: number) => `10.${index >> 8}.${index & 255}.7`;

test('codes of many addresses do not end the code of a person, and nobody is refused', () => {
  const devices = new DeviceAuthorizations(systemRandom);
  const own = devices.start(client, '192.0.2.1', 0);
  for (let index = 0; index < 2 * deviceCountMax.ofUnknown; index++) {
    const address = `198.51.${index % 50}.${index % 251}`;
    assert.ok(devices.start(client, address, 1).userCode);
  }
  assert.equal(devices.poll(own.deviceCode, client.id, 5000), 'pending');
  assert.ok(devices.decide(own.userCode, anna, true, 5000));
  assert.equal(devices.poll(own.deviceCode, client.id, 10_000), anna);
});

test('codes of one address do not end the code of another address of its network', () => {
  const devices = new DeviceAuthorizations(systemRandom);
  const own = devices.start(client, '192.0.2.1', 0);
  for (let index = 0; index < 2 * deviceCountMax.ofUnknown; index++) {
    devices.start(client, '192.0.2.2', 1);
  }
  assert.equal(devices.poll(own.deviceCode, client.id, 5000), 'pending');
});

test('addresses of one IPv6 /48 network do not end the code of another network', () => {
  const devices = new DeviceAuthorizations(systemRandom);
  const own = devices.start(client, '2001:db8:1::1', 0);
  for (let index = 0; index < 2 * deviceCountMax.ofUnknown; index++) {
    devices.start(client, `2001:db8:2:${index.toString(16)}::1`, 1);
  }
  assert.equal(devices.poll(own.deviceCode, client.id, 5000), 'pending');
});

test('a code that a person was shown is kept, however many networks add codes', () => {
  const devices = new DeviceAuthorizations(systemRandom);
  const shown = devices.start(client, network(0), 0);
  const waiting = devices.start(client, network(1), 0);
  assert.equal(devices.show(shown.userCode, anna, 1)?.clientName, 'aws');
  for (let index = 2; index < 2 + deviceCountMax.ofUnknown; index++) {
    devices.start(client, network(index), 1);
  }
  assert.equal(devices.poll(waiting.deviceCode, client.id, 5000), 'unknown');
  assert.ok(devices.decide(shown.userCode, anna, true, 5000));
  assert.equal(devices.poll(shown.deviceCode, client.id, 10_000), anna);
});

test('many codes of one person do not end those of another person', () => {
  const devices = new DeviceAuthorizations(systemRandom);
  const own = devices.start(client, network(0), 0);
  devices.show(own.userCode, anna, 0);
  const greedy: Person = { type: 'user', userId: 'AIDAGREEDY' };
  for (let index = 0; index < deviceCountMax.ofPeople + 10; index++) {
    devices.show(devices.start(client, network(1), 1).userCode, greedy, 1);
  }
  assert.ok(devices.decide(own.userCode, anna, false, 1));
  assert.equal(devices.poll(own.deviceCode, client.id, 5000), 'denied');
});

test('codes expire, and a code is decided once', () => {
  const devices = new DeviceAuthorizations(systemRandom);
  const first = devices.start(client, network(0), 0);
  const second = devices.start(client, network(0), 1000);
  assert.ok(devices.decide(second.userCode, anna, true, 2000));
  assert.ok(!devices.decide(second.userCode, anna, false, 2000));
  assert.equal(devices.show(second.userCode, anna, 2000), undefined);
  assert.equal(devices.show(first.userCode, anna, deviceCodeMs), undefined);
  assert.equal(devices.poll(first.deviceCode, client.id, deviceCodeMs), 'expired');
  assert.equal(devices.poll(second.deviceCode, 'another client', 2000), 'unknown');
});
