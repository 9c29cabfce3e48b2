import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeEngine } from '../../tests/support/fake-engine.ts';
import type { EngineEvents, EngineKind } from './engine.ts';
import { Engines } from './engines.ts';
import { offerOf } from './offers/offers.ts';

// What an engine does not do is not offered.

const single = { engineType: 'ACTIVEMQ', deploymentMode: 'SINGLE_INSTANCE' } as const;
const pair = { engineType: 'ACTIVEMQ', deploymentMode: 'ACTIVE_STANDBY_MULTI_AZ' } as const;

function enginesOf(...kinds: readonly EngineKind[]): Engines {
  const engine = new FakeEngine(new Map(), undefined, []);
  return new Engines([Object.assign(engine, { kinds })]);
}

test('each endpoint offers only the listeners that its engine opens', () => {
  const listeners = ['stomp+ssl', 'wss'];
  const engines = enginesOf(
    { ...single, listeners, authenticationStrategies: ['SIMPLE'] },
    { ...pair, listeners, authenticationStrategies: ['SIMPLE'] },
  );
  const found = (kind: typeof single | typeof pair) =>
    engines.listenersOf(kind).map(({ name, endpoint }) => `${name} ${endpoint}`);
  assert.deepEqual(found(single), ['stomp+ssl 1', 'wss 1']);
  assert.deepEqual(found(pair), ['stomp+ssl 1', 'wss 1', 'stomp+ssl 2', 'wss 2']);
});

test('LDAP is offered only for engines that support it', () => {
  const listeners = ['stomp+ssl'];
  const rulesWith = (authenticationStrategies: readonly string[]) =>
    enginesOf({ ...single, listeners, authenticationStrategies }).offerOf(single).rules;
  const without = rulesWith(['SIMPLE']);
  assert.deepEqual([without.authenticationStrategies, without.hasLdap], [['SIMPLE'], false]);
  const withLdap = rulesWith(['SIMPLE', 'LDAP']);
  assert.deepEqual(
    [withLdap.authenticationStrategies, withLdap.hasLdap],
    [['SIMPLE', 'LDAP'], true],
  );
});

test('a broker whose engine was removed keeps the full options of its type', () => {
  const engines = enginesOf();
  assert.deepEqual(engines.offered, []);
  assert.deepEqual(engines.listenersOf(single), []);
  assert.equal(engines.offerOf(single), offerOf(single));
});

test('an engine that is added later is offered, and its remains are ended before it can start', async () => {
  const engines = enginesOf({ ...single, listeners: [], authenticationStrategies: ['SIMPLE'] });
  const done: string[] = [];
  const noEvents = { stopped: () => {}, resealed: () => {}, alarmed: () => {}, log: () => {} };
  engines.observe(noEvents as unknown as EngineEvents);
  const later = Object.assign(new FakeEngine(new Map(), undefined, []), {
    kinds: [{ ...pair, listeners: [], authenticationStrategies: ['SIMPLE'] }],
    observe: (events: unknown) => done.push(events === noEvents ? 'observed' : 'unknown events'),
    endLeftovers: () => {
      done.push(engines.runs(pair) ? 'too late' : 'ended');
      return Promise.resolve();
    },
  });
  assert.equal(engines.runs(pair), false);
  await engines.add([later]);
  assert.deepEqual(done, ['observed', 'ended']);
  assert.equal(engines.runs(pair), true);
  assert.deepEqual(engines.offered.map(({ deploymentMode }) => deploymentMode).sort(), [
    'ACTIVE_STANDBY_MULTI_AZ',
    'SINGLE_INSTANCE',
  ]);
});
