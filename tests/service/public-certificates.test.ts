import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, rename, writeFile } from 'node:fs/promises';
import { Agent } from 'node:https';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { promisify } from 'node:util';
import { type CloudTrailClient, LookupEventsCommand } from '@aws-sdk/client-cloudtrail';
import { DescribeBrokerCommand, ListBrokersCommand, MqClient } from '@aws-sdk/client-mq';
import { systemClock } from '../../src/base/clock.ts';
import {
  type Certificate,
  createAuthority,
  issueServerCertificate,
} from '../../src/crypto/authority.ts';
import { AmqpClient } from '../support/amqp-client.ts';
import { password } from '../support/broker-requests.ts';
import { until } from '../support/processes.ts';
import { Waxwing } from '../support/waxwing.ts';
import { WaxwingFolder } from '../support/waxwing-folder.ts';

// A service with a certificate of an authority outside, behind a proxy that states clients.

const run = promisify(execFile);
const publicName = 'mq.example.test';
const proxy = '127.0.0.2';
const nowMs = systemClock.nowMs();

let waxwing: Waxwing;
let authority: Certificate;
let certificateFile = '';
let keyFile = '';
let brokerId = '';
let ports: readonly number[] = [];

function issue(): Promise<Certificate> {
  return issueServerCertificate(authority, 'ecdsa', [publicName, `*.${publicName}`], nowMs);
}

/** Puts files into place as one would: each at once. */
async function put({ certificate, privateKey }: Certificate): Promise<void> {
  for (const [file, text] of [
    [certificateFile, certificate],
    [keyFile, privateKey],
  ] as const) {
    await writeFile(`${file}.new`, text, { mode: 0o600 });
    await rename(`${file}.new`, file);
  }
}

before(async () => {
  authority = await createAuthority('outside', ['example.test', '192.0.2.1'], nowMs);
  const folder = new WaxwingFolder();
  certificateFile = join(folder.root, 'chain.pem');
  keyFile = join(folder.root, 'key.pem');
  await put(await issue());
  waxwing = await Waxwing.start({
    folder,
    args: [
      ...['--no-default-broker', '--public-host', publicName, '--proxy-protocol', '127.0.0.2/32'],
      ...['--tls-certificate', certificateFile, '--tls-key', keyFile],
    ],
  });
  brokerId = await waxwing.createBroker();
  const { BrokerInstances } = await waxwing.mq.send(
    new DescribeBrokerCommand({ BrokerId: brokerId }),
  );
  const [{ ConsoleURL = '', Endpoints = [] } = {}] = BrokerInstances ?? [];
  ports = [waxwing.apiPort, ...[...Endpoints, ConsoleURL].map((url) => Number(new URL(url).port))];
});
after(() => waxwing.remove());

