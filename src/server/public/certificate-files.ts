// A certificate for public names in files of the operator.

import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { open, stat } from 'node:fs/promises';
import { isIP } from 'node:net';
import { ServerError } from '../errors.ts';
import type { PublicCertificate } from './public-certificate.ts';

/** Maximum size of each file, bytes. */
const fileBytesMax = 256 * 1024;
/** Maximum number of certificates in the chain. */
const chainCountMax = 10;
const rsaBitsMin = 2048;
const serverAuth = '1.3.6.1.5.5.7.3.1';

/** The files, as absolute paths. */
export interface CertificateFiles {
  /** PEM: the server's certificate, then those of the authorities between it and a root. */
  readonly certificateFile: string;
  /** PEM. Others than its owner must not be able to read it. */
  readonly keyFile: string;
  /** The passphrase of an encrypted key, in its first line; undefined for none. */
  readonly passphraseFile?: string | undefined;
}

/** What a certificate must fit. */
export interface CertificateNeeds {
  /** It must be for the first one. */
  readonly publicHosts: readonly string[];
  /** Whether only suites with RSA are offered. */
  readonly hasTlsParity: boolean;
}

/** A value that changes with the files. */
export async function stampOf(files: CertificateFiles): Promise<string> {
  const { certificateFile, keyFile, passphraseFile } = files;
  const stamps = [certificateFile, keyFile, ...(passphraseFile ? [passphraseFile] : [])].map(
    (file) =>
      stat(file).then(
        ({ ino, size, mtimeMs, ctimeMs }) => `${ino} ${size} ${mtimeMs} ${ctimeMs}`,
        (error: NodeJS.ErrnoException) => error.code ?? '?',
      ),
  );
  return (await Promise.all(stamps)).join(', ');
}

/**
 * Reads and checks the certificate and its key.
 *
 * @throws {ServerError} `certificate-unusable`
 */
export async function readCertificate(
  files: CertificateFiles,
  needs: CertificateNeeds,
  nowMs: number,
): Promise<PublicCertificate> {
  const { certificateFile, keyFile, passphraseFile } = files;
  const chain = chainIn(certificateFile, (await read(certificateFile, false)).toString('latin1'));
  const key = await readKey(keyFile, passphraseFile);
  return checked(chain, key, { certificateFile, keyFile }, needs, nowMs);
}

/** Checks a certificate and its key. */
function checked(
  chain: readonly X509Certificate[],
  key: KeyObject,
  { certificateFile, keyFile }: CertificateFiles,
  { publicHosts, hasTlsParity }: CertificateNeeds,
  nowMs: number,
): PublicCertificate {
  const [leaf] = chain;
  if (leaf === undefined) throw unusable(`${certificateFile} has no certificate in PEM`);
  if (!leaf.checkPrivateKey(key)) {
    throw unusable(
      `the key in ${keyFile} does not belong to the certificate in ${certificateFile}`,
    );
  }
  checkKeyType(key, keyFile, hasTlsParity);
  for (const [at, certificate] of chain.slice(0, -1).entries()) {
    const issuer = chain[at + 1];
    if (issuer !== undefined && certificate.checkIssued(issuer)) continue;
    const text = `certificate ${at + 1} of ${certificateFile} was not issued by certificate ${at + 2}`;
    throw unusable(`${text}; each one must be followed by the one of its issuer`);
  }
  const [fromMs, untilMs] = [Date.parse(leaf.validFrom), Date.parse(leaf.validTo)];
  if (fromMs > nowMs || untilMs <= nowMs) {
    const now = new Date(nowMs).toISOString();
    const text = `is valid from ${leaf.validFrom} to ${leaf.validTo}; it is ${now} now`;
    throw unusable(`the certificate in ${certificateFile} ${text}`);
  }
  if (leaf.keyUsage !== undefined && !leaf.keyUsage.includes(serverAuth)) {
    throw unusable(`the certificate in ${certificateFile} is not for servers (extended key usage)`);
  }
  const [host = ''] = publicHosts;
  const isNamed = isIP(host) === 0 ? leaf.checkHost(host) : leaf.checkIP(host);
  if (isNamed === undefined) {
    const names = leaf.subjectAltName ?? 'no name';
    const text = `is for ${names.slice(0, 300)}; expected ${host}, the first --public-host`;
    throw unusable(`the certificate in ${certificateFile} ${text}`);
  }
  return {
    certificate: chain.map((each) => each.toString()).join(''),
    privateKey: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
    names: dnsNamesOf(leaf),
    isForUnnamed: publicHosts.some((each) => isIP(each) !== 0 && leaf.checkIP(each) !== undefined),
    expiresAtMs: untilMs,
  };
}

