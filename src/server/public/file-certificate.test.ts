import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { systemClock } from '../../base/clock.ts';
import type { ServiceLog } from '../../base/log.ts';
import {
  type Certificate,
  createAuthority,
  issueServerCertificate,
} from '../../crypto/authority.ts';
import { readCertificate } from './certificate-files.ts';
import { FileCertificate } from './file-certificate.ts';

const dayMs = 24 * 3600 * 1000;
const nowMs = systemClock.nowMs();
const hosts = ['mq.example.test', '*.mq.example.test', '192.0.2.7'];
const needs = { publicHosts: ['mq.example.test', '192.0.2.7'], hasTlsParity: false };

let folder = '';
let authority: Certificate;
let made: Certificate;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waxwing-certificate-'));
  authority = await createAuthority('test', ['example.test', '192.0.2.7'], nowMs);
  made = await issueServerCertificate(authority, 'ecdsa', hosts, nowMs);
});
after(() => rm(folder, { recursive: true }));

const files = () => ({
  certificateFile: join(folder, 'chain.pem'),
  keyFile: join(folder, 'key.pem'),
});

async function write({ certificate, privateKey }: Certificate, mode = 0o600): Promise<void> {
  const { certificateFile, keyFile } = files();
  await writeFile(certificateFile, certificate);
  await rm(keyFile, { force: true });
  await writeFile(keyFile, privateKey, { mode });
  await chmod(keyFile, mode);
}
beforeEach(() => write(made));

const read = (more: object = {}, atMs = nowMs) =>
  readCertificate(files(), { ...needs, ...more }, atMs);

test('a certificate with its chain and key is read', async () => {
  await write({ ...made, certificate: `text\n${made.certificate}${authority.certificate}` });
  const found = await read();
  assert.deepEqual(found.names, ['mq.example.test', '*.mq.example.test']);
  assert.equal(found.isForUnnamed, true);
  assert.ok(found.expiresAtMs > nowMs + 300 * dayMs);
  assert.equal(found.certificate.match(/BEGIN CERTIFICATE/g)?.length, 2);
  const elsewhere = await read({ publicHosts: ['mq.example.test'] });
  assert.equal(elsewhere.isForUnnamed, false);
});

test('a certificate that does not fit is refused with what was found and allowed', async () => {
  await assert.rejects(
    read({ publicHosts: ['other.test'] }),
    /is for DNS:mq\.example.*expected other\.test/,
  );
  await assert.rejects(read({ publicHosts: ['192.0.2.8'] }), /expected 192\.0\.2\.8/);
  await assert.rejects(read({}, nowMs + 400 * dayMs), /is valid from .* to .*; it is /);
  await assert.rejects(read({}, nowMs - 2 * dayMs), /is valid from/);
  await assert.rejects(
    read({ hasTlsParity: true }),
    /is ec prime256v1; expected with --tls-parity RSA/,
  );
  await write({ ...made, certificate: `${authority.certificate}${made.certificate}` });
  await assert.rejects(read(), /does not belong to the certificate/);
  const stranger = await createAuthority('stranger', ['example.test', '192.0.2.7'], nowMs);
  await write({ ...made, certificate: `${made.certificate}${stranger.certificate}` });
  await assert.rejects(read(), /certificate 1 of .* was not issued by certificate 2/);
  await write({ ...made, certificate: made.certificate.repeat(11) });
  await assert.rejects(read(), /has 11 certificates; at most 10/);
  await write({ ...made, certificate: 'no certificate' });
  await assert.rejects(read(), /no certificate in PEM/);
  await write({ ...made, certificate: made.certificate.replace('MII', 'AAA') });
  await assert.rejects(read(), /cannot be read/);
  const other = await issueServerCertificate(authority, 'ecdsa', hosts, nowMs);
  await write({ ...made, privateKey: other.privateKey });
  await assert.rejects(read(), /does not belong to the certificate/);
  await write({ ...made, privateKey: 'x'.repeat(300_000) });
  await assert.rejects(read(), /has 300000 bytes; the maximum is 262144/);
  await rm(files().keyFile);
  await assert.rejects(read(), /key\.pem cannot be opened \(ENOENT\)/);
});

