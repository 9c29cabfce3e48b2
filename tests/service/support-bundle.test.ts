import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { CreateTrailCommand } from '@aws-sdk/client-cloudtrail';
import { CreateVirtualMFADeviceCommand, IAMClient } from '@aws-sdk/client-iam';
import { CreateAliasCommand } from '@aws-sdk/client-kms';
import { CreateConfigurationCommand, UpdateConfigurationCommand } from '@aws-sdk/client-mq';
import { parseTarGzip } from 'nanotar';
import { type Hidden, readable } from '../../src/cli/drill/plain-text.ts';
import { elementsOf, keysOf } from '../../src/cli/support/brokers-part.ts';
import { Redactor, redactLogLine } from '../../src/cli/support/redaction.ts';
import { settingsOfArguments, settingsOfEnvironment } from '../../src/cli/support/settings-part.ts';
import { createKey, password, underKey } from '../support/broker-requests.ts';
import { hiddenTexts } from '../support/readable.ts';
import { Waxwing } from '../support/waxwing.ts';
import { WaxwingFolder } from '../support/waxwing-folder.ts';

// A support bundle contains no secret, no message, and no name that people chose.

let waxwing: Waxwing;
let brokerId = '';
const hidden: Hidden[] = [];
const hide = (text: string): string => {
  hidden.push(...hiddenTexts(text));
  return text;
};

before(async () => {
  const folder = new WaxwingFolder('data');
  const people = join(folder.root, hide('canary-file-of-names'));
  writeFileSync(people, hide('Canary Person'));
  waxwing = await Waxwing.start({
    folder,
    args: ['--person-names', people, '--log-level', 'info'],
  });
  hidden.push(...hiddenTexts(folder.root));
  const key = await createKey(waxwing, {
    Description: hide('canary-description'),
    Tags: [{ TagKey: hide('canary-tag'), TagValue: hide('canary-tag-value') }],
  });
  await waxwing.kms.send(
    new CreateAliasCommand({ AliasName: `alias/${hide('canary-alias')}`, TargetKeyId: key }),
  );
  await waxwing.trail.send(
    new CreateTrailCommand({ Name: hide('canary-trail'), S3BucketName: hide('canary-bucket') }),
  );
  brokerId = await waxwing.createBroker({
    ...underKey(key),
    BrokerName: hide('canary-broker'),
    Users: [{ Username: hide('canary-user'), Password: password }],
    Logs: { General: true },
    Configuration: await configuration(),
    Tags: { [hide('canary-broker-tag')]: 'x' },
  });
  await use((await waxwing.brokerUrl(brokerId)).replace('admin', 'canary-user'));
  await mfaDevice();
  hidden.push(...hiddenTexts(password, ...secretsOfTheEnvironment()));
});
after(() => waxwing.remove());

async function configuration() {
  const { Id = '' } = await waxwing.mq.send(
    new CreateConfigurationCommand({
      Name: hide('canary-configuration'),
      EngineType: 'RABBITMQ',
      EngineVersion: '4.2',
    }),
  );
  const text = [
    `# ${hide('canary in a comment')}`,
    'consumer_timeout = 7200000',
    'auth_backends.1 = internal',
    'auth_backends.2 = oauth2',
    `auth_oauth2.resource_server_id = ${hide('canary_resource')}`,
    `auth_oauth2.issuer = https://${hide('canary-issuer.example.com')}/realm`,
  ].join('\n');
  const Data = Buffer.from(text).toString('base64');
  await waxwing.mq.send(new UpdateConfigurationCommand({ ConfigurationId: Id, Data }));
  return { Id, Revision: 2 };
}

/** Leaves messages, names and failures in a broker and its logs. */
async function use(url: string): Promise<void> {
  const client = await waxwing.connect(url);
  const channel = await client.model.createConfirmChannel();
  const queue = hide('canary.queue');
  await channel.assertQueue(queue, { durable: true });
  await channel.assertExchange(hide('canary-exchange'), 'topic');
  await channel.bindQueue(queue, 'canary-exchange', hide('canary.routing.key'));
  const headers = { [hide('canary-header')]: hide('canary-header-value') };
  channel.publish('canary-exchange', 'canary.routing.key', Buffer.from(hide('canary body')), {
    persistent: true,
    headers,
  });
  await channel.waitForConfirms();
  channel.on('error', () => {}); // the channel ends with the answer
  await assert.rejects(channel.checkQueue(hide('canary absent queue')), /404/);
  await client.close();
  const wrong = url.replace(password, hide('canary-wrong-password'));
  await assert.rejects(waxwing.connect(wrong), /403|ACCESS_REFUSED/);
}

