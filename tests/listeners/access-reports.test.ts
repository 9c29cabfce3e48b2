import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { connect as connectMqtt } from 'mqtt';
import { ActiveMqHost } from '../support/activemq-host.ts';
import { openWireLogin } from '../support/openwire-peer.ts';
import { until } from '../support/processes.ts';
import { connectRhea } from '../support/rhea-client.ts';
import { StompTlsClient } from '../support/stomp-tls-client.ts';

// Log-ins over every protocol of ActiveMQ's brokers, and refused actions, are reported.

const password = 'a long password';
let host: ActiveMqHost;
before(async () => {
  host = await ActiveMqHost.start(
    '<plugins><authorizationPlugin><map><authorizationMap><authorizationEntries>' +
      '<authorizationEntry queue="&gt;" read="bobs" write="bobs" admin="bobs"/>' +
      '</authorizationEntries></authorizationMap></map></authorizationPlugin></plugins>',
  );
});
after(() => host.close());

/** Logs in over a protocol, and disconnects. */
const logins: Readonly<Record<string, () => Promise<void>>> = {
  STOMP: async () => {
    const client = await stomp();
    client.destroy();
  },
  MQTT: async () => {
    const client = connectMqtt(`mqtts://localhost:${host.portOf('mqtt+ssl')}`, {
      ca: host.authority,
      username: 'bob',
      password,
      reconnectPeriod: 0,
    });
    await new Promise<void>((resolve, reject) => {
      client.once('connect', () => resolve());
      client.once('error', reject);
    });
    await client.endAsync(true);
  },
  'AMQP 1.0': async () => {
    const port = { port: host.portOf('amqp+ssl'), ca: host.authority };
    const connection = await connectRhea(port, { username: 'bob', password });
    connection.close();
  },
  OpenWire: async () => {
    const port = { port: host.portOf('openwire+ssl'), host: 'localhost', ca: host.authority };
    const socket = connectTls(port, () => socket.write(openWireLogin('bob', password)));
    await until('the log-in', () => host.accesses.some((each) => each.protocol === 'OpenWire'));
    socket.destroy();
  },
};

async function stomp(): Promise<StompTlsClient> {
  const port = { port: host.portOf('stomp+ssl'), ca: host.authority };
  const client = await StompTlsClient.connect(port, 'bob', password);
  const [connected] = await client.frames(1);
  assert.equal(connected?.command, 'CONNECTED');
  return client;
}

for (const [protocol, logIn] of Object.entries(logins)) {
  test(`a log-in over ${protocol} is reported with user, address and protocol`, async () => {
    host.accesses.length = 0;
    await logIn();
    const [access, ...more] = host.accesses;
    assert.deepEqual(more, []);
    const { peerAddress = '', ...rest } = access ?? {};
    assert.match(peerAddress, /127\.0\.0\.1:\d+$/);
    assert.deepEqual(rest, { kind: 'login', user: 'bob', protocol, text: undefined, count: 1 });
  });
}

test('an action without permission is reported with the text of the error', async () => {
  const client = await stomp();
  host.accesses.length = 0;
  client.send('SEND', { destination: '/queue/secret', receipt: '1' }, 'x');
  const [frame] = await client.frames(1);
  assert.equal(frame?.command, 'ERROR');
  const [access] = host.accesses;
  const { peerAddress = '', ...rest } = access ?? {};
  assert.match(peerAddress, /127\.0\.0\.1:\d+$/);
  assert.deepEqual(rest, {
    kind: 'denial',
    user: 'bob',
    protocol: undefined,
    text: 'User bob is not authorized to write to: queue://secret',
    count: 1,
  });
  client.destroy();
});