/** The DNS names of a certificate, in lower case. */
export function dnsNamesOf({ subjectAltName = '' }: X509Certificate): string[] {
  // Names with other characters are quoted, and never match.
  return [...subjectAltName.matchAll(/DNS:([\w*.-]+)/g)].map(([, name = '']) => name.toLowerCase());
}

function chainIn(file: string, text: string): X509Certificate[] {
  const found = [
    ...text.matchAll(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g),
  ].map(([pem]) => pem);
  if (found.length > chainCountMax) {
    throw unusable(
      `${file} has ${found.length} certificates; at most ${chainCountMax} are allowed`,
    );
  }
  try {
    return found.map((pem) => new X509Certificate(pem));
  } catch (cause) {
    throw unusable(`${file} has a certificate that cannot be read`, cause);
  }
}

async function readKey(file: string, passphraseFile: string | undefined): Promise<KeyObject> {
  const bytes = await read(file, true);
  const passphrase = passphraseFile && firstLine(await read(passphraseFile, true));
  const isEncrypted = bytes.includes('ENCRYPTED');
  if (isEncrypted && passphrase === undefined) {
    throw unusable(`the key in ${file} is encrypted; --tls-key-passphrase-file is not set`);
  }
  try {
    return createPrivateKey({ key: bytes, format: 'pem', passphrase });
  } catch {
    // The cause could contain a part of the key.
    const why = isEncrypted ? ' with this passphrase' : ': it is not a private key in PEM';
    throw unusable(`the key in ${file} cannot be read${why}`);
  } finally {
    bytes.fill(0);
  }
}

function firstLine(bytes: Buffer): string {
  const [line = ''] = bytes.toString('utf8').split(/\r?\n/, 1);
  bytes.fill(0);
  return line;
}

function checkKeyType(key: KeyObject, file: string, hasTlsParity: boolean): void {
  const { asymmetricKeyType: type = '?', asymmetricKeyDetails: details = {} } = key;
  if (type === 'rsa' && (details.modulusLength ?? 0) >= rsaBitsMin) return;
  const isCommon = ['prime256v1', 'secp384r1'].includes(details.namedCurve ?? '');
  if (type === 'ec' && isCommon && !hasTlsParity) return;
  const found = `${type} ${details.modulusLength ?? details.namedCurve ?? ''}`.trim();
  const allowed = hasTlsParity ? 'with --tls-parity' : 'EC on P-256 or P-384, or';
  throw unusable(
    `the key in ${file} is ${found}; expected ${allowed} RSA with at least ${rsaBitsMin} bits`,
  );
}

/** Reads a file. A secret one must not be readable or writable by others than its owner. */
async function read(file: string, isSecret: boolean): Promise<Buffer> {
  const opened = await open(file).catch((error: NodeJS.ErrnoException) => {
    throw unusable(`${file} cannot be opened (${error.code})`);
  });
  try {
    const found = await opened.stat();
    if (!found.isFile()) throw unusable(`${file} is not a file`);
    if (found.size > fileBytesMax) {
      throw unusable(`${file} has ${found.size} bytes; the maximum is ${fileBytesMax}`);
    }
    if (isSecret) checkPrivate(file, found);
    return await opened.readFile();
  } finally {
    await opened.close();
  }
}

function checkPrivate(file: string, { mode, uid }: { mode: number; uid: number }): void {
  const user = process.geteuid?.();
  if (uid !== user && uid !== 0) {
    throw unusable(`${file} belongs to user ${uid}; expected user ${user} or root`);
  }
  if ((mode & 0o077) === 0) return;
  const shown = (mode & 0o777).toString(8).padStart(4, '0');
  const text = `${file} has mode ${shown}: others can read or change it`;
  throw unusable(`${text}; expected 0600 or less (chmod 600 ${file})`);
}

function unusable(text: string, cause?: unknown): ServerError {
  return new ServerError('certificate-unusable', text, { cause });
}
