import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Engines } from '../../control/engines.ts';
import { requireOffer } from '../../control/offers/offers.ts';
import { ActiveMqEngine } from './engine.ts';
import type { PairInstallation } from './installation.ts';

const kind = ['ACTIVEMQ', 'ACTIVE_STANDBY_MULTI_AZ'] as const;

function enginesWith(installation: PairInstallation | string): Engines {
  const engine = new ActiveMqEngine({
    dataFolder: '/data',
    folder: '/data/pairs',
    host: '127.0.0.1',
    amqpsPort: 0,
    hasTlsParity: false,
    memoryBytesMax: undefined,
    connectionCountMax: 100,
    installation,
    authorities: () => [],
    certificates: () => Promise.resolve([]),
    seal: (password) => `sealed ${password}`,
    open: (sealed) => sealed.slice('sealed '.length),
  });
  return new Engines([engine]);
}

const installed = (transports: readonly string[]): PairInstallation => ({
  home: '/opt/activemq',
  version: '5.17.2',
  transports: new Set(transports),
  java: { program: '/usr/bin/java', version: '17' },
  user: { uid: 7, gid: 7 },
});

test('without ActiveMQ, pairs are not offered, and a request is told why', () => {
  const { offered, missing } = enginesWith('ActiveMQ is not installed');
  assert.deepEqual(offered, []);
  assert.deepEqual(
    missing.map(({ reason }) => reason),
    ['ActiveMQ is not installed'],
  );
  const others = new Engines([]).offered;
  assert.throws(() => requireOffer(others, ...kind, missing), { code: 'bad-request' });
});

test('a pair has the version and the transports of the installed ActiveMQ', () => {
  const engines = enginesWith(installed(['ssl', 'mqtt+ssl', 'vm']));
  const offer = requireOffer(engines.offered, ...kind);
  assert.deepEqual(offer.engineVersions, ['5.17']);
  assert.ok(offer.instanceTypes.every(({ engineVersions }) => engineVersions.join() === '5.17'));
  assert.deepEqual(offer.rules.authenticationStrategies, ['SIMPLE']);
  assert.equal(offer.hashPassword?.('secret'), 'sealed secret');
  const listeners = engines.listenersOf({ engineType: kind[0], deploymentMode: kind[1] });
  assert.deepEqual(
    listeners.map(({ name, endpoint }) => `${name} ${endpoint}`),
    ['openwire+ssl 1', 'mqtt+ssl 1', 'openwire+ssl 2', 'mqtt+ssl 2'],
  );
});
