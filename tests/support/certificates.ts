// Certificates for tests.

import { systemClock } from '../../src/base/clock.ts';
import { createAuthority, issueServerCertificate } from '../../src/crypto/authority.ts';
import type { ServerCertificate } from '../../src/net/tls-listener.ts';

/** An authority for one test run, and a server's two certificates under it. */
export interface TestCertificates {
  /** PEM, for clients to trust. */
  readonly authority: string;
  readonly servers: readonly ServerCertificate[];
}

export async function testCertificates(): Promise<TestCertificates> {
  const nowMs = systemClock.nowMs();
  const hosts = ['localhost', '127.0.0.1'];
  const authority = await createAuthority('test', hosts, nowMs);
  const issue = (kind: 'ecdsa' | 'rsa') => issueServerCertificate(authority, kind, hosts, nowMs);
  return {
    authority: authority.certificate,
    servers: await Promise.all([issue('ecdsa'), issue('rsa')]),
  };
}

let shared: Promise<TestCertificates> | undefined;

/** The certificates of control planes, and of identity providers in tests. */
export async function planeCertificates(): Promise<TestCertificates> {
  shared ??= testCertificates();
  return await shared;
}
