// Certificate authorities and server certificates.

import { createHash, randomBytes, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import { assert } from '../base/assert.ts';
import {
  AsnConvert,
  GeneralName,
  GeneralSubtree,
  GeneralSubtrees,
  id_ce_nameConstraints,
  NameConstraints,
  x509,
} from './certificate-library.ts';

const dayMs = 24 * 60 * 60 * 1000;

/** The validity of certificates of authorities and servers. */
const authorityDays = 3650;
const serverDays = 397;

/** A certificate and its private key, both PEM (PKCS #8). */
export interface Certificate {
  readonly certificate: string;
  readonly privateKey: string;
}

/** The key types of servers: ECDSA over P-256, and RSA with 2048 bits. */
export type KeyKind = 'ecdsa' | 'rsa';

const ecdsa = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const rsa = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
};

/** Generates a key pair in the thread pool. RSA keys take a while. */
export async function generateKeys(kind: KeyKind): Promise<webcrypto.CryptoKeyPair> {
  return kind === 'ecdsa'
    ? await webcrypto.subtle.generateKey(ecdsa, true, ['sign', 'verify'])
    : await webcrypto.subtle.generateKey(rsa, true, ['sign', 'verify']);
}

async function toPem(key: webcrypto.CryptoKey): Promise<string> {
  const bytes = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key));
  const pem = x509.PemConverter.encode(bytes, 'PRIVATE KEY');
  bytes.fill(0);
  return pem;
}

/** A positive serial number with 126 random bits (RFC 5280, 4.1.2.2). */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString('hex');
}

/** The validity starts a day ago, for peers whose clock is slow. */
function validity(nowMs: number, days: number) {
  return { notBefore: new Date(nowMs - dayMs), notAfter: new Date(nowMs + days * dayMs) };
}

/** The key pair and subject of an existing authority. */
async function identityOf({ certificate, privateKey }: Certificate) {
  const { subjectName, publicKey } = new x509.X509Certificate(certificate);
  const bytes = x509.PemConverter.decodeFirst(privateKey);
  const keys = {
    privateKey: await webcrypto.subtle.importKey('pkcs8', bytes, ecdsa, true, ['sign']),
    publicKey: await publicKey.export(ecdsa, ['verify'], webcrypto),
  };
  return { name: subjectName.toString(), keys };
}

/**
 * Restricts an authority to hosts, so that its key can be used only to impersonate these.
 * Subdomains are included (RFC 5280, 4.2.1.10).
 */
function constraintsOf(hosts: readonly string[]): x509.Extension {
  // An empty name would permit all names, and without an address all addresses would be permitted.
  assert(hosts.every((host) => host !== '') && hosts.some((host) => isIP(host) !== 0), 'no bounds');
  const permittedSubtrees = new GeneralSubtrees(
    hosts.map((host) => {
      const bits = { 0: undefined, 4: 32, 6: 128 }[isIP(host) as 0 | 4 | 6];
      const name = bits === undefined ? { dNSName: host } : { iPAddress: `${host}/${bits}` };
      return new GeneralSubtree({ base: new GeneralName(name) });
    }),
  );
  const value = AsnConvert.serialize(new NameConstraints({ permittedSubtrees }));
  return new x509.Extension(id_ce_nameConstraints, true, value);
}

/**
 * Creates a certificate authority, or renews the certificate of an existing one. A renewed
 * authority keeps its key and subject, so that clients with the previous certificate still trust
 * what it issued.
 *
 * @param name the name of the servers that it is for
 * @param hosts names and addresses that it may certify, with at least one address
 */
export async function createAuthority(
  name: string,
  hosts: readonly string[],
  nowMs: number,
  earlier?: Certificate,
): Promise<Certificate> {
  const made = () => `CN=Waxwing ${name} CA ${randomBytes(4).toString('hex')}`;
  const { keys, ...subject } = earlier
    ? await identityOf(earlier)
    : { name: made(), keys: await generateKeys('ecdsa') };
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: serialNumber(),
      name: subject.name,
      keys,
      signingAlgorithm: ecdsa,
      ...validity(nowMs, authorityDays),
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(
          x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
          true,
        ),
        constraintsOf(hosts),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  );
  return {
    certificate: `${certificate.toString('pem')}\n`,
    privateKey: await toPem(keys.privateKey),
  };
}

/**
 * Issues a server certificate.
 *
 * @param hosts names and addresses of the server, at least one; the first is the subject
 * @param generated a key pair that was generated in advance for this certificate
 */
export function issueServerCertificate(
  authority: Certificate,
  kind: KeyKind,
  hosts: readonly string[],
  nowMs: number,
  generated = generateKeys(kind),
): Promise<Certificate> {
  const purposes = [x509.ExtendedKeyUsage.serverAuth];
  return issue(authority, kind, hosts, { ...validity(nowMs, serverDays), purposes }, generated);
}

