import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import {
  CreateUserCommand,
  DeleteBrokerCommand,
  DeleteUserCommand,
  RebootBrokerCommand,
} from '@aws-sdk/client-mq';
import { readable } from '../../../src/cli/drill/plain-text.ts';
import { password } from '../../support/broker-requests.ts';
import { isRunning, until } from '../../support/processes.ts';
import { hiddenTexts, placesUnder } from '../../support/readable.ts';
import { sharedWaxwing } from '../../support/shared-waxwing.ts';
import { StompTlsClient } from '../../support/stomp-tls-client.ts';
import type { Waxwing } from '../../support/waxwing.ts';

// An ActiveMQ broker created through Amazon MQ's API, with STOMP clients.

let waxwing: Waxwing;
let brokerId: string;

before(async () => {
  waxwing = await sharedWaxwing();
  brokerId = await waxwing.createBroker({
    EngineType: 'ACTIVEMQ',
    HostInstanceType: 'mq.m5.large',
    Users: [
      { Username: 'admin', Password: password },
      { Username: 'leaver', Password: password },
    ],
  });
});

/** The broker's endpoints, by scheme. */
async function endpoints(): Promise<Map<string, number>> {
  const { BrokerInstances } = await waxwing.brokerIs(brokerId, 'RUNNING');
  const urls = (BrokerInstances?.[0]?.Endpoints ?? []).map((text) =>
    /^(.*):\/\/.*:(\d+)$/.exec(text),
  );
  return new Map(urls.map((found) => [found?.[1] ?? '', Number(found?.[2])]));
}

/** Returns the answer to a log-in. */
async function connect(user: string): Promise<[StompTlsClient, string]> {
  const port = (await endpoints()).get('stomp+ssl') ?? 0;
  const client = await StompTlsClient.connect({ port, ca: waxwing.ca }, user, password);
  const [frame] = await client.frames(1);
  return [client, frame?.headers['message'] ?? frame?.command ?? ''];
}

test('the endpoints of an ActiveMQ broker are those of its protocols', async () => {
  assert.deepEqual(
    [...(await endpoints()).keys()],
    ['ssl', 'amqp+ssl', 'stomp+ssl', 'mqtt+ssl', 'wss'],
  );
});

test('messages survive a reboot, and user changes take effect with it', async () => {
  const [sender, connected] = await connect('admin');
  assert.equal(connected, 'CONNECTED');
  const send = { destination: '/queue/orders', persistent: 'true', receipt: '1' };
  sender.send('SEND', send, 'kept');
  assert.equal((await sender.frames(1))[0]?.command, 'RECEIPT');
  await waxwing.mq.send(
    new CreateUserCommand({ BrokerId: brokerId, Username: 'joiner', Password: password }),
  );
  await waxwing.mq.send(new DeleteUserCommand({ BrokerId: brokerId, Username: 'leaver' }));
  const refused = (user: string) => `User name [${user}] or password is invalid.`;
  assert.equal((await connect('joiner'))[1], refused('joiner'));
  const [leaver, before] = await connect('leaver');
  assert.equal(before, 'CONNECTED');
  leaver.destroy();
  await waxwing.mq.send(new RebootBrokerCommand({ BrokerId: brokerId }));
  await waxwing.brokerIs(brokerId, 'RUNNING');
  assert.equal((await connect('leaver'))[1], refused('leaver'));
  const [joiner, after] = await connect('joiner');
  assert.equal(after, 'CONNECTED');
  joiner.send('SUBSCRIBE', { id: 's', destination: '/queue/orders' });
  assert.equal((await joiner.frames(1))[0]?.body, 'kept');
  joiner.destroy();
});

test('messages of an ActiveMQ broker are not readable on disk', async () => {
  const [sender] = await connect('admin');
  const secret = 'canary-of-a-stomp-body';
  const headers = { destination: '/queue/secrets', persistent: 'true', note: 'canary-of-a-header' };
  sender.send('SEND', { ...headers, receipt: '1' }, secret);
  await sender.frames(1);
  sender.destroy();
  const hidden = hiddenTexts(secret, 'canary-of-a-header', '/queue/secrets');
  assert.deepEqual(readable(hidden, placesUnder(waxwing.folder.data)), []);
});

test('an ActiveMQ broker is deleted like other brokers', async () => {
  const pid = waxwing.brokerPid(brokerId);
  await waxwing.mq.send(new DeleteBrokerCommand({ BrokerId: brokerId }));
  await until('its process has ended', () => !isRunning(pid));
});
