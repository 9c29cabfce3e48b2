import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Certificate, createAuthority, issueServerCertificate } from './authority.ts';

const nowMs = Date.UTC(2026, 10, 24);
const hosts = ['localhost', '127.0.0.1', '::1', 'broker.example'];

function parse({ certificate, privateKey }: Certificate) {
  const parsed = new X509Certificate(certificate);
  assert.ok(parsed.checkPrivateKey(createPrivateKey(privateKey)));
  return parsed;
}

test('the authority is a self-signed CA certificate', async () => {
  const authority = parse(await createAuthority('test', hosts, nowMs));
  assert.equal(authority.ca, true);
  assert.ok(authority.verify(authority.publicKey));
  assert.equal(new Date(authority.validTo).getTime(), nowMs + 3650 * 86_400_000);
});

for (const kind of ['ecdsa', 'rsa'] as const) {
  test(`a server certificate with an ${kind} key is valid for every host it names`, async () => {
    const authority = await createAuthority('test', hosts, nowMs);
    const parent = new X509Certificate(authority.certificate);
    const server = parse(await issueServerCertificate(authority, kind, hosts, nowMs));
    assert.ok(server.checkIssued(parent));
    assert.ok(server.verify(parent.publicKey));
    assert.equal(server.ca, false);
    assert.equal(server.publicKey.asymmetricKeyType, kind === 'ecdsa' ? 'ec' : 'rsa');
    assert.equal(server.checkHost('localhost'), 'localhost');
    assert.equal(server.checkHost('broker.example'), 'broker.example');
    assert.equal(server.checkIP('127.0.0.1'), '127.0.0.1');
    assert.equal(server.checkIP('::1'), '::1');
    assert.equal(server.checkHost('elsewhere.example'), undefined);
    assert.deepEqual(server.keyUsage, ['1.3.6.1.5.5.7.3.1']);
    assert.ok(new Date(server.validFrom).getTime() < nowMs);
    assert.equal(new Date(server.validTo).getTime(), nowMs + 397 * 86_400_000);
  });
}

test('an authority has critical name constraints, and its renewed certificate keeps its key', async () => {
  const authority = await createAuthority('test', hosts, nowMs);
  const folder = mkdtempSync(join(tmpdir(), 'waxwing-authority-'));
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const verified = async (trusted: Certificate, name: string) => {
    const { certificate } = await issueServerCertificate(
      authority,
      'ecdsa',
      ['localhost', name],
      nowMs,
    );
    const ca = write('ca.pem', trusted.certificate);
    const args = ['verify', '-attime', String(nowMs / 1000), '-CAfile', ca];
    const { status, stderr } = spawnSync('openssl', [...args, write('leaf.pem', certificate)]);
    return status === 0 ? 'good' : /error (\d+)/.exec(String(stderr))?.[1];
  };
  const permittedSubtreeViolation = '47';
  const next = await createAuthority('test', [...hosts, 'next.example'], nowMs, authority);
  for (const name of [...hosts, 'below.localhost'])
    assert.equal(await verified(authority, name), 'good');
  for (const name of ['elsewhere.example', 'notlocalhost', '127.0.0.2', '::2', 'next.example']) {
    assert.equal(await verified(authority, name), permittedSubtreeViolation, name);
  }
  assert.equal(await verified(next, 'next.example'), 'good');
  const { stdout } = spawnSync('openssl', [
    'x509',
    '-noout',
    '-text',
    '-in',
    join(folder, 'ca.pem'),
  ]);
  assert.match(String(stdout), /X509v3 Name Constraints: critical\n\s+Permitted:/);
  rmSync(folder, { recursive: true });
});

test('every certificate has a unique serial number', async () => {
  const authority = await createAuthority('test', hosts, nowMs);
  const issue = () => issueServerCertificate(authority, 'ecdsa', hosts, nowMs);
  const [first, second] = await Promise.all([issue(), issue()]);
  assert.notEqual(parse(first).serialNumber, parse(second).serialNumber);
});
