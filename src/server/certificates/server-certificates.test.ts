import assert from 'node:assert/strict';
import { createPrivateKey, createSecretKey, randomBytes, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { createAuthority, issueServerCertificate } from '../../crypto/authority.ts';
import { sealValue } from '../../crypto/sealed-value.ts';
import { brokerName, type CertificateChange, ServerCertificates } from './server-certificates.ts';

const nowMs = Date.UTC(2026, 10, 24);
const dayMs = 86_400_000;
const key = createSecretKey(randomBytes(32));
const wanted = ['localhost', '127.0.0.1', '::1'];
const id = 'b-1';
const roleOf = (change: CertificateChange) =>
  'removed' in change ? `-${change.removed}` : change.role;

async function renew(
  certificates: ServerCertificates,
  more: readonly string[] = [],
  { atMs = nowMs, welcome = ['machine'], isThere = true } = {},
) {
  const hosts = { wanted: [...wanted, ...more], welcome };
  const applied: CertificateChange[] = [];
  const apply = (changes: readonly CertificateChange[]) => {
    for (const change of changes) certificates.apply(change);
    applied.push(...changes);
  };
  apply(await certificates.authorityRenewals(key, hosts, atMs));
  apply(await certificates.apiRenewals(key, hosts, atMs));
  apply(certificates.removals(() => isThere));
  apply(await certificates.brokerRenewals(key, id, hosts, atMs));
  return applied.map(roleOf);
}

const leaves = ['api ecdsa', 'api rsa', 'b-1 ecdsa', 'b-1 rsa'];
const all = ['api-authority', 'authority', ...leaves];

test('certificates are created once and renewed when they expire soon or lack a host', async () => {
  const certificates = new ServerCertificates();
  assert.deepEqual(await renew(certificates), all);
  const { apiAuthority, brokerAuthority } = certificates;
  assert.deepEqual(await renew(certificates), []);
  assert.deepEqual(await renew(certificates, [], { atMs: nowMs + 300 * dayMs }), []);
  assert.deepEqual(await renew(certificates, [], { atMs: nowMs + 340 * dayMs }), leaves);
  assert.deepEqual(
    [certificates.apiAuthority, certificates.brokerAuthority],
    [apiAuthority, brokerAuthority],
  );
  assert.deepEqual(await renew(certificates, ['broker.example']), all);
  assert.deepEqual(await renew(certificates, ['broker.example']), []);
  assert.deepEqual(await renew(certificates, [], { atMs: nowMs + 3600 * dayMs }), all);
});

test('an optional host name does not trigger a renewal', async () => {
  const certificates = new ServerCertificates();
  await renew(certificates);
  assert.deepEqual(await renew(certificates, [], { welcome: ['container-2'] }), []);
  const [api] = certificates.api(key);
  assert.ok(new X509Certificate(api?.certificate ?? '').checkHost('machine'));
});

test('every listener has its own keys, and every broker its own name', async () => {
  const certificates = new ServerCertificates();
  await certificates.prepare();
  await renew(certificates);
  const made = await certificates.brokerRenewals(key, 'b-2', { wanted, welcome: [] }, nowMs);
  for (const change of made) certificates.apply(change);
  const [api, one, two] = [
    certificates.api(key),
    certificates.broker(key, id),
    certificates.broker(key, 'b-2'),
  ];
  const keys = [...api, ...one, ...two].map(({ privateKey }) => privateKey);
  assert.equal(new Set(keys).size, 6);
  for (const { certificate } of [...api, ...one]) {
    const parsed = new X509Certificate(certificate);
    assert.equal(parsed.checkHost(brokerName('b-2')), undefined);
    assert.equal(parsed.checkHost('localhost'), 'localhost');
  }
  for (const { certificate } of two) {
    assert.ok(new X509Certificate(certificate).checkHost(brokerName('b-2')));
  }
});

test('certificates of deleted brokers are removed', async () => {
  const certificates = new ServerCertificates();
  await renew(certificates);
  const changes = await renew(certificates, [], { isThere: false });
  assert.deepEqual(changes.slice(0, 2), ['-b-1 ecdsa', '-b-1 rsa']);
});

/** What a release with one certificate for all listeners and an authority for any name left. */
async function earlierRelease() {
  const authority = await createAuthority('old', wanted, nowMs);
  const issue = (kind: 'ecdsa' | 'rsa') => issueServerCertificate(authority, kind, wanted, nowMs);
  const kept = { authority, ecdsa: await issue('ecdsa'), rsa: await issue('rsa') };
  const certificates = new ServerCertificates();
  for (const [role, { certificate, privateKey }] of Object.entries(kept)) {
    const sealed = sealValue(key, `key of ${role}`, Buffer.from(privateKey));
    const change = { role, certificate, sealedKey: sealed.toString('base64') };
    // Neither said what it was for.
    certificates.apply(change as unknown as CertificateChange);
  }
  return { certificates, kept };
}

test('earlier certificates are replaced, and clients that trust their authority trust the brokers', async () => {
  const { certificates, kept } = await earlierRelease();
  assert.deepEqual((await renew(certificates)).sort(), [...all, '-ecdsa', '-rsa'].sort());
  const before = new X509Certificate(kept.authority.certificate);
  const after = new X509Certificate(certificates.brokerAuthority);
  assert.notEqual(after.serialNumber, before.serialNumber);
  assert.equal(after.subject, before.subject);
  for (const { certificate, privateKey } of certificates.broker(key, id)) {
    const parsed = new X509Certificate(certificate);
    assert.ok(parsed.checkIssued(before) && parsed.verify(before.publicKey));
    assert.ok(![kept.ecdsa.privateKey, kept.rsa.privateKey].includes(privateKey));
  }
  for (const { certificate } of certificates.api(key)) {
    assert.ok(!new X509Certificate(certificate).verify(before.publicKey));
  }
  assert.deepEqual(await renew(certificates), []);
});

test('certificates survive a reload, and no private key is stored in plaintext', async () => {
  const certificates = new ServerCertificates();
  await renew(certificates);
  const again = new ServerCertificates();
  for (const change of certificates.snapshot()) {
    assert.doesNotMatch(JSON.stringify(change), /PRIVATE KEY/);
    again.apply(change);
  }
  const authority = new X509Certificate(again.apiAuthority);
  for (const { certificate, privateKey } of again.api(key)) {
    const parsed = new X509Certificate(certificate);
    assert.ok(parsed.checkPrivateKey(createPrivateKey(privateKey)));
    assert.ok(parsed.verify(authority.publicKey));
  }
  assert.throws(() => again.api(createSecretKey(randomBytes(32))));
});
