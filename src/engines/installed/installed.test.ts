import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { zipSync } from 'fflate';
import { findActiveMq } from './activemq.ts';
import { compareVersions, homesOf, PathCache } from './candidates.ts';
import { erlangFor, findRabbitMq, findRabbitMqServers } from './rabbitmq.ts';

const root = mkdtempSync(join(tmpdir(), 'waxwing-installed-'));
after(() => rmSync(root, { recursive: true, force: true }));

function put(path: string, content: string | Uint8Array = ''): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}

const jar = (names: readonly string[], manifest = '') =>
  zipSync({
    ...Object.fromEntries(names.map((name) => [name, new Uint8Array(1)])),
    'META-INF/MANIFEST.MF': Buffer.from(manifest),
  });

const checkOfClasses = 'org/apache/activemq/openwire/OpenWireUtil.class';

/** A program that takes the place of `java`. */
function putJava(path: string, version: string): void {
  put(path, `#!/bin/sh\necho 'openjdk version "${version}" 2026-01-01' >&2\n`);
  chmodSync(join(root, path), 0o755);
}

test('versions are compared by their numbers', () => {
  const sorted = ['3.9.1', '3.10.8', '4.0.5', '4.0.5-rc.1'].sort(compareVersions);
  assert.deepEqual(sorted, ['3.9.1', '3.10.8', '4.0.5', '4.0.5-rc.1']);
});

test('a folder that a setting or variable names is the only one that is searched', async () => {
  put('named/home');
  put('glob/engine-1/home');
  put('glob/engine-2/home');
  const search = {
    engine: 'Engine',
    variable: 'ENGINE_HOME',
    places: [join(root, 'none'), join(root, 'glob', 'engine-*')],
    isHome: async (folder: string) =>
      (await import('node:fs/promises')).access(join(folder, 'home')).then(
        () => true,
        () => false,
      ),
  };
  const named = join(root, 'named');
  assert.deepEqual(await homesOf(search, named, { ENGINE_HOME: '/elsewhere' }), [named]);
  assert.deepEqual(await homesOf(search, undefined, { ENGINE_HOME: named }), [named]);
  const found = await homesOf(search, undefined, {});
  assert.deepEqual(
    [...found].sort(),
    ['engine-1', 'engine-2'].map((name) => join(root, 'glob', name)),
  );
  for (const wrong of ['/elsewhere', 'named']) {
    await assert.rejects(homesOf(search, undefined, { ENGINE_HOME: wrong }), {
      code: 'engine-not-found',
      message: `ENGINE_HOME names ${wrong}, which is not the absolute path of a folder of Engine`,
    });
  }
  const nowhere = { ...search, places: [join(root, 'none')] };
  await assert.rejects(homesOf(nowhere, undefined, {}), /ENGINE_HOME can name its folder/);
});

test('a result is kept until its path is modified', async () => {
  put('cached');
  const path = join(root, 'cached');
  const cache = new PathCache<number>();
  let count = 0;
  const find = async () => (count += 1);
  assert.deepEqual([await cache.get(path, find), await cache.get(path, find)], [1, 1]);
  utimesSync(path, 7, 7);
  assert.equal(await cache.get(path, find), 2);
});

test("ActiveMQ's version and transports are read from its archives", async () => {
  const transport = 'META-INF/services/org/apache/activemq/transport/';
  put('mq/bin/activemq.jar', jar([]));
  put('mq/lib/activemq-broker-6.2.0.jar', jar([`${transport}vm`], 'Bundle-Version: 6.2.0\r\n'));
  put(
    'mq/lib/activemq-client-6.2.0.jar',
    jar([`${transport}ssl`, `${transport}discoveryagent/x`, checkOfClasses]),
  );
  put('mq/lib/optional/activemq-amqp-6.2.0.jar', jar([`${transport}amqp+ssl`]));
  put('mq/lib/activemq-stomp.jar', 'not an archive');
  put('mq/lib/other.jar', jar([`${transport}other`]));
  put('mq/lib/activemq-mqtt-6.2.0.jar', jar([`${transport}mqtt+ssl`, `${transport}mqtt`]));
  put('mq/lib/activemq-http-6.2.0.jar', jar([`${transport}wss`]));
  put('mq/lib/extra/proton-j.jar', jar(['org/apache/qpid/proton/engine/Transport.class']));
  put('mq/lib/web/jetty-all.jar', jar(['org/eclipse/jetty/server/Server.class']));
  putJava('java/bin/java', '21.0.1');
  const variables = {
    WAXWING_ACTIVEMQ_HOME: join(root, 'mq'),
    JAVA_HOME: join(root, 'java'),
  };
  const { version, transports, java } = await findActiveMq(undefined, variables);
  assert.equal(version, '6.2.0');
  // MQTT has its transport, but not the library for its packets.
  assert.deepEqual([...transports].sort(), ['amqp+ssl', 'ssl', 'vm', 'wss']);
  assert.equal(java.version, '21.0.1');
});

test('a transport is there as soon as its library is', async () => {
  const transport = 'META-INF/services/org/apache/activemq/transport/';
  put('mq4/bin/activemq.jar', jar([]));
  put('mq4/lib/activemq-broker.jar', jar([checkOfClasses], 'Bundle-Version: 6.2.0\r\n'));
  put('mq4/lib/activemq-mqtt.jar', jar([`${transport}mqtt+ssl`]));
  putJava('java/bin/java', '21.0.1');
  const found = async () =>
    (await findActiveMq(join(root, 'mq4'), { JAVA_HOME: join(root, 'java') })).transports;
  assert.deepEqual([...(await found())], []);
  put('mq4/lib/mqtt-client.jar', jar(['org/fusesource/mqtt/codec/MQTTFrame.class']));
  assert.deepEqual([...(await found())], ['mqtt+ssl']);
});

