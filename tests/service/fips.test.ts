import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type ConnectionOptions, connect } from 'node:tls';
import {
  CreateLoginProfileCommand,
  CreateUserCommand,
  CreateVirtualMFADeviceCommand,
  EnableMFADeviceCommand,
  IAMClient,
} from '@aws-sdk/client-iam';
import { CreateKeyCommand } from '@aws-sdk/client-kms';
import { ListBrokersCommand, MqClient } from '@aws-sdk/client-mq';
import { decodeSeed, stepAt, totpCode } from '../../src/identity/accounts/mfa/totp.ts';
import { Shell } from '../documents/shell.ts';
import { snippetsFor } from '../documents/snippets.ts';
import { Browser } from '../support/browser.ts';
import { isRunning, until } from '../support/processes.ts';
import { Waxwing } from '../support/waxwing.ts';
import { WaxwingFolder } from '../support/waxwing-folder.ts';

// `--fips`. The walk needs a provider: WAXWING_FIPS_MODULE_CONFIG names its fipsmodule.cnf, and
// OPENSSL_MODULES the folder of fips.so.

const { WAXWING_FIPS_MODULE_CONFIG: config, OPENSSL_MODULES: modules } = process.env;
const provider: Record<string, string> =
  config && modules ? { WAXWING_FIPS_MODULE_CONFIG: config, OPENSSL_MODULES: modules } : {};
const skip = config && modules ? false : 'no FIPS provider (WAXWING_FIPS_MODULE_CONFIG)';

for (const args of [['serve'], ['check', '.'], ['env'], ['advise']]) {
  test(`\`waxwing ${args[0]} --fips\` without a provider starts nothing and says how to get one`, async () => {
    const folder = new WaxwingFolder();
    // A folder without a provider, whatever the machine has.
    const env = { OPENSSL_MODULES: folder.root, WAXWING_FIPS_CONFIG: '/dev/null' };
    const { code, stdout, stderr } = await folder.run([...args, '--fips'], env);
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, /^waxwing: --fips needs OpenSSL's FIPS provider, /);
    assert.match(stderr, /openssl fipsinstall .* OPENSSL_MODULES .*docs\/operate\/fips\.md/);
    folder.remove();
  });
}

test('the variable WAXWING_FIPS has the effect of the option', async () => {
  const folder = new WaxwingFolder();
  const env = { OPENSSL_MODULES: folder.root, WAXWING_FIPS_CONFIG: '/dev/null', WAXWING_FIPS: '1' };
  const { code, stderr } = await folder.serve([], env);
  assert.equal(code, 1);
  assert.match(stderr, /--fips needs/);
  folder.remove();
});

let waxwing: Waxwing;
before(async () => {
  if (skip === false) waxwing = await Waxwing.start({ args: ['--fips'], env: provider });
});
after(() => waxwing?.remove());

