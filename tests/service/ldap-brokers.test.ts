import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { CreateUserCommand, RebootBrokerCommand, UpdateBrokerCommand } from '@aws-sdk/client-mq';
import { connect as connectMqtt } from 'mqtt';
import { readable } from '../../src/cli/drill/plain-text.ts';
import { describeBroker, password } from '../support/broker-requests.ts';
import {
  brokerXml,
  createConfiguration,
  updateConfiguration,
} from '../support/configuration-requests.ts';
import { ConsoleClient } from '../support/console-client.ts';
import { installed } from '../support/debian-packages.ts';
import {
  freeLdapPort,
  LdapAuthority,
  LdapServer,
  passwordOf,
  permissionBase,
  searches,
  service,
} from '../support/ldap-server.ts';
import { linesIn } from '../support/log-lines.ts';
import { openWireLogin } from '../support/openwire-peer.ts';
import { until } from '../support/processes.ts';
import { hiddenTexts, placesOf, placesUnder } from '../support/readable.ts';
import { connectRhea } from '../support/rhea-client.ts';
import { StompTlsClient } from '../support/stomp-tls-client.ts';
import { trailEvents } from '../support/trail-events.ts';
import { Waxwing } from '../support/waxwing.ts';
import { WaxwingFolder } from '../support/waxwing-folder.ts';

// A broker whose users are in an LDAP server: Debian's slapd over TLS.
const skip = (await installed('slapd')) ?? false;

let waxwing: Waxwing;
let servers: LdapServer[] = [];
let brokerId: string;
let ports: ReadonlyMap<string, number> = new Map();

const metadata = {
  Hosts: ['127.0.0.1', '127.0.0.2'],
  RoleBase: searches.roleBase,
  RoleName: searches.roleName,
  RoleSearchMatching: searches.roleSearchMatching,
  RoleSearchSubtree: true,
  ServiceAccountUsername: service.name,
  UserBase: searches.userBase,
  UserSearchMatching: searches.userSearchMatching,
  UserSearchSubtree: true,
};

const entry = (queue: string, group: string) =>
  `<authorizationEntry queue="${queue}" read="${group}" write="${group}" admin="${group}"/>`;
const rights = brokerXml(
  '<plugins><authorizationPlugin><map><authorizationMap><authorizationEntries>' +
    entry('&gt;', 'admins') +
    entry('staff.&gt;', 'staff') +
    '</authorizationEntries></authorizationMap></map></authorizationPlugin></plugins>',
);

before(async () => {
  if (skip !== false) return;
  const authority = await LdapAuthority.create();
  const port = await freeLdapPort();
  servers = await Promise.all(
    metadata.Hosts.map((host) => LdapServer.start(host, port, authority)),
  );
  const folder = new WaxwingFolder();
  const file = join(folder.root, 'ldap-ca.pem');
  writeFileSync(file, authority.certificate);
  waxwing = await Waxwing.start({
    folder,
    args: ['--no-default-broker', '--ldap-port', String(port), '--ldap-ca-file', file],
  });
  const { Id = '' } = await createConfiguration(waxwing, { AuthenticationStrategy: 'LDAP' });
  await updateConfiguration(waxwing, Id, rights);
  brokerId = await waxwing.createBroker({
    EngineType: 'ACTIVEMQ',
    HostInstanceType: 'mq.m5.large',
    AuthenticationStrategy: 'LDAP',
    LdapServerMetadata: { ...metadata, ServiceAccountPassword: service.password },
    Configuration: { Id, Revision: 2 },
    Logs: { General: true },
    Users: [],
  });
  await readPorts();
});

after(async () => {
  await waxwing?.remove();
  await Promise.all(servers.map((server) => server.remove()));
});

async function readPorts(): Promise<void> {
  const { BrokerInstances } = await waxwing.brokerIs(brokerId, 'RUNNING');
  const urls = (BrokerInstances?.[0]?.Endpoints ?? []).map((text) =>
    /^(.*):\/\/.*:(\d+)$/.exec(text),
  );
  ports = new Map(urls.map((found) => [found?.[1] ?? '', Number(found?.[2])]));
}

async function stomp(user: string, passcode: string): Promise<string> {
  const port = ports.get('stomp+ssl') ?? 0;
  const client = await StompTlsClient.connect({ port, ca: waxwing.ca }, user, passcode);
  const [frame] = await client.frames(1);
  client.destroy();
  return frame?.headers['message'] ?? frame?.command ?? '';
}

/** Sends a message; the answer is `RECEIPT`, or the error. */
async function send(user: string, queue: string): Promise<string> {
  const port = ports.get('stomp+ssl') ?? 0;
  const client = await StompTlsClient.connect({ port, ca: waxwing.ca }, user, passwordOf(user));
  await client.frames(1);
  client.send('SEND', { destination: `/queue/${queue}`, receipt: '1' }, 'x');
  const [frame] = await client.frames(1);
  client.destroy();
  return frame?.headers['message'] ?? frame?.command ?? '';
}