async function mfaDevice(): Promise<void> {
  const { AWS_ENDPOINT_URL: endpoint = '', AWS_REGION: region = '' } = waxwing.environment;
  const iam = new IAMClient({
    endpoint,
    region,
    credentials: {
      accessKeyId: waxwing.environment['AWS_ACCESS_KEY_ID'] ?? '',
      secretAccessKey: waxwing.environment['AWS_SECRET_ACCESS_KEY'] ?? '',
    },
    requestHandler: { httpsAgent: waxwing.agent },
  });
  const { VirtualMFADevice } = await iam.send(
    new CreateVirtualMFADeviceCommand({ VirtualMFADeviceName: hide('canary-device') }),
  );
  hide(Buffer.from(VirtualMFADevice?.Base32StringSeed ?? '').toString());
  iam.destroy();
}

function secretsOfTheEnvironment(): string[] {
  const { environment } = waxwing;
  const { password: ofDefault } = new URL(waxwing.amqpUrl);
  const names = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'WAXWING_METRICS_TOKEN'];
  const rootKey = /^[0-9a-f]{64}$/m.exec(readFileSync(waxwing.folder.keyFile, 'utf8'))?.[0] ?? '';
  assert.equal(rootKey.length, 64);
  return [decodeURIComponent(ofDefault), rootKey, ...names.map((name) => environment[name] ?? '')];
}

const run = (args: readonly string[], env = {}) =>
  waxwing.folder.run(['support-bundle', ...args, '--data', waxwing.folder.data], env);

