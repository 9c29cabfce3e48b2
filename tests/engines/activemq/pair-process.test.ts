// One pair of Debian's ActiveMQ, without the service.

import assert from 'node:assert/strict';
import { createSecretKey, randomBytes, X509Certificate } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connect, type SecureVersion } from 'node:tls';
import { javaTls } from '../../../src/engines/activemq/files/tls.ts';
import { findPairInstallation } from '../../../src/engines/activemq/installation.ts';
import { Pair, type PairSettings } from '../../../src/engines/activemq/pair.ts';
import { choosePorts } from '../../../src/engines/activemq/pair-ports.ts';
import { amazonMqActiveMqTlsPolicy } from '../../../src/net/tls-policy.ts';
import { EncryptedVolume } from '../../../src/volumes/encrypted-volume.ts';
import { mountpointOf } from '../../../src/volumes/mountpoint.ts';
import { mountsOn } from '../../../src/volumes/mounts.ts';
import { testCertificates } from '../../support/certificates.ts';
import { until } from '../../support/processes.ts';

const found = await findPairInstallation(process.env);
const skip = typeof found === 'string' ? `pairs of ActiveMQ cannot run here: ${found}` : false;
const host = '127.0.0.1';
const root = mkdtempSync(join(tmpdir(), 'waxwing-pair-'));
const id = `fs-${randomBytes(9).toString('hex').slice(0, 17)}`;
const place = { id, folder: join(root, id), mountpoint: mountpointOf(root, id) };
const keyBytes = randomBytes(32);
const key = () => createSecretKey(keyBytes);

let settings: PairSettings;
let pair: Pair;
let ports: number[] = [];
let certificates: Awaited<ReturnType<typeof rsaCertificates>> = [];
const ends: string[] = [];
const said: string[] = [];

async function rsaCertificates() {
  const made = await Promise.all([testCertificates(), testCertificates()]);
  return made.map(({ servers }) => servers[1] ?? { certificate: '', privateKey: '' });
}

before(async () => {
  if (typeof found === 'string') return;
  mkdirSync(join(root, 'mounts'), { recursive: true });
  certificates = await rsaCertificates();
  const [certificate = { certificate: '', privateKey: '' }] = certificates;
  const listener = { name: 'openwire+ssl', scheme: 'ssl', standardPort: 0, isWebSocket: false };
  const listeners = [1, 2].map((endpoint) => ({ ...listener, protocols: [], endpoint }));
  const chosen = await choosePorts(
    { listeners, ports: [], portsOfOthers: [] },
    { host, amqpsPort: 0 },
  );
  ports = chosen.map(({ port }) => port);
  settings = {
    installation: found,
    place,
    mount: { epoch: 1, epochMin: 0 },
    heapMib: 128,
    configuration: undefined,
    users: [{ username: 'bob', password: 'a long password', groups: [] }],
    certificate,
    authorities: [],
    connectors: ports.map((port) => [{ name: listener.name, scheme: listener.scheme, port }]),
    broker: { brokerName: 'pair', host, tls: javaTls(true), connectionCountMax: 100 },
  };
  await new EncryptedVolume(place, () => {}).create(key(), Buffer.from('wrapped'));
  await begin(1, 0);
});

async function begin(epoch: number, epochMin: number): Promise<void> {
  pair = new Pair(
    { ...settings, mount: { epoch, epochMin } },
    {
      line: (number, line) => said.push(`${number} ${line}`),
      log: (level, text) => said.push(`${level} ${text}`),
      unmounting: async () => {},
      ended: (detail) => ends.push(detail),
    },
  );
  await pair.start(key());
}

after(async () => {
  if (skip === false) {
    await pair.stop();
    await new EncryptedVolume(place, () => {}).destroy();
  }
  rmSync(root, { recursive: true, force: true });
});

