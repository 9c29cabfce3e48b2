import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../../broker/rabbitmq/model.ts';
import { definitionsFor, differencesOf, type ScalingFacts } from './differences.ts';

const nothing: ScalingFacts = {
  to: 'cluster',
  sourceVersion: '3.10',
  targetVersion: '3.10',
  definitions: {},
  queues: { movable: [], others: [] },
  endpoints: ['amqps://localhost:5671'],
  isConfigured: false,
  users: new Set(),
};
const found = (changes: Partial<ScalingFacts>) =>
  differencesOf({ ...nothing, ...changes }).map(
    ({ subject, effect, isObstacle }) => `${isObstacle ? '! ' : ''}${subject} ${effect}`,
  );
const exchange = (name: string, type: string) => ({ name, vhost: '/', type });

test('brokers that differ in nothing have no differences', () => {
  const definitions: JsonObject = {
    users: [{ name: 'ann', password_hash: 'aGFzaA==' }],
    exchanges: [exchange('a', 'topic'), exchange('b', 'x-consistent-hash')],
    queues: [{ name: 'q', vhost: '/', arguments: { 'x-queue-type': 'quorum' } }],
    policies: [{ name: 'p', vhost: '/', definition: { 'max-length': 10 } }],
    parameters: [{ component: 'operator_policy', name: 'o', vhost: '/' }],
  };
  assert.deepEqual(found({ definitions }), []);
  assert.deepEqual(found({ to: 'single', definitions }), []);
});

test('exchange types are those of the other kind and version', () => {
  const names = ['x-delayed-message', 'x-random', 'x-local-random', 'x-modulus-hash'];
  const definitions = { exchanges: names.map((type) => exchange(`of ${type}`, type)) };
  const lacking = (to: 'single' | 'cluster', targetVersion: string) =>
    differencesOf({ ...nothing, to, sourceVersion: targetVersion, targetVersion, definitions }).map(
      ({ subject }) => /'of (.*)' in/.exec(subject)?.[1],
    );
  assert.deepEqual(lacking('cluster', '3.10'), names);
  assert.deepEqual(lacking('cluster', '4.2'), names.toSpliced(2, 1));
  assert.deepEqual(lacking('single', '4.3'), []);
  const unknown = { exchanges: [exchange('jms', 'x-jms-topic')] };
  assert.match(found({ to: 'single', definitions: unknown }).join(), /no type x-jms-topic/);
});

test('arguments and policy keys of a newer version are named', () => {
  const definitions = {
    queues: [
      { name: 'a', vhost: '/', arguments: { 'x-delayed-retry-type': 'all', 'x-expires': 1 } },
      { name: 'b', vhost: '/', arguments: { 'x-consumer-timeout': 1 } },
    ],
    policies: [{ name: 'p', vhost: 'eu', definition: { 'delayed-retry-min': 1 } }],
  };
  assert.deepEqual(found({ definitions }), [
    "queue 'a' in vhost '/' x-delayed-retry-type has no effect in RabbitMQ 3.10",
    "queue 'b' in vhost '/' x-consumer-timeout has no effect in RabbitMQ 3.10",
    "policy 'p' in vhost 'eu' delayed-retry-min has no effect in RabbitMQ 3.10",
  ]);
  assert.deepEqual(found({ definitions, sourceVersion: '4.3', targetVersion: '4.3' }), []);
});

test('what stays behind is named: protocols, passwords, streams, configurations', () => {
  const definitions = {
    users: [
      { name: 'ann', waxwing_password_hash: '$pbkdf2' },
      { name: 'bob', waxwing_password_hash: '$pbkdf2' },
    ],
  };
  const facts = {
    definitions,
    users: new Set(['ann']),
    endpoints: ['amqps://localhost:5671', 'mqtt+ssl://localhost:8883'],
    isConfigured: true,
    queues: {
      movable: [],
      others: [{ vhost: '/', name: 's', messageCount: 7, reason: 'it is a stream' }],
    },
  };
  const texts = found(facts);
  assert.equal(texts.length, 4);
  assert.match(texts[0] ?? '', /^the configuration is not applied/);
  assert.match(texts[1] ?? '', /^the endpoint mqtt\+ssl:\/\/localhost:8883 is not offered/);
  assert.match(texts[2] ?? '', /^user 'bob' has no password/);
  assert.equal(texts[3], "queue 's' in vhost '/' 7 messages stay: it is a stream");
});

test('what moves messages by itself must be deleted at a cluster first', () => {
  const parameters = ['shovel', 'federation-upstream', 'federation-upstream-set'].map(
    (component) => ({ component, name: 'n', vhost: '/', value: {} }),
  );
  const ofSingle = found({ definitions: { parameters } });
  assert.equal(ofSingle.length, 3);
  assert.ok(ofSingle.every((text) => !text.startsWith('!')));
  const ofCluster = found({ to: 'single', definitions: { parameters } });
  assert.deepEqual(
    ofCluster.map((text) => text.split(' would ')[0]),
    [
      "! shovel 'n' in vhost '/'",
      "! federation upstream 'n' in vhost '/'",
      "! set of federation upstreams 'n' in vhost '/'",
    ],
  );
});

test('the new broker gets what it has a use for', () => {
  const definitions: JsonObject = {
    rabbit_version: '4.3',
    users: [{ name: 'ann' }, { name: 'waxwing-move' }],
    permissions: [
      { user: 'ann', vhost: '/' },
      { user: 'waxwing-move', vhost: '/' },
    ],
    global_parameters: [{ name: 'cluster_name', value: 'old' }, { name: 'mine' }],
    parameters: [{ component: 'shovel', name: 'n' }, { component: 'vhost-limits' }],
    exchanges: [exchange('late', 'x-delayed-message'), exchange('late', 'topic')].map(
      (each, i) => ({
        ...each,
        vhost: i === 0 ? '/' : 'eu',
      }),
    ),
    bindings: [
      { source: 'late', vhost: '/', destination: 'q', destination_type: 'queue' },
      { source: 'late', vhost: 'eu', destination: 'q', destination_type: 'queue' },
      { source: 'x', vhost: '/', destination: 'late', destination_type: 'exchange' },
      { source: 'x', vhost: '/', destination: 'late', destination_type: 'queue' },
    ],
  };
  const kept = definitionsFor({ ...nothing, definitions }, 'waxwing-move');
  assert.deepEqual(kept, {
    rabbit_version: '4.3',
    users: [{ name: 'ann' }],
    permissions: [{ user: 'ann', vhost: '/' }],
    topic_permissions: [],
    global_parameters: [{ name: 'mine' }],
    parameters: [{ component: 'vhost-limits' }],
    exchanges: [{ name: 'late', vhost: 'eu', type: 'topic' }],
    bindings: [
      { source: 'late', vhost: 'eu', destination: 'q', destination_type: 'queue' },
      { source: 'x', vhost: '/', destination: 'late', destination_type: 'queue' },
    ],
  });
});