function mqtt(url: string) {
  return async (username: string, secret: string) => {
    const options = { ca: waxwing.ca, wsOptions: { ca: waxwing.ca }, reconnectPeriod: 0 };
    const client = connectMqtt(url, { ...options, username, password: secret });
    const answer = await new Promise<string>((resolve) => {
      client.once('connect', () => resolve('connected'));
      client.once('error', ({ message }) => resolve(message));
    });
    client.end(true);
    return answer;
  };
}

async function amqp(username: string, secret: string): Promise<string> {
  const port = ports.get('amqp+ssl') ?? 0;
  try {
    const connection = await connectRhea({ port, ca: waxwing.ca }, { username, password: secret });
    connection.close();
    return 'connected';
  } catch (error) {
    return String(error);
  }
}

/** The types of OpenWire's answers to a log-in: Response and ExceptionResponse. */
const openWireAnswers: Readonly<Record<number, string>> = { 30: 'connected', 31: 'refused' };

/** The types of complete frames. */
function* frameTypes(bytes: Buffer): Iterable<number> {
  for (let at = 0; at + 5 <= bytes.length; at += 4 + bytes.readUInt32BE(at))
    yield bytes[at + 4] ?? 0;
}

function openWire(username: string, secret: string): Promise<string> {
  const port = ports.get('ssl') ?? 0;
  const socket = connectTls({ port, host: '127.0.0.1', servername: 'localhost', ca: waxwing.ca });
  socket.on('error', () => {});
  socket.once('secureConnect', () => socket.write(openWireLogin(username, secret)));
  let bytes = Buffer.alloc(0);
  return new Promise<string>((resolve) => {
    socket.on('data', (piece: Buffer) => {
      bytes = Buffer.concat([bytes, piece]);
      for (const type of frameTypes(bytes)) {
        const answer = openWireAnswers[type];
        if (answer !== undefined) resolve(answer);
      }
    });
    socket.once('close', () => resolve('closed'));
  }).finally(() => socket.destroy());
}

const protocols = () => {
  const mqttUrl = `mqtts://localhost:${ports.get('mqtt+ssl')}`;
  const webSocketUrl = `wss://localhost:${ports.get('wss')}/`;
  return [
    [
      'STOMP',
      async (user: string, secret: string) =>
        (await stomp(user, secret)).replace('CONNECTED', 'connected'),
    ],
    ['MQTT', mqtt(mqttUrl)],
    ['MQTT over WebSocket', mqtt(webSocketUrl)],
    ['AMQP 1.0', amqp],
    ['OpenWire', openWire],
  ] as const;
};

test('only the users of the directory can log in, with every protocol', {
  skip,
}, async () => {
  for (const [name, logIn] of protocols()) {
    assert.equal(await logIn('amy', passwordOf('amy')), 'connected', name);
    for (const [user, secret] of [
      ['amy', passwordOf('bob')],
      ['nobody', passwordOf('amy')],
      ['a*', passwordOf('amy')],
      ['amy', ''],
    ] as const) {
      assert.notEqual(await logIn(user, secret), 'connected', `${name} ${user}`);
    }
  }
});

test('the groups of the directory determine user permissions', { skip }, async () => {
  const denied = (user: string, queue: string) =>
    `User ${user} is not authorized to write to: queue://${queue}`;
  assert.equal(await send('amy', 'orders'), 'RECEIPT');
  assert.equal(await send('bob', 'staff.1'), 'RECEIPT');
  assert.equal(await send('bob', 'orders'), denied('bob', 'orders'));
  assert.equal(await send('eve', 'staff.1'), denied('eve', 'staff.1'));
});

test('members of a group of the directory may use the console', { skip }, async () => {
  const { BrokerInstances } = await describeBroker(waxwing, brokerId);
  const port = Number(new URL(BrokerInstances?.[0]?.ConsoleURL ?? '').port);
  const client = new ConsoleClient(port, waxwing.ca, `eve:${passwordOf('eve')}`);
  assert.equal((await client.get('/admin/xml/queues.jsp')).status, 200);
  const form = { JMSDestination: 'staff.1' };
  assert.equal((await client.act('purgeDestination.action', form)).status, 403);
  const amy = { user: `amy:${passwordOf('amy')}` };
  assert.equal((await client.get('/admin/xml/queues.jsp', amy)).status, 403);
  const wrong = { user: `eve:${passwordOf('amy')}` };
  assert.equal((await client.get('/admin/xml/queues.jsp', wrong)).status, 401);
});

