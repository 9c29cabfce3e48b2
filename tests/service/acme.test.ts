import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { testCertificates } from '../support/certificates.ts';
import { installed } from '../support/debian-packages.ts';
import { until } from '../support/processes.ts';
import { isLong } from '../support/proof.ts';
import { Waxwing } from '../support/waxwing.ts';
import { WaxwingFolder } from '../support/waxwing-folder.ts';

// A certificate by ACME, from Pebble: the test server of Let's Encrypt.

const run = promisify(execFile);
const publicName = 'mq.example.test';
const why = isLong ? await installed('pebble') : 'it starts an ACME server: only in long runs';
const options = { skip: why ?? false };

let waxwing: Waxwing;
let folder: WaxwingFolder;
let ports: readonly number[] = [];
const others: ChildProcess[] = [];

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const found: number[] = [];
  for (const server of servers) {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    found.push(typeof address === 'object' && address !== null ? address.port : 0);
  }
  for (const server of servers) server.close();
  return found;
}

function start(program: string, args: readonly string[]): void {
  const env = { ...process.env, PEBBLE_VA_NOSLEEP: '1' };
  others.push(spawn(program, args, { stdio: 'ignore', env }));
}

before(async () => {
  if (why !== undefined) return;
  folder = new WaxwingFolder();
  ports = await freePorts(5);
  const [directory = 0, management = 0, http = 0, dns = 0, dnsManagement = 0] = ports;
  const { authority, servers } = await testCertificates();
  const [{ certificate = '', privateKey = '' } = {}] = servers;
  const file = (name: string) => join(folder.root, name);
  await writeFile(file('pebble-ca.pem'), authority);
  await writeFile(file('pebble.pem'), certificate);
  await writeFile(file('pebble.key'), privateKey);
  const pebble = {
    listenAddress: `127.0.0.1:${directory}`,
    managementListenAddress: `127.0.0.1:${management}`,
    certificate: file('pebble.pem'),
    privateKey: file('pebble.key'),
    httpPort: http,
    tlsPort: 1,
    ocspResponderURL: '',
    externalAccountBindingRequired: false,
  };
  await writeFile(file('pebble.json'), JSON.stringify({ pebble }));
  start('/usr/bin/pebble-challtestsrv', [
    ...['-dns01', `127.0.0.1:${dns}`, '-management', `127.0.0.1:${dnsManagement}`],
    ...['-http01', '', '-https01', '', '-tlsalpn01', ''],
    ...['-defaultIPv4', '127.0.0.1', '-defaultIPv6', ''],
  ]);
  start('/usr/bin/pebble', ['-config', file('pebble.json'), '-dnsserver', `127.0.0.1:${dns}`]);
  const url = `https://localhost:${directory}/dir`;
  await until('Pebble answers', () =>
    run('curl', ['-s', '--cacert', file('pebble-ca.pem'), url]).then(
      () => true,
      () => false,
    ),
  );
  waxwing = await Waxwing.start({
    folder,
    args: [
      ...['--no-default-broker', '--public-host', `${publicName},other.example.test`],
      ...['--log-level', 'info', '--acme-directory', url, '--acme-email', 'a@example.test'],
      ...['--acme-agree-tos', '--acme-ca-file', file('pebble-ca.pem')],
      ...['--acme-http-port', String(http)],
    ],
  });
});
after(async () => {
  for (const other of others) other.kill();
  await waxwing?.remove();
});

async function shown(name: string): Promise<string> {
  const connecting = run('openssl', [
    ...['s_client', '-connect', `127.0.0.1:${waxwing.apiPort}`, '-servername', name],
  ]);
  connecting.child.stdin?.end();
  const { stdout } = await connecting.catch((error: { stdout: string }) => error);
  return /^issuer=(.*)$/m.exec(stdout)?.[1] ?? '';
}

test('the certificate is ordered, shown, and kept over a restart', options, async () => {
  for (const name of [publicName, 'other.example.test']) {
    await until(`a certificate for ${name}`, async () => (await shown(name)).includes('Pebble'));
  }
  assert.match(await shown('localhost'), /Waxwing/);
  assert.match(waxwing.output, /a certificate was issued by ACME/);
  await waxwing.stop();
  const [directory = 0] = ports;
  const said = waxwing.output.length;
  for (const other of others.splice(0)) other.kill();
  await waxwing.restart();
  assert.match(await shown(publicName), /Pebble/);
  assert.ok(!waxwing.output.slice(said).includes(String(directory)), 'it asked again');
});

test(
  'the keys are nowhere in the data folder, and the port for challenges is closed',
  options,
  async () => {
    const [, , http = 0] = ports;
    await assert.rejects(run('curl', ['-s', `http://127.0.0.1:${http}/`]));
    const { data } = folder;
    for (const entry of readdirSync(data, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const bytes = readFileSync(join(entry.parentPath, entry.name));
      assert.ok(!bytes.includes('PRIVATE KEY'), entry.name);
    }
    assert.ok(!waxwing.output.includes('PRIVATE KEY'));
  },
);

test('an authority that is away is asked again later, and the service runs', options, async () => {
  await waxwing.stop();
  const [directory = 0, , http = 0] = ports;
  await waxwing.restart({
    args: [
      ...['--no-default-broker', '--public-host', 'new.example.test', '--acme-agree-tos'],
      ...['--acme-directory', `https://localhost:${directory}/dir`],
      ...['--acme-http-port', String(http)],
    ],
  });
  await until('a failure', () => waxwing.output.includes('"retrySeconds":60'));
  assert.match(waxwing.output, /"problem":"[^"]*ECONNREFUSED/);
  assert.match(waxwing.output, /the certificate by ACME is not used/);
  assert.match(await shown('new.example.test'), /Waxwing/);
});