test('a library is there only if an archive that can be opened lists its class', async () => {
  const transport = 'META-INF/services/org/apache/activemq/transport/';
  const frame = 'org/fusesource/mqtt/codec/MQTTFrame.class';
  put('mq5/bin/activemq.jar', jar([]));
  put('mq5/lib/activemq-broker.jar', jar([checkOfClasses], 'Bundle-Version: 6.2.0\r\n'));
  put('mq5/lib/activemq-mqtt.jar', jar([`${transport}mqtt+ssl`]));
  putJava('java/bin/java', '21.0.1');
  const home = join(root, 'mq5');
  const found = async (content: Uint8Array) => {
    put('mq5/lib/mqtt-client.jar', content);
    utimesSync(join(home, 'lib'), ++time, time); // so that it is looked at again
    return [...(await findActiveMq(home, { JAVA_HOME: join(root, 'java') })).transports];
  };
  let time = 0;
  const whole = jar([frame]);
  assert.deepEqual(await found(whole), ['mqtt+ssl']);
  for (const other of [
    whole.subarray(0, whole.length - 1), // a copy that was cut off
    jar([`shaded/${frame}`]),
    jar([`${frame}.txt`]),
    zipSync({ 'list.txt': [Buffer.from(frame), { level: 0 }] }),
    zipSync({ 'lib/mqtt-client.jar': [whole, { level: 0 }] }),
    Buffer.from(frame),
  ]) {
    assert.deepEqual(await found(other), []);
  }
});

test('an ActiveMQ in which clients can run programs without a log-in is refused', async () => {
  put('old/bin/activemq.jar', jar([]));
  put('old/lib/activemq-broker-5.17.2.jar', jar([], 'Bundle-Version: 5.17.2\n'));
  put('old/lib/activemq-client-5.17.2.jar', jar([]));
  putJava('java/bin/java', '21.0.1');
  const found = () => findActiveMq(join(root, 'old'), { JAVA_HOME: join(root, 'java') });
  await assert.rejects(found, { code: 'engine-unusable', message: /CVE-2023-46604.*5\.17\.6/ });
  put('old/lib/activemq-client-5.17.2-1.jar', jar([checkOfClasses])); // as Debian's package
  assert.equal((await found()).version, '5.17.2');
});

test('a Java that does not state its version, and a missing one, are refused', async () => {
  put('mq2/bin/activemq.jar', jar([]));
  put('mq2/lib/activemq-broker.jar', jar([checkOfClasses], 'Implementation-Version: 5.17.2\n'));
  const home = join(root, 'mq2');
  putJava('broken/bin/java', '');
  const broken = findActiveMq(home, { JAVA_HOME: join(root, 'broken') });
  await assert.rejects(broken, { code: 'engine-unusable' });
  const missing = findActiveMq(home, { JAVA_HOME: join(root, 'none') });
  await assert.rejects(missing, { code: 'engine-not-found' });
  put('mq3/bin/activemq.jar', jar([]));
  put('mq3/lib/activemq-broker.jar', jar([]));
  const unknown = findActiveMq(join(root, 'mq3'), {});
  await assert.rejects(unknown, { code: 'engine-unusable', message: /states its version/ });
});

test("RabbitMQ's version is that of its plugin 'rabbit'", async () => {
  put('rabbit/sbin/rabbitmq-server');
  put('rabbit/plugins/README');
  const home = join(root, 'rabbit');
  await assert.rejects(findRabbitMq(home, {}), { code: 'engine-unusable', message: /plugin/ });
});

/** A folder with what is looked at of an Erlang. */
function putErlang(release: string): string {
  for (const name of ['erl', 'epmd']) {
    put(`erlang-${release}/bin/${name}`, '#!/bin/sh\n');
    chmodSync(join(root, `erlang-${release}`, 'bin', name), 0o755);
  }
  put(`erlang-${release}/releases/start_erl.data`, `1.0 ${release}\n`);
  return join(root, `erlang-${release}`);
}

test('several RabbitMQs are found, the newest first, each with its Erlang', async () => {
  const homes = ['3.8.9', '4.0.5'].map((version) => {
    put(`rabbitmq-${version}/sbin/rabbitmq-server`);
    put(`rabbitmq-${version}/plugins/rabbit-${version}.ez`);
    return join(root, `rabbitmq-${version}`);
  });
  const [older, newer] = [putErlang('23'), putErlang('27')];
  const variables = (erlangs: readonly string[]) => ({
    WAXWING_RABBITMQ_HOME: homes.join(':'),
    WAXWING_ERLANG_HOME: erlangs.join(':'),
  });
  const servers = await findRabbitMqServers(undefined, variables([]));
  assert.deepEqual(
    servers.map(({ version }) => version),
    ['4.0.5', '3.8.9'],
  );
  const chosen = (erlangs: readonly string[]) =>
    Promise.all(servers.map((server) => erlangFor(server, variables(erlangs))));
  const programs = [newer, older].map((home) => join(home, 'bin', 'erl'));
  assert.deepEqual(await chosen([older, newer]), programs);
  const third = putErlang('25');
  assert.deepEqual(await chosen([third, newer, older]), programs);
  // Pairs are taken as they are named.
  await assert.rejects(chosen([newer, older]), {
    code: 'engine-unusable',
    message: /needs Erlang 2\d/,
  });
  await assert.rejects(chosen([older]), { message: /4\.0\.5 needs Erlang 26 or newer/ });
  await assert.rejects(chosen(['erlang-27', newer]), {
    code: 'engine-not-found',
    message: /erlang-27, which is not the absolute path/,
  });
});