test('DescribeBroker returns the LDAP settings, and no password is readable anywhere', {
  skip,
}, async () => {
  const described = await describeBroker(waxwing, brokerId);
  assert.equal(described.AuthenticationStrategy, 'ldap');
  assert.deepEqual(described.LdapServerMetadata, metadata);
  const secrets = hiddenTexts(service.password, passwordOf('amy'), passwordOf('bob'));
  const trail = JSON.stringify(await trailEvents(waxwing));
  const places = [
    ...placesUnder(waxwing.folder.data),
    ...[waxwing.pid, ...waxwing.children].flatMap(placesOf),
    { name: 'the output', bytes: Buffer.from(waxwing.output) },
    { name: 'the trail', bytes: Buffer.from(trail) },
    { name: 'the description', bytes: Buffer.from(JSON.stringify(described)) },
  ];
  assert.deepEqual(readable(secrets, places), []);
});

test('the second server replaces an unreachable one, and without any server login fails', {
  skip,
}, async () => {
  await servers[0]?.stop();
  assert.equal(await stomp('deep', passwordOf('deep')), 'CONNECTED');
  await servers[1]?.stop();
  assert.match(await stomp('eve', 'another password'), /log-ins cannot be checked at present/);
  for (const [name, logIn] of protocols()) {
    assert.notEqual(await logIn('eve', `password for ${name}`), 'connected', name);
  }
  await Promise.all(servers.map((server) => server.start()));
  assert.equal(await stomp('eve', 'a fourth password'), 'User name [eve] or password is invalid.');
});

test('a removed user cannot log in after a broker restart', { skip }, async () => {
  for (const server of servers) await server.deleteUser('bob');
  await waxwing.mq.send(new RebootBrokerCommand({ BrokerId: brokerId }));
  await readPorts();
  assert.match(await stomp('bob', passwordOf('bob')), /invalid/);
  assert.equal(await stomp('amy', passwordOf('amy')), 'CONNECTED');
});

test('permissions can be stored in the directory, and changes apply while the broker runs', {
  skip,
}, async () => {
  const { Id = '' } = await createConfiguration(waxwing, { AuthenticationStrategy: 'LDAP' });
  const map =
    `<cachedLDAPAuthorizationMap queueSearchBase="${permissionBase('queues')}" ` +
    'legacyGroupMapping="false" refreshInterval="10000"/>';
  const plugin = `<plugins><authorizationPlugin><map>${map}</map></authorizationPlugin></plugins>`;
  const { Warnings } = await updateConfiguration(waxwing, Id, brokerXml(plugin));
  assert.deepEqual(Warnings, []);
  const Configuration = { Id, Revision: 2 };
  await waxwing.mq.send(new UpdateBrokerCommand({ BrokerId: brokerId, Configuration }));
  await waxwing.mq.send(new RebootBrokerCommand({ BrokerId: brokerId }));
  await readPorts();
  assert.equal(await send('amy', 'orders'), 'RECEIPT');
  assert.equal(await send('eve', 'staff.1'), 'RECEIPT', 'a user with a permission of its own');
  assert.match(await send('eve', 'orders'), /not authorized/);
  const dn = `cn=write,cn=staff.$,${permissionBase('queues')}`;
  for (const server of servers) await server.change((client) => client.del(dn));
  await until(
    'the permission is gone',
    async () => {
      return /not authorized/.test(await send('eve', 'staff.1'));
    },
    60_000,
  );
});

test('the broker can return to its own users with a reboot', { skip }, async () => {
  const { Id = '' } = await createConfiguration(waxwing);
  await waxwing.mq.send(
    new CreateUserCommand({ BrokerId: brokerId, Username: 'admin', Password: password }),
  );
  await waxwing.mq.send(
    new UpdateBrokerCommand({
      BrokerId: brokerId,
      AuthenticationStrategy: 'SIMPLE',
      Configuration: { Id, Revision: 1 },
    }),
  );
  const waiting = await describeBroker(waxwing, brokerId);
  assert.deepEqual(
    [waiting.AuthenticationStrategy, waiting.PendingAuthenticationStrategy],
    ['ldap', 'simple'],
  );
  await waxwing.mq.send(new RebootBrokerCommand({ BrokerId: brokerId }));
  await readPorts();
  assert.match(await stomp('amy', passwordOf('amy')), /invalid/);
  assert.equal(await stomp('admin', password), 'CONNECTED');
});

test('the broker log names the servers and the refused users, without secrets', {
  skip,
}, async () => {
  await waxwing.stop();
  const lines = (await linesIn(waxwing.folder)).join('\n');
  assert.match(lines, /LDAP server 127\.0\.0\.1:\d+: .*ECONNREFUSED/);
  assert.match(lines, /User name \[amy\] or password is invalid/);
  assert.doesNotMatch(lines, /canary|another password|a\*/);
});
