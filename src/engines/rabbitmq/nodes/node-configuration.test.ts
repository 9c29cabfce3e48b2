import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  distributionConfiguration,
  enabledPlugins,
  hostsConfiguration,
  type NodeSettings,
  nodeConfiguration,
} from './node-configuration.ts';
import { hostOfNode, type NodePlace, nameOfNode } from './node-place.ts';
import { clusterTls } from './node-tls.ts';

const brokerId = 'b-00000000-0000-4000-8000-000000000001';

function place(number: number, root = `/run/waxwing/mounts/vol-${number}`): NodePlace {
  return {
    number,
    name: nameOfNode(brokerId, number),
    host: hostOfNode(brokerId, number),
    address: '127.0.0.1',
    root,
    version: '3.10',
    ports: { amqps: 20_000 + number, management: 21_000 + number, distribution: 22_000 + number },
  };
}

const nodes = [1, 2, 3].map((number) => place(number));

function configuration(changes: Partial<NodeSettings> = {}): string[] {
  return nodeConfiguration({
    node: place(2),
    nodes,
    seed: nameOfNode(brokerId, 1),
    clusterName: 'orders',
    tls: clusterTls(false),
    memoryBytesMax: 400_000_000,
    diskReserveBytes: 64_000_000,
    ownLines: [],
    serviceUser: 'monitoring',
    ...changes,
  }).split('\n');
}

test('a node has no port without TLS, and only on the loopback address', () => {
  const lines = configuration();
  assert.ok(lines.includes('listeners.tcp = none'));
  assert.ok(lines.includes('listeners.ssl.default = 127.0.0.1:20002'));
  assert.ok(lines.includes('management.ssl.ip = 127.0.0.1'));
  assert.ok(lines.includes('management.ssl.port = 21002'));
  assert.ok(!lines.some((line) => line.startsWith('management.tcp')));
});

test('nodes state the category of a line from 3.10', () => {
  const formats = (version: string) =>
    configuration({ node: { ...place(2), version } }).filter((line) =>
      /formatter|color/.test(line),
    );
  assert.deepEqual(formats('3.9'), []);
  assert.deepEqual(formats('3.10'), [
    'log.console.use_colors = off',
    'log.console.formatter.plaintext.format = $time [$level] $domain $pid $msg',
  ]);
});

test('all nodes look for the first one, so that a new cluster forms in one order', () => {
  const peers = configuration().filter((line) =>
    line.startsWith('cluster_formation.classic_config'),
  );
  assert.deepEqual(peers, [
    `cluster_formation.classic_config.nodes.1 = rabbit1@n1.${brokerId}.nodes.waxwing.internal`,
  ]);
});

test('parity permits TLS 1.2 with the two suites of the guide only', () => {
  const lines = configuration({ tls: clusterTls(true) });
  const versions = lines.filter((line) => line.startsWith('ssl_options.versions'));
  assert.deepEqual(versions, ['ssl_options.versions.1 = tlsv1.2']);
  const suites = lines.filter((line) => line.startsWith('ssl_options.ciphers'));
  assert.deepEqual(suites, [
    'ssl_options.ciphers.1 = ECDHE-RSA-AES256-GCM-SHA384',
    'ssl_options.ciphers.2 = ECDHE-RSA-AES128-GCM-SHA256',
  ]);
});

test('the lines of the broker’s configuration come last', () => {
  assert.deepEqual(configuration({ ownLines: ['heartbeat = 60'] }).slice(-2), [
    'heartbeat = 60',
    '',
  ]);
});

test('a value cannot end its line or begin another', () => {
  const root = '/mounts/vol-1\nlisteners.tcp.1 = 5672';
  assert.throws(() => configuration({ node: place(1, root) }), RangeError);
  assert.throws(() => configuration({ clusterName: 'a # b' }), RangeError);
});

test('nodes accept only peers with a certificate of their authority', () => {
  const text = distributionConfiguration(place(1));
  const [server = '', client = ''] = text.split('{client,');
  assert.match(server, /\{fail_if_no_peer_cert, true\}/);
  for (const side of [server, client]) {
    assert.match(side, /\{verify, verify_peer\}/);
    assert.match(side, /\{cacertfile, "\/run\/waxwing\/mounts\/vol-1\/etc\/authority.pem"\}/);
    assert.match(side, /\{versions, \['tlsv1\.3'\]\}/);
  }
  const quoted = distributionConfiguration(place(1, '/a"b\\c'));
  assert.match(quoted, /"\/a\\"b\\\\c\/etc\/authority.pem"/);
});

test('the names of all nodes are one entry of their hosts', () => {
  assert.equal(hostsConfiguration(nodes).match(/\{host,/g)?.length, 1);
  for (const { host } of nodes) assert.ok(hostsConfiguration(nodes).includes(`"${host}"`));
});

test('plugins that connect to other brokers are enabled only with ours, which requires TLS', () => {
  const some = ['rabbitmq_management', 'rabbitmq_mqtt', 'rabbitmq_shovel'];
  assert.equal(enabledPlugins(some), '[rabbitmq_management].\n');
  const links = ['rabbitmq_federation', 'rabbitmq_federation_management'];
  const all = [...some, ...links, 'rabbitmq_shovel_management'];
  const names = enabledPlugins(all).match(/\w+/g) ?? [];
  assert.deepEqual(names.toSorted(), [
    ...links,
    'rabbitmq_management',
    'rabbitmq_shovel',
    'rabbitmq_shovel_management',
    'waxwing_links',
  ]);
});