/**
 * Issues a certificate for a member of a closed group, whose members are servers and clients of each
 * other and trust only the authority of the group. It is valid as long as the authority.
 *
 * @param hosts names and addresses of the member, at least one; the first is the subject
 */
export function issueMemberCertificate(
  authority: Certificate,
  hosts: readonly string[],
  nowMs: number,
): Promise<Certificate> {
  const { serverAuth, clientAuth } = x509.ExtendedKeyUsage;
  const terms = { ...validity(nowMs, authorityDays), purposes: [serverAuth, clientAuth] };
  return issue(authority, 'ecdsa', hosts, terms, generateKeys('ecdsa'));
}

/** A new ECDSA key, PKCS #8 PEM, and the request for its certificate, PEM (PKCS #10). */
export interface CertificateRequest {
  readonly privateKey: string;
  readonly request: string;
}

/** Creates a key pair and a request, which proves that its sender has the key. */
export async function requestCertificate(): Promise<CertificateRequest> {
  const keys = await generateKeys('ecdsa');
  const made = await x509.Pkcs10CertificateRequestGenerator.create(
    { name: 'CN=waxwing', keys, signingAlgorithm: ecdsa },
    webcrypto,
  );
  return { privateKey: await toPem(keys.privateKey), request: made.toString('pem') };
}

/**
 * Issues a client certificate for the key of a request. Of the request, only the key is used.
 *
 * @param request PEM (PKCS #10)
 * @param host the only name in the certificate
 * @returns PEM, and SHA-256 of the public key (SPKI), hexadecimal; undefined if the request is not one for
 *   an ECDSA key over P-256 that signs it
 */
export async function certifyClient(
  authority: Certificate,
  request: string,
  host: string,
  days: number,
  nowMs: number,
): Promise<{ readonly certificate: string; readonly keyDigest: string } | undefined> {
  const publicKey = await keyOfRequest(request);
  if (publicKey === undefined) return undefined;
  const purposes = [x509.ExtendedKeyUsage.clientAuth];
  const terms = { ...validity(nowMs, days), purposes };
  const certificate = await sign(authority, 'ecdsa', [host], terms, publicKey);
  const spki = Buffer.from(await webcrypto.subtle.exportKey('spki', publicKey));
  return { certificate, keyDigest: createHash('sha256').update(spki).digest('hex') };
}

async function keyOfRequest(text: string): Promise<webcrypto.CryptoKey | undefined> {
  try {
    const request = new x509.Pkcs10CertificateRequest(text);
    if (!(await request.verify(webcrypto))) return undefined;
    return await request.publicKey.export(ecdsa, ['verify'], webcrypto);
  } catch {
    return undefined; // the text comes from outside, and parsers of ASN.1 throw errors of many kinds
  }
}

interface Terms {
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly purposes: x509.ExtendedKeyUsage[];
}

async function issue(
  authority: Certificate,
  kind: KeyKind,
  hosts: readonly string[],
  terms: Terms,
  generated: Promise<webcrypto.CryptoKeyPair>,
): Promise<Certificate> {
  const { publicKey, privateKey } = await generated;
  const certificate = await sign(authority, kind, hosts, terms, publicKey);
  return { certificate, privateKey: await toPem(privateKey) };
}

/** Returns the certificate, PEM. */
async function sign(
  authority: Certificate,
  kind: KeyKind,
  hosts: readonly string[],
  { purposes, ...validFor }: Terms,
  publicKey: webcrypto.CryptoKey,
): Promise<string> {
  const issuer = new x509.X509Certificate(authority.certificate);
  const issuerKey = await webcrypto.subtle.importKey(
    'pkcs8',
    x509.PemConverter.decodeFirst(authority.privateKey),
    ecdsa,
    false,
    ['sign'],
  );
  const usages = x509.KeyUsageFlags.digitalSignature;
  const certificate = await x509.X509CertificateGenerator.create(
    {
      serialNumber: serialNumber(),
      subject: [{ CN: [hosts[0] ?? 'localhost'] }],
      issuer: issuer.subjectName,
      publicKey,
      signingKey: issuerKey,
      signingAlgorithm: ecdsa,
      ...validFor,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(
          kind === 'rsa' ? usages | x509.KeyUsageFlags.keyEncipherment : usages,
          true,
        ),
        new x509.ExtendedKeyUsageExtension(purposes),
        new x509.SubjectAlternativeNameExtension(
          hosts.map((host) => ({ type: isIP(host) === 0 ? 'dns' : 'ip', value: host })),
        ),
        await x509.SubjectKeyIdentifierExtension.create(publicKey, false, webcrypto),
        await x509.AuthorityKeyIdentifierExtension.create(issuer, false, webcrypto),
      ],
    },
    webcrypto,
  );
  return `${certificate.toString('pem')}\n`;
}