test('a key that others can read is refused', async () => {
  for (const mode of [0o640, 0o604, 0o620, 0o602]) {
    await write(made, mode);
    await assert.rejects(
      read(),
      new RegExp(`has mode 0${mode.toString(8)}: others can read or change`),
    );
  }
  await write(made, 0o400);
  await read();
});

test('an encrypted key needs its passphrase', async () => {
  const passphraseFile = join(folder, 'passphrase');
  const encrypted = createPrivateKey(made.privateKey)
    .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'a b c' })
    .toString();
  await write({ ...made, privateKey: encrypted });
  await assert.rejects(read(), /is encrypted; --tls-key-passphrase-file is not set/);
  const all = { ...files(), passphraseFile };
  await writeFile(passphraseFile, 'a b c\nsecond line\n', { mode: 0o600 });
  const found = await readCertificate(all, needs, nowMs);
  assert.match(found.privateKey, /BEGIN PRIVATE KEY/);
  await writeFile(passphraseFile, 'wrong\n');
  await assert.rejects(readCertificate(all, needs, nowMs), /cannot be read with this passphrase/);
  await chmod(passphraseFile, 0o644);
  await assert.rejects(readCertificate(all, needs, nowMs), /passphrase has mode 0644/);
});

test('a named pipe is refused at once', async () => {
  await rm(files().certificateFile);
  execFileSync('mkfifo', [files().certificateFile]);
  await assert.rejects(read(), /chain\.pem is not a file/);
  await rm(files().certificateFile);
});

test('a certificate that is installed before it is valid is used from then on', async () => {
  const lines: string[] = [];
  const tell = (_about: object, text: string) => lines.push(text);
  let lateMs = 0;
  const clock = {
    ...systemClock,
    nowMs: () => nowMs + lateMs,
    monotonicMs: () => lateMs,
  };
  const log: ServiceLog = { error: tell, warn: tell, info: tell };
  const source = await FileCertificate.open(files(), needs, log, clock);
  const next = await issueServerCertificate(authority, 'ecdsa', hosts, nowMs + 3 * dayMs);
  await write(next);
  assert.equal(await source.reload(), false);
  lateMs = dayMs;
  assert.equal(await source.reload(), false);
  assert.deepEqual([source.failureCount, lines.length], [1, 1]); // told once
  lateMs = 4 * dayMs;
  assert.equal(await source.reload(), true);
  assert.equal(source.current.certificate.trim(), next.certificate.trim());
});

test('changed files are used if they are good; otherwise the earlier certificate stays', async () => {
  const lines: string[] = [];
  const tell = (about: object, text: string) => lines.push(`${text} ${JSON.stringify(about)}`);
  const log: ServiceLog = { error: tell, warn: tell, info: tell };
  const source = await FileCertificate.open(files(), needs, log);
  const first = source.current.certificate;
  assert.equal(await source.reload(), false);
  const other = await issueServerCertificate(authority, 'ecdsa', hosts, nowMs);
  // The certificate is there before its key.
  await writeFile(files().certificateFile, other.certificate);
  assert.equal(await source.reload(), false);
  assert.equal(await source.reload(), false); // told once
  assert.equal(source.current.certificate, first);
  assert.deepEqual([source.failureCount, lines.length], [1, 1]);
  assert.match(lines[0] ?? '', /the earlier one stays in use.*does not belong/);
  await write(other);
  assert.equal(await source.reload(), true);
  assert.equal(source.current.certificate.trim(), other.certificate.trim());
  assert.equal(await source.reload(true), false); // the same files again
  await rm(files().certificateFile);
  assert.equal(await source.reload(), false);
  assert.equal(source.current.certificate.trim(), other.certificate.trim());
  assert.ok(lines.every((line) => !line.includes('PRIVATE')));
});