/** What `openssl s_client` says about the certificate of a server. */
async function shown(port: number, ...options: string[]): Promise<string> {
  const connecting = run('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, ...options]);
  connecting.child.stdin?.end();
  const { stdout } = await connecting.catch((error: { stdout: string }) => error);
  return `${/^issuer=(.*)$/m.exec(stdout)?.[1] ?? 'none'} ${/BEGIN CERTIFICATE-----([^-]+)/.exec(stdout)?.[1]}`;
}

test('clients that ask for a public name get the certificate from the files, others the own one', async () => {
  for (const port of ports) {
    assert.match(await shown(port, '-servername', publicName), /Waxwing outside CA/, String(port));
    assert.match(await shown(port, '-servername', `x.${publicName}`), /Waxwing outside CA/);
    assert.match(await shown(port, '-servername', 'localhost'), /Waxwing (API|broker) CA/);
    assert.match(await shown(port, '-noservername'), /Waxwing (API|broker) CA/);
  }
  const ca = join(waxwing.folder.root, 'outside.pem');
  await writeFile(ca, authority.certificate);
  const resolved = `${publicName}:${waxwing.apiPort}:127.0.0.1`;
  const url = `https://${publicName}:${waxwing.apiPort}/health`;
  const { stdout } = await run('curl', ['-s', '--cacert', ca, '--resolve', resolved, url]);
  assert.equal(stdout, '{}');
});

test('new files are used without disconnecting clients, and bad ones are not used', async () => {
  const [api = 0, amqps = 0] = ports;
  const url = `amqps://admin:${password}@localhost:${amqps}`;
  const client = await AmqpClient.connect(url, waxwing.ca);
  const before = await shown(amqps, '-servername', publicName);
  await writeFile(certificateFile, 'broken');
  await until('an error is logged', () => waxwing.output.includes('no certificate in PEM'));
  assert.equal(await shown(amqps, '-servername', publicName), before);
  await put(await issue());
  process.kill(waxwing.pid, 'SIGHUP');
  for (const port of [api, amqps]) {
    await until('another certificate', async () => {
      const now = await shown(port, '-servername', publicName);
      return now !== before && now.includes('outside CA');
    });
  }
  await client.publish('q', ['after the change']);
  assert.deepEqual(await client.take('q'), ['after the change']);
  await client.close();
  assert.ok(!waxwing.output.includes('PRIVATE KEY'));
});

test('the trail and the broker see the clients that a trusted proxy states', async () => {
  const client = '203.0.113.77';
  const through = (port: number): Promise<Socket> => {
    const socket = connect({ port, host: '127.0.0.1', localAddress: proxy });
    socket.write(`PROXY TCP4 ${client} 198.51.100.1 4567 443\r\n`);
    return Promise.resolve(socket);
  };
  const agent = new Agent({ ca: waxwing.ca });
  const [api = 0, , console = 0] = ports;
  Object.assign(agent, {
    createConnection: (_options: object, done: (error: Error | null, socket?: Socket) => void) => {
      through(api).then((socket) => {
        const tls = connectTls({ socket, ca: waxwing.ca, servername: 'localhost' });
        tls.once('secureConnect', () => done(null, tls));
        tls.once('error', (error) => done(error));
      }, done);
    },
  });
  const environment = waxwing.environment;
  const mq = new MqClient({
    endpoint: environment['AWS_ENDPOINT_URL'] ?? '',
    region: environment['AWS_REGION'] ?? '',
    credentials: {
      accessKeyId: environment['AWS_ACCESS_KEY_ID'] ?? '',
      secretAccessKey: environment['AWS_SECRET_ACCESS_KEY'] ?? '',
    },
    requestHandler: { httpsAgent: agent },
    maxAttempts: 1,
  });
  await mq.send(new ListBrokersCommand({}));
  mq.destroy();
  const trail: CloudTrailClient = waxwing.trail;
  await until('the event with the address', async () => {
    const attribute = { AttributeKey: 'EventName', AttributeValue: 'ListBrokers' } as const;
    const { Events = [] } = await trail.send(
      new LookupEventsCommand({ LookupAttributes: [attribute] }),
    );
    return Events.some(({ CloudTrailEvent = '' }) =>
      CloudTrailEvent.includes(`"sourceIPAddress":"${client}"`),
    );
  });
  // The same on the ports of the broker: the management API is asked through the proxy.
  const socket = connectTls({
    socket: await through(console),
    ca: waxwing.ca,
    servername: 'localhost',
  });
  const [status] = await new Promise<string[]>((resolve, reject) => {
    socket.once('error', reject);
    socket.on('data', (bytes: Buffer) => resolve(bytes.toString().split('\r\n')));
    socket.write('GET /api/overview HTTP/1.1\r\nHost: localhost\r\n\r\n');
  });
  assert.match(status ?? '', / 401 /);
  socket.destroy();
});

test('a service with settings that are not safe does not start', async () => {
  const other = new WaxwingFolder();
  await chmod(keyFile, 0o644);
  const files = ['--tls-certificate', certificateFile, '--tls-key', keyFile];
  const { stderr } = await other.serve(['--public-host', publicName, ...files]);
  assert.match(stderr, /has mode 0644: others can read or change it; expected 0600/);
  const unnamed = await other.serve(files);
  assert.match(unnamed.stderr, /--tls-certificate is set and --public-host is not/);
  const own = await other.serve(['--proxy-protocol', '127.0.0.0/8']);
  assert.match(own.stderr, /it includes 127\.0\.0\.1, from which the commands of this machine/);
  other.remove();
});