/** A handshake with the broker, and its version, suite and key exchange. */
function handshake(options: ConnectionOptions): Promise<string[]> {
  const { hostname: host, port } = new URL(waxwing.amqpUrl);
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port: Number(port), ca: waxwing.ca, ...options }, () => {
      const key = socket.getEphemeralKeyInfo() as { name?: string };
      resolve([socket.getProtocol() ?? '', socket.getCipher().name, key.name ?? '']);
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

test('the service states the checks that prove the provider', { skip }, () => {
  assert.match(
    waxwing.output,
    /FIPS provider {6}MD5 refused, ChaCha20-Poly1305 refused, SHA-256, /,
  );
});

test('the commands of the page install the provider and start a service', { skip }, async () => {
  const [commands = ''] = snippetsFor('tests/service/fips.test.ts', 'docs/operate/fips.md', 1);
  const shell = new Shell({ WAXWING_API_PORT: '0', WAXWING_AMQPS_PORT: '0' });
  const started = await shell.serve(
    commands
      .replaceAll('/path/to/ossl-modules', modules ?? '')
      .replaceAll('/path/to/fipsmodule.cnf', join(shell.folder.root, 'fipsmodule.cnf')),
  );
  assert.match(started.output, /FIPS provider {6}MD5 refused/);
  await started.stop();
  shell.folder.remove();
});

test('a broker runs with the provider and stores messages', { skip }, async () => {
  const client = await waxwing.connect();
  await client.publish('orders', ['one', 'two']);
  await client.close();
  await waxwing.stop();
  await waxwing.restart();
  const again = await waxwing.connect();
  const channel = await again.model.createChannel();
  const message = await channel.get('orders', { noAck: true });
  assert.ok(message !== false);
  assert.equal(message.content.toString(), 'one');
  await again.close();
});

test('listeners offer approved groups and suites only', { skip }, async () => {
  assert.deepEqual((await handshake({ ecdhCurve: 'P-384' })).at(-1), 'secp384r1');
  assert.deepEqual((await handshake({ ecdhCurve: 'P-521' })).at(-1), 'secp521r1');
  await assert.rejects(handshake({ ecdhCurve: 'X25519' }));
  const chacha = { ciphers: 'TLS_CHACHA20_POLY1305_SHA256', minVersion: 'TLSv1.3' } as const;
  await assert.rejects(handshake(chacha));
  const cbc = { ciphers: 'ECDHE-RSA-AES128-SHA', maxVersion: 'TLSv1.2' } as const;
  await assert.rejects(handshake(cbc));
});

test('a key on a curve that is not approved is refused', { skip }, async () => {
  const command = new CreateKeyCommand({ KeySpec: 'ECC_SECG_P256K1', KeyUsage: 'SIGN_VERIFY' });
  await assert.rejects(waxwing.kms.send(command), { name: 'UnsupportedOperationException' });
});

test('people sign in with a password and an MFA code', { skip }, async () => {
  const { AWS_REGION: region = '', AWS_ENDPOINT_URL: endpoint = '' } = waxwing.environment;
  const { AWS_ACCESS_KEY_ID: id = '', AWS_SECRET_ACCESS_KEY: secret = '' } = waxwing.environment;
  const iam = new IAMClient({
    endpoint,
    region,
    credentials: { accessKeyId: id, secretAccessKey: secret },
    requestHandler: { httpsAgent: new Agent({ ca: waxwing.ca }) },
  });
  const [UserName, Password] = ['anna', 'correct-Horse-battery-7'];
  await iam.send(new CreateUserCommand({ UserName }));
  await iam.send(new CreateLoginProfileCommand({ UserName, Password }));
  const { VirtualMFADevice: device } = await iam.send(
    new CreateVirtualMFADeviceCommand({ VirtualMFADeviceName: UserName }),
  );
  const key = decodeSeed(Buffer.from(device?.Base32StringSeed ?? []).toString('ascii'));
  const SerialNumber = device?.SerialNumber ?? '';
  const step = stepAt(Date.now());
  const [AuthenticationCode1, AuthenticationCode2] = [totpCode(key, step - 1), totpCode(key, step)];
  const codes = { AuthenticationCode1, AuthenticationCode2 };
  await iam.send(new EnableMFADeviceCommand({ UserName, SerialNumber, ...codes }));
  iam.destroy();
  const browser = new Browser(waxwing.ca);
  const page = await browser.open(`${endpoint}/sso/device`);
  const typed = { user_name: UserName, password: Password };
  const wrong = await browser.submit(page, { ...typed, mfa_code: AuthenticationCode2 });
  assert.equal(wrong.status, 403);
  const asked = await browser.submit(wrong, { ...typed, mfa_code: totpCode(key, step + 1) });
  assert.match(asked.text, /Enter the code/);
});

test('clients with AWS_USE_FIPS_ENDPOINT are answered under the names that they call', {
  skip,
}, async () => {
  const { AWS_REGION: region = '', AWS_ENDPOINT_URL = '' } = waxwing.environment;
  const { port } = new URL(AWS_ENDPOINT_URL);
  const agent = new Agent({ ca: waxwing.ca });
  const createConnection = agent.createConnection.bind(agent);
  // The name resolves to this machine, and the port is forwarded.
  agent.createConnection = (options, then) =>
    createConnection(
      { ...options, port: Number(port), lookup: undefined, host: '127.0.0.1' },
      then,
    );
  const { AWS_ACCESS_KEY_ID: id = '', AWS_SECRET_ACCESS_KEY: secret = '' } = waxwing.environment;
  const mq = new MqClient({
    region,
    useFipsEndpoint: true,
    credentials: { accessKeyId: id, secretAccessKey: secret },
    requestHandler: { httpsAgent: agent },
  });
  const { BrokerSummaries } = await mq.send(new ListBrokersCommand({}));
  assert.deepEqual(
    BrokerSummaries?.map(({ BrokerName }) => BrokerName),
    ['default'],
  );
  mq.destroy();
});

test('a passphrase is stretched with an approved function', { skip }, async () => {
  const [folder, other] = [new WaxwingFolder(), new WaxwingFolder()];
  const file = `${other.root}/passphrase`;
  writeFileSync(file, createHash('sha256').update('x').digest('hex'), { mode: 0o600 });
  const env = { ...provider, WAXWING_ROOT_PASSPHRASE_FILE: file };
  const fips = await Waxwing.start({ folder, args: ['--fips', '--no-default-broker'], env });
  await fips.stop();
  // Without --fips, the folder opens too.
  await fips.restart({
    args: ['--no-default-broker'],
    env: { WAXWING_ROOT_PASSPHRASE_FILE: file },
  });
  await fips.remove();
  const plain = await Waxwing.start({
    folder: other,
    args: ['--no-default-broker'],
    env: { WAXWING_ROOT_PASSPHRASE_FILE: file },
  });
  await plain.stop();
  const { code, stderr } = await other.serve(['--fips'], env);
  assert.equal(code, 1);
  assert.match(stderr, /with scrypt, which FIPS 140-3 does not approve/);
  await plain.remove();
});

test('a service whose starter is killed during its start does not go on', { skip }, async () => {
  const begun = Waxwing.begin({ args: ['--fips', '--no-default-broker'], env: provider });
  const isService = (pid: number) => {
    const text = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    return text.includes('serve');
  };
  const pid = await until('the second process', () => begun.children.find(isService));
  await begun.kill();
  await until('its end', () => !isRunning(pid));
  await begun.remove();
});

test('--fips and --tls-parity together are refused', { skip }, async () => {
  const folder = new WaxwingFolder();
  const { code, stderr } = await folder.serve(['--fips', '--tls-parity'], provider);
  assert.equal(code, 2);
  assert.match(stderr, /--fips and --tls-parity are both set/);
  folder.remove();
});
