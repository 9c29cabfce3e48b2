// Two pairs of Debian's ActiveMQ in a network, over TLS.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createServer } from 'node:tls';
import {
  type CreateBrokerCommandInput,
  RebootBrokerCommand,
  UpdateBrokerCommand,
} from '@aws-sdk/client-mq';
import { findPairInstallation } from '../../../src/engines/activemq/installation.ts';
import { brokerRequest } from '../../support/broker-requests.ts';
import { testCertificates } from '../../support/certificates.ts';
import {
  brokerXml,
  createConfiguration,
  updateConfiguration,
} from '../../support/configuration-requests.ts';
import { JavaProgram } from '../../support/java-programs.ts';
import { until } from '../../support/processes.ts';
import { isLong } from '../../support/proof.ts';
import { RecordingRelay } from '../../support/recording-relay.ts';
import { Waxwing } from '../../support/waxwing.ts';

const client = isLong
  ? await JavaProgram.compile(
      join(import.meta.dirname, '../../../../tests/engines/activemq'),
      'PairClient',
    )
  : 'part of the long tests';
const found = await findPairInstallation(process.env);
const skip =
  typeof client === 'string'
    ? client
    : typeof found === 'string'
      ? `pairs of ActiveMQ cannot run here: ${found}`
      : false;
const java = client as JavaProgram; // otherwise every test is skipped
const runningMs = 180_000;

let waxwing: Waxwing;
let pairId = '';
let configurationId = '';
let farUrl = '';
let nearUrl = '';
/** Before each instance of the other pair. */
let relays: readonly RecordingRelay[] = [];

/** Expressions and references in it must not be evaluated. */
const password = '#{1}-canary-#{2}';

const connector = (uri: string, more = '', inside = '') =>
  brokerXml(
    `<networkConnectors><networkConnector name="far" userName="worker" uri="${uri}"${more}>` +
      `${inside}</networkConnector></networkConnectors>`,
  );

before(async () => {
  if (skip !== false) return;
  waxwing = await Waxwing.start({ args: ['--no-default-broker'] });
  await java.trust(join(waxwing.folder.data, 'ca.pem'));
  const users = { Users: [{ Username: 'worker', Password: password }] };
  const far = await pairWith(users);
  farUrl = far.url;
  relays = await Promise.all(far.ports.map((port) => RecordingRelay.to(port)));
  const { Id = '' } = await createConfiguration(waxwing);
  configurationId = Id;
  const inside =
    '<staticallyIncludedDestinations><queue physicalName="sent"/></staticallyIncludedDestinations>';
  const uri = `masterslave:(${relays.map(({ port }) => `ssl://localhost:${port}`).join(',')})`;
  await updateConfiguration(waxwing, Id, connector(uri, ' duplex="true"', inside));
  const near = await pairWith({ ...users, Configuration: { Id, Revision: 2 } });
  [pairId, nearUrl] = [near.id, near.url];
});

/** Creates a pair, and waits until it runs. */
async function pairWith(changes: Partial<CreateBrokerCommandInput>) {
  const request = brokerRequest({
    EngineType: 'ACTIVEMQ',
    DeploymentMode: 'ACTIVE_STANDBY_MULTI_AZ',
    HostInstanceType: 'mq.m5.large',
    Logs: { General: true },
    ...changes,
  });
  const { BrokerId: id = '' } = await waxwing.mq.send(request);
  const { BrokerInstances = [] } = await waxwing.brokerIs(id, 'RUNNING', runningMs);
  const urls = BrokerInstances.map(({ Endpoints }) => openWire(Endpoints));
  const url = `failover:(${urls.join(',')})?randomize=false&startupMaxReconnectAttempts=60`;
  return { id, url, ports: urls.map((each) => Number(/:(\d+)$/.exec(each)?.[1])) };
}

after(async () => {
  if (skip !== false) return;
  for (const relay of relays) relay.close();
  await waxwing.remove();
  java.remove();
});

function openWire(endpoints: readonly string[] = []): string {
  return endpoints.find((each) => each.startsWith('ssl://')) ?? '';
}

const at = (url: string) => ({
  BROKER_URL: url,
  BROKER_USER: 'worker',
  BROKER_PASSWORD: password,
});

test('messages of a pair cross to another one, over TLS', { skip }, async () => {
  await java.run(['send', 'sent', 'canary-of-a-network', '20'], at(nearUrl));
  const [taken] = await java.run(['take', 'sent', '20'], at(farUrl));
  assert.equal(taken, 'taken 20 repeated 0');
  const passed = relays.flatMap((relay) => relay.passed).filter(({ bytes }) => bytes.length > 0);
  assert.ok(passed.length >= 2);
  for (const { bytes } of passed) {
    assert.deepEqual([...bytes.subarray(0, 2)], [0x16, 0x03], 'a handshake of TLS');
    for (const text of ['canary-of-a-network', password, 'ActiveMQ']) {
      assert.ok(!bytes.includes(text), text);
    }
  }
});

test('messages cross to where somebody waits for them, in both directions', { skip }, async () => {
  for (const [queue, from, to] of [
    ['demanded', nearUrl, farUrl],
    ['returned', farUrl, nearUrl],
  ] as const) {
    const [[taken]] = await Promise.all([
      java.run(['take', queue, '20'], at(to)),
      java.run(['send', queue, 'crossing', '20'], at(from)),
    ]);
    assert.equal(taken, 'taken 20 repeated 0', queue);
  }
});

/** Restarts the pair with another connector. */
async function reconfigured(uri: string, revision: number): Promise<void> {
  await updateConfiguration(waxwing, configurationId, connector(uri));
  const Configuration = { Id: configurationId, Revision: revision };
  await waxwing.mq.send(new UpdateBrokerCommand({ BrokerId: pairId, Configuration }));
  await waxwing.mq.send(new RebootBrokerCommand({ BrokerId: pairId }));
}

test('a pair does not connect to a server of another authority', { skip }, async () => {
  const { servers } = await testCertificates();
  const [{ certificate: cert, privateKey: key } = { certificate: '', privateKey: '' }] = servers;
  let accepted = 0;
  let failed = 0;
  const server = createServer({ cert, key }, () => accepted++).listen(0, '127.0.0.1');
  server.on('tlsClientError', () => failed++);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await reconfigured(`static:(ssl://localhost:${port})`, 3);
  await until('it is refused', () => failed > 0, runningMs);
  assert.equal(accepted, 0);
  server.close();
  await waxwing.brokerIs(pairId, 'RUNNING', runningMs);
});

test('a connector without TLS is refused with the reason, and the pair goes on', {
  skip,
}, async () => {
  await assert.rejects(reconfigured('static:(tcp://localhost:61616)', 4), {
    name: 'BadRequestException',
    message: /networkConnector 1 has a uri other than static:/,
  });
  await waxwing.brokerIs(pairId, 'RUNNING', runningMs);
});
