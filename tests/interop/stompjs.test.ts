import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { Client, type IFrame, type IMessage, type StompConfig, Versions } from '@stomp/stompjs';
import { WebSocket } from 'ws';
import { ActiveMqHost } from '../support/activemq-host.ts';
import { until } from '../support/processes.ts';

// @stomp/stompjs over WebSocket with TLS.

let host: ActiveMqHost;
const clients = new Set<Client>();

before(async () => {
  host = await ActiveMqHost.start();
});

after(async () => {
  for (const client of clients) await client.deactivate({ force: true });
  await host.close();
});

/** A client that is connected. */
async function connect(version: string, more: StompConfig = {}): Promise<Client> {
  const versions = new Versions([version]);
  const client = new Client({
    connectHeaders: { login: 'bob', passcode: 'a long password' },
    stompVersions: versions,
    reconnectDelay: 0,
    webSocketFactory: () => {
      const url = `wss://localhost:${host.portOf('wss')}/`;
      return new WebSocket(url, versions.protocolVersions(), { ca: host.authority });
    },
    ...more,
  });
  clients.add(client);
  await new Promise<void>((resolve, reject) => {
    client.onConnect = () => resolve();
    client.onStompError = ({ headers }) => reject(new Error(headers['message']));
    client.activate();
  });
  return client;
}

/** Subscribes, and returns a function that waits for the next message. */
function subscribe(
  client: Client,
  destination: string,
  headers: Record<string, string> = {},
): () => Promise<IMessage> {
  const ready: IMessage[] = [];
  let arrived = (): void => {};
  client.subscribe(
    destination,
    (message) => {
      ready.push(message);
      arrived();
    },
    headers,
  );
  return async () => {
    while (ready.length === 0) {
      await new Promise<void>((resolve) => {
        arrived = resolve;
      });
    }
    return ready.shift() as IMessage; // there is one
  };
}

function receipt(client: Client, id: string): Promise<IFrame> {
  return new Promise((resolve) => client.watchForReceipt(id, resolve));
}

for (const version of [Versions.V1_0, Versions.V1_1, Versions.V1_2]) {
  test(`STOMP ${version}: text, bytes, headers and large messages work`, async () => {
    const client = await connect(version, { splitLargeFrames: true });
    assert.equal(client.connectedVersion, version);
    const destination = `/queue/stompjs.${version}`;
    const next = subscribe(client, destination);
    const headers = { persistent: 'true', 'content-type': 'text/plain', colour: 'blue' };
    client.publish({ destination, body: 'Älä السابق', headers });
    const text = await next();
    assert.equal(text.body, 'Älä السابق');
    const { colour, 'content-type': contentType } = text.headers;
    assert.deepEqual([colour, contentType], ['blue', 'text/plain']);
    const binaryBody = new Uint8Array(Array.from({ length: 512 }, (_, at) => at % 256));
    client.publish({ destination, binaryBody });
    assert.deepEqual([...(await next()).binaryBody], [...binaryBody]);
    client.publish({ destination, body: 'not counted', skipContentLengthHeader: true });
    assert.equal((await next()).body, 'not counted');
    const large = 'large '.repeat(200_000);
    client.publish({ destination, body: large });
    assert.equal((await next()).body, large);
    await client.deactivate();
  });
}

test('receipts, acknowledgements, transactions and dead-lettering work', async () => {
  const client = await connect(Versions.V1_2);
  const destination = '/queue/stompjs';
  const sent = receipt(client, 'sent');
  client.publish({ destination, body: 'a', headers: { persistent: 'true', receipt: 'sent' } });
  await sent;
  const next = subscribe(client, destination, { ack: 'client-individual' });
  (await next()).ack();
  const aborted = client.begin();
  client.publish({ destination, body: 'aborted', headers: { transaction: aborted.id } });
  aborted.abort();
  const committed = client.begin();
  client.publish({ destination, body: 'committed', headers: { transaction: committed.id } });
  committed.commit();
  const found = await next();
  assert.equal(found.body, 'committed');
  found.ack();
  client.publish({ destination, body: 'bad', headers: { persistent: 'true' } });
  (await next()).nack();
  const dead = await subscribe(client, '/queue/ActiveMQ.DLQ')();
  assert.equal(dead.body, 'bad');
  assert.equal(dead.headers['original-destination'], destination);
  await client.deactivate();
});

test('errors are sent as frames, and the connection stays open', async () => {
  const client = await connect(Versions.V1_2);
  const failed = new Promise<IFrame>((resolve) => {
    client.onStompError = resolve;
  });
  client.subscribe('/queue/stompjs.bad', () => {}, { selector: 'a = = b' });
  assert.match((await failed).body, /javax\.jms\.(InvalidSelector|JMS)Exception/);
  const next = subscribe(client, '/queue/stompjs.after');
  client.publish({ destination: '/queue/stompjs.after', body: 'after' });
  assert.equal((await next()).body, 'after');
  await client.deactivate();
});

test('each frame is a text message, or a binary one if it is not UTF-8', async () => {
  const url = `wss://localhost:${host.portOf('wss')}/`;
  const webSocket = new WebSocket(url, 'v12.stomp', { ca: host.authority });
  await once(webSocket, 'open');
  const found: string[] = [];
  webSocket.on('message', (data: Buffer, isBinary) => {
    found.push(`${isBinary ? 'binary' : 'text'} ${data.toString('latin1').split('\n', 1)[0]}`);
  });
  const log = 'login:bob\npasscode:a long password';
  webSocket.send(`CONNECT\naccept-version:1.2\nhost:x\n${log}\n\n\0`);
  const to = 'destination:/queue/stompjs.kinds';
  const send = (receipt: number, more: string) => `SEND\n${to}\nreceipt:${receipt}\n${more}\0`;
  const kinds = [send(1, '\ngr\xc3\xbc\xc3\x9fe'), send(2, 'content-length:2\n\n\xff\xfe')];
  const subscription = `SUBSCRIBE\nid:1\n${to}\nreceipt:3\n\n\0`;
  webSocket.send(Buffer.from(`${kinds.join('')}${subscription}`, 'latin1'));
  await until('all frames', () => found.length === 6);
  const receipts = ['text RECEIPT', 'text RECEIPT', 'text RECEIPT'];
  assert.deepEqual(found, ['text CONNECTED', ...receipts, 'text MESSAGE', 'binary MESSAGE']);
  webSocket.terminate();
});

test('a client with heart-beats reconnects after a broker restart', async () => {
  const options = { reconnectDelay: 50, heartbeatIncoming: 1000, heartbeatOutgoing: 1000 };
  const client = await connect(Versions.V1_2, options);
  const again = new Promise<void>((resolve) => {
    client.onConnect = () => resolve();
  });
  await host.restart();
  await again;
  const next = subscribe(client, '/queue/stompjs.again');
  client.publish({ destination: '/queue/stompjs.again', body: 'again' });
  assert.equal((await next()).body, 'again');
  await client.deactivate();
});

test('a wrong password is refused', async () => {
  const connectHeaders = { login: 'bob', passcode: 'wrong' };
  await assert.rejects(
    connect(Versions.V1_2, { connectHeaders }),
    /User name \[bob\] or password is invalid\./,
  );
});
