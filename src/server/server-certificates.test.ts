import assert from 'node:assert/strict';
import { createPrivateKey, createSecretKey, randomBytes, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { ServerCertificates } from './server-certificates.ts';

const nowMs = Date.UTC(2026, 10, 24);
const dayMs = 86_400_000;
const key = createSecretKey(randomBytes(32));
const hosts = ['localhost', '127.0.0.1', '::1'];

async function renew(certificates: ServerCertificates, names = hosts, atMs = nowMs) {
  const changes = await certificates.renewals(key, names, atMs);
  for (const change of changes) certificates.apply(change);
  return changes.map(({ role }) => role);
}

test('certificates are made once, and again when they end soon or lack a host', async () => {
  const certificates = new ServerCertificates();
  assert.deepEqual(await renew(certificates), ['authority', 'ecdsa', 'rsa']);
  const { authority } = certificates;
  assert.deepEqual(await renew(certificates), []);
  assert.deepEqual(await renew(certificates, [...hosts, 'broker.example']), ['ecdsa', 'rsa']);
  assert.deepEqual(await renew(certificates, hosts, nowMs + 300 * dayMs), []);
  assert.deepEqual(await renew(certificates, hosts, nowMs + 340 * dayMs), ['ecdsa', 'rsa']);
  assert.equal(certificates.authority, authority);
  const all = await renew(certificates, hosts, nowMs + 3600 * dayMs);
  assert.deepEqual(all, ['authority', 'ecdsa', 'rsa']);
});

test('what is read back is what was made, and no key is kept in clear', async () => {
  const certificates = new ServerCertificates();
  await renew(certificates);
  const again = new ServerCertificates();
  for (const change of certificates.snapshot()) {
    assert.doesNotMatch(JSON.stringify(change), /PRIVATE KEY/);
    again.apply(change);
  }
  for (const { certificate, privateKey } of again.servers(key)) {
    const parsed = new X509Certificate(certificate);
    assert.ok(parsed.checkPrivateKey(createPrivateKey(privateKey)));
    assert.ok(parsed.verify(new X509Certificate(again.authority).publicKey));
  }
  assert.throws(() => again.servers(createSecretKey(randomBytes(32))));
});
