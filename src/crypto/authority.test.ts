import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { type Certificate, createAuthority, issueServerCertificate } from './authority.ts';

const nowMs = Date.UTC(2026, 10, 24);
const hosts = ['localhost', '127.0.0.1', '::1', 'broker.example'];

function parse({ certificate, privateKey }: Certificate) {
  const parsed = new X509Certificate(certificate);
  assert.ok(parsed.checkPrivateKey(createPrivateKey(privateKey)));
  return parsed;
}

test('the authority signs itself and may sign others', async () => {
  const authority = parse(await createAuthority(nowMs));
  assert.equal(authority.ca, true);
  assert.ok(authority.verify(authority.publicKey));
  assert.equal(new Date(authority.validTo).getTime(), nowMs + 3650 * 86_400_000);
});

for (const kind of ['ecdsa', 'rsa'] as const) {
  test(`a server certificate with an ${kind} key is good for every host it names`, async () => {
    const authority = await createAuthority(nowMs);
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

test('no two certificates have the same serial number', async () => {
  const authority = await createAuthority(nowMs);
  const issue = () => issueServerCertificate(authority, 'ecdsa', hosts, nowMs);
  const [first, second] = await Promise.all([issue(), issue()]);
  assert.notEqual(parse(first).serialNumber, parse(second).serialNumber);
});