/** What a handshake with an instance agreed on; undefined if it was refused. */
function handshake(
  port: number,
  ciphers: string,
  version: SecureVersion = 'TLSv1.2',
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({
      ...{ host, port, rejectUnauthorized: false, minVersion: version, maxVersion: version },
      ciphers: `${ciphers}:@SECLEVEL=0`,
    });
    socket.once('error', () => resolve(undefined));
    socket.once('secureConnect', () => {
      const { name } = socket.getCipher();
      socket.destroy();
      resolve(name);
    });
  });
}

/** The certificate that an instance shows; undefined if it does not accept connections. */
function shown(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, rejectUnauthorized: false });
    socket.once('error', () => resolve(undefined));
    socket.once('secureConnect', () => {
      const { fingerprint256 } = socket.getPeerCertificate();
      socket.destroy();
      resolve(fingerprint256);
    });
  });
}

test('the suites of the guide are agreed on, and no others', { skip }, async () => {
  const [port = 0] = ports;
  const suites = (amazonMqActiveMqTlsPolicy.ciphers ?? '').split(':');
  assert.equal(suites.length, 18);
  const agreed = await Promise.all(suites.map((suite) => handshake(port, suite)));
  assert.deepEqual(agreed, suites);
  for (const other of [
    'ECDHE-RSA-CHACHA20-POLY1305',
    'CAMELLIA256-SHA',
    'ECDHE-RSA-CAMELLIA256-SHA384',
  ]) {
    assert.equal(await handshake(port, other), undefined, other);
  }
  assert.equal(await handshake(port, 'ALL', 'TLSv1.1'), undefined);
  assert.equal(await handshake(port, 'ALL', 'TLSv1.3'), undefined);
});

test('only the active instance listens, and only with TLS', { skip }, async () => {
  assert.equal(pair.activeNumber, 1);
  await until('the standby waits for the lock', () =>
    said.some((line) => /^2 .*slave mode waiting a lock/.test(line)),
  );
  assert.equal(await shown(ports[1] ?? 0), undefined);
  for (const pid of pair.processes.values()) {
    const text = readFileSync(`/proc/${pid}/status`, 'utf8');
    assert.match(text, new RegExp(`^Uid:\\t${settings.installation.user.uid}\\t`, 'm'));
  }
});

test('a new certificate is shown after both instances were restarted in turn', {
  skip,
}, async () => {
  const [, next = { certificate: '', privateKey: '' }] = certificates;
  const wanted = new X509Certificate(next.certificate).fingerprint256;
  await pair.showCertificate(next);
  const isNew = async () => (await Promise.all(ports.map(shown))).includes(wanted);
  await until('the new certificate is shown', isNew, 60_000);
  assert.equal(pair.processes.size, 2);
  assert.deepEqual(ends, []);
});

test('a volume that is lost ends both instances', { skip }, async () => {
  for (const pid of pair.processes.values()) assert.ok(pid > 0);
  const server = serverOf(place.mountpoint);
  process.kill(server, 'SIGKILL');
  await until('the end is reported', () => ends.length === 1, 60_000);
  assert.match(ends[0] ?? '', /the process that serves volume/);
  assert.equal(pair.processes.size, 0);
  assert.deepEqual(await mountsOn(place.mountpoint), []);
});

test('an older copy of a volume is not used', { skip }, async () => {
  await assert.rejects(begin(9, 5), {
    code: 'volume-rolled-back',
    message: /number 1; expected 5 to 8/,
  });
  await assert.rejects(begin(1, 0), { code: 'volume-rolled-back' });
  assert.deepEqual(await mountsOn(place.mountpoint), []);
  await begin(2, 1);
  assert.equal(pair.activeNumber, 1);
});

function serverOf(mountpoint: string): number {
  const pids = [
    ...readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').matchAll(/\d+/g),
  ];
  for (const [pid] of pids) {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').match(/\d+/g) ?? [];
    for (const child of children) {
      const text = readFileSync(`/proc/${child}/cmdline`, 'utf8');
      if (text.startsWith('gocryptfs') && text.includes(mountpoint)) return Number(child);
    }
  }
  throw new Error('no process serves the volume');
}
