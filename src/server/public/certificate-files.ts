// A certificate for public names in files of the operator.

import { createPrivateKey, type KeyObject } from 'node:crypto';
import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { bitsForOthers } from '../ownership.ts';
import { type CertificateNeeds, checkCertificate, unusable } from './check-certificate.ts';
import type { PublicCertificate } from './public-certificate.ts';

/** Maximum size of each file, bytes. */
const fileBytesMax = 256 * 1024;

/** The files, as absolute paths. */
export interface CertificateFiles {
  /** PEM: the server's certificate, then those of the authorities between it and a root. */
  readonly certificateFile: string;
  /** PEM. Others than its owner must not be able to read it; a group may if it belongs to root. */
  readonly keyFile: string;
  /** The passphrase of an encrypted key, in its first line; undefined for none. */
  readonly passphraseFile?: string | undefined;
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
  const pem = (await read(certificateFile, false)).toString('latin1');
  const key = await readKey(keyFile, passphraseFile);
  const found = { pem, key, certificateName: certificateFile, keyName: keyFile };
  return checkCertificate(found, needs, nowMs);
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

/** Reads a file. A secret one must not be readable or writable by others than its owner. */
async function read(file: string, isSecret: boolean): Promise<Buffer> {
  // Without the flag, a named pipe would keep the program waiting for its other end.
  const flags = constants.O_RDONLY | constants.O_NONBLOCK;
  const opened = await open(file, flags).catch((error: NodeJS.ErrnoException) => {
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
  if (bitsForOthers({ mode, uid }) === 0) return;
  const shown = (mode & 0o777).toString(8).padStart(4, '0');
  const text = `${file} has mode ${shown}: others can read or change it`;
  throw unusable(`${text}; expected 0600 or less (chmod 600 ${file})`);
}