async function contentsOf(name: string): Promise<Map<string, string>> {
  const files = await parseTarGzip(readFileSync(join(waxwing.folder.root, name)));
  return new Map(files.map((file) => [file.name.replace(/^[^/]+\//, ''), file.text]));
}

test('a bundle has versions, states, logs and metrics, and none of what was hidden', async () => {
  const { code, stderr, stdout } = await run(['all.tar.gz'], {
    PATH: '/usr/sbin', // without the AWS CLI, whose start takes a second
    WAXWING_LOG_LEVEL: 'warn',
    WAXWING_SSO_CLIENT_SECRET_FILE: hide('/etc/canary-secret-file'),
    AWS_SECRET_ACCESS_KEY: hide('canary-of-the-environment'),
  });
  assert.equal(code, 0, stderr);
  assert.match(stdout, /SHA-256 [0-9a-f]{64}\n$/);
  assert.equal(statSync(join(waxwing.folder.root, 'all.tar.gz')).mode & 0o777, 0o600);
  const contents = await contentsOf('all.tar.gz');
  const places = [...contents].map(([name, text]) => ({ name, bytes: Buffer.from(text) }));
  assert.deepEqual(readable(hidden, places), []);
  assert.ok(hidden.length > 25);

  assert.ok(contents.has('README.txt'));
  const about = JSON.parse(contents.get('about.json') ?? '');
  assert.deepEqual([about.isRunning, about.node], [true, process.version]);
  const { service, environmentOfThisCommand } = JSON.parse(contents.get('settings.json') ?? '');
  assert.equal(service.arguments['log-level'], 'info');
  assert.equal(service.arguments['person-names'], 'set');
  assert.equal(environmentOfThisCommand.WAXWING_SSO_CLIENT_SECRET_FILE, 'set');
  const brokers = JSON.parse(contents.get('brokers.json') ?? '') as { id: string }[];
  const broker = brokers.find(({ id }) => id === brokerId) as Record<string, unknown> | undefined;
  assert.equal(broker?.['brokerState'], 'RUNNING');
  assert.deepEqual(broker?.['configuration'], {
    revision: 2,
    settings: [
      'consumer_timeout = 7200000',
      'auth_backends.1 = …',
      'auth_backends.2 = …',
      'auth_oauth2.resource_server_id = …',
      'auth_oauth2.issuer = …',
    ],
  });
  assert.match(contents.get('metrics.txt') ?? '', new RegExp(`broker="${brokerId}"`));
  assert.match(contents.get('metrics.txt') ?? '', /queue="queue-1"/);
  const log = contents.get(`logs/${brokerId}.txt`) ?? '';
  assert.match(log, /\[error\] .*Channel error on connection .* not_found: no queue …/);
  assert.match(log, /user … authenticated and granted access to vhost …/);
  assert.match(contents.get('files.txt') ?? '', new RegExp(`brokers/${brokerId}/volume`));
  assert.match(contents.get('doctor.json') ?? '', /"about": "root key"/);
});

test('a file that exists is not replaced, and numbers of lines are bounded', async () => {
  writeFileSync(join(waxwing.folder.root, 'taken.tar.gz'), 'mine');
  const taken = await run(['taken.tar.gz']);
  assert.equal(taken.code, 1);
  assert.match(taken.stderr, /taken\.tar\.gz exists already/);
  assert.equal(readFileSync(join(waxwing.folder.root, 'taken.tar.gz'), 'utf8'), 'mine');
  const many = await run(['many.tar.gz', '--log-lines', '10001']);
  assert.match(many.stderr, /--log-lines is 10001; at most 10000 are possible/);
});

test('without a running service, a bundle has what the folder and the machine tell', async () => {
  const folder = new WaxwingFolder();
  const { code, stderr } = await folder.run(
    ['support-bundle', 'alone.tar.gz', '--data', join(folder.data, 'Anna Meyer', 'data')],
    { PATH: '/usr/sbin', WAXWING_ROOT_KEY: 'pkcs11:object=canary-label;token=t?module-path=/x' },
  );
  assert.equal(code, 0, stderr);
  const files = await parseTarGzip(readFileSync(join(folder.root, 'alone.tar.gz')));
  const names = files.map(({ name }) => name.replace(/^[^/]+\//, ''));
  assert.deepEqual(names, [
    'README.txt',
    'about.json',
    'settings.json',
    'doctor.json',
    'files.txt',
  ]);
  const text = files.map((file) => file.text).join('\n');
  assert.doesNotMatch(text, /Meyer|canary-label/);
  assert.match(text, /<path> does not exist yet/);
  folder.remove();
});

test('only known words, short numbers and dates are left in a log line', () => {
  const kept =
    "2026-01-02 03:04:05.006000+00:00 [info] <0.17.0> closing AMQP connection <0.17.0> (192.0.2.7:50412 -> 192.0.2.1:5671, vhost: '/', user: 'shop', duration: '3s')";
  assert.equal(
    redactLogLine(kept),
    '2026-01-02 03:04:05.006000+00:00 [info] <0.17.0> closing AMQP connection <0.17.0> (…:50412 …:5671, vhost: …, user: …, duration: …)',
  );
  for (const secret of [
    '4111111111111111',
    'hunter2',
    'anna.meier@example.com',
    'Zm9vYmFy',
    '/x',
  ]) {
    assert.ok(!redactLogLine(`a log-in failed for user ${secret}: ${secret}`).includes(secret));
    assert.ok(!redactLogLine(secret).includes(secret), secret);
  }
});

test('hosts in addresses and paths that people chose are replaced', () => {
  const redactor = new Redactor(new Map([['shop', 'b-1']]));
  assert.equal(
    redactor.text(
      '"/srv/acme-keys/x.key is private", https://mq.acme.example:8443/x, in /usr/lib/rabbitmq, shop',
    ),
    '"<path> is private", https://<host>:8443/x, in /usr/lib/rabbitmq, b-1',
  );
  const folder = '/srv/Anna Meyer, private/data folder';
  assert.equal(
    new Redactor(new Map(), [folder]).text(
      `${folder} is private, in /srv/Anna Meyer, private; ${folder}/ca.pem`,
    ),
    '<path> is private, in <path>; <path>',
  );
});

test('values of labels are replaced unless this program has a list of them', () => {
  const redactor = new Redactor(new Map([['shop', 'b-1']]));
  const metrics =
    'm{broker="shop",queue="a\\"b",state="RUNNING"} 1\nm{queue="a\\"b",vhost="shop/x"} 2\n';
  assert.equal(
    redactor.metrics(metrics),
    'm{broker="b-1",queue="queue-1",state="RUNNING"} 1\nm{queue="queue-1",vhost="vhost-1"} 2\n',
  );
});

test('settings keep numbers and values from lists', () => {
  assert.deepEqual(
    settingsOfArguments([
      '--api-port',
      '8443',
      '--tls-parity',
      '--sso-issuer=https://x/',
      '--region=a b',
    ]),
    { 'api-port': '8443', 'tls-parity': 'on', 'sso-issuer': 'set', region: 'set' },
  );
  assert.deepEqual(
    settingsOfEnvironment({
      WAXWING_ROOT_KEY: 'pkcs11:object=x?pin-source=/y',
      WAXWING_LOG_LEVEL: 'info',
      WAXWING_ARN_FOLDER: '/srv/arns',
      HOME: '/home/anna',
    }),
    { WAXWING_ROOT_KEY: 'pkcs11', WAXWING_LOG_LEVEL: 'info', WAXWING_ARN_FOLDER: 'set' },
  );
});

test('configurations keep keys and elements, without names and values', () => {
  assert.deepEqual(keysOf('a.b = 1\n# c = d\na.b.anna = 5\nx = secret\nnot a line'), [
    'a.b = 1',
    'a.b.… = …',
    'x = …',
  ]);
  const xml = '<broker><!-- <anna> --><q name="<bob>"/><q/><![CDATA[<carl>]]><!-- <dora>';
  assert.deepEqual(elementsOf(xml), { broker: 1, q: 2 });
});
