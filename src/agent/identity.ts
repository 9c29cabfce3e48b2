// The identity of a host: its certificate, its sealed key, and where the service is.

import { createSecretKey, type KeyObject } from 'node:crypto';
import { mkdir, open, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../base/clock.ts';
import { systemRandom } from '../base/random.ts';
import { openValue, sealValue } from '../crypto/sealed-value.ts';
import { type Fields, text, whole } from '../hosts/channel/fields.ts';
import type { RootKeySource } from '../server/root-key/source.ts';
import { unwrapDataKey, wrapDataKey } from '../server/root-key/wrapping.ts';
import { AgentError } from './errors.ts';

/** What a host knows about itself and the service. */
export interface Identity {
  readonly hostId: string;
  readonly name: string;
  readonly zone: string;
  readonly address: string;
  /** The service. */
  readonly host: string;
  readonly port: number;
  /** The authority of hosts, and the certificate of this one; PEM. */
  readonly authority: string;
  readonly certificate: string;
  /** PKCS #8 PEM. Only in memory. */
  readonly privateKey: string;
}

const fileBytesMax = 256 * 1024;
const context = 'key of a host';
const keyBytes = 32;

/**
 * The file with the identity of a host. Its private key is sealed by a key that the root key of the
 * folder wraps, as in the folder of a service.
 */
export class IdentityFile {
  readonly folder: string;
  readonly #source: RootKeySource;

  private constructor(folder: string, source: RootKeySource) {
    this.folder = folder;
    this.#source = source;
  }

  /** @param folder the data folder of the host, which is created if necessary */
  static async in(folder: string, source: RootKeySource): Promise<IdentityFile> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const found = await stat(folder);
    if ((found.mode & 0o077) !== 0 || found.uid !== process.geteuid?.()) {
      const shown = (found.mode & 0o777).toString(8);
      const text = `${folder} has mode ${shown} and owner ${found.uid}; it must be 700 and belong to this user`;
      throw new AgentError('folder-invalid', text);
    }
    return new IdentityFile(await realpath(folder), source);
  }

  get #path(): string {
    return join(this.folder, 'host.json');
  }

  /** The identity; undefined if this machine has not joined. @throws {AgentError} `folder-invalid` */
  async read(): Promise<Identity | undefined> {
    const bytes = await readFile(this.#path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (bytes === undefined) return undefined;
    try {
      const fields = JSON.parse(bytes.toString('utf8', 0, fileBytesMax)) as Fields;
      const sealed = Buffer.from(text(fields, 'sealedKey', /^[\w+/=]+$/, fileBytesMax), 'base64');
      const key = await this.#openKey(fields);
      return {
        hostId: text(fields, 'hostId', /^h-[0-9a-f]{17}$/),
        name: text(fields, 'name', /./),
        zone: text(fields, 'zone', /./),
        address: text(fields, 'address', /./),
        host: text(fields, 'host', /./),
        port: whole(fields, 'port', 1, 65_535),
        authority: text(fields, 'authority', /./, fileBytesMax),
        certificate: text(fields, 'certificate', /./, fileBytesMax),
        privateKey: openValue(key, context, sealed).toString('utf8'),
      };
    } catch (cause) {
      if (!(cause instanceof Error)) throw cause;
      const text = `${this.#path} is not the identity of a host: ${cause.message}`;
      throw new AgentError('folder-invalid', text, { cause });
    }
  }

  async #openKey(fields: Fields): Promise<KeyObject> {
    const volumeId = text(fields, 'keyId', /^sys-[0-9a-f]{17}$/);
    const wrapped = Buffer.from(text(fields, 'wrappedKey', /^[\w+/=]+$/, fileBytesMax), 'base64');
    const bytes = await unwrapDataKey(this.#source, { folder: this.folder, volumeId }, wrapped);
    const key = createSecretKey(bytes);
    bytes.fill(0);
    return key;
  }

  /** Writes the identity, synced. A crash leaves the old file or the new one. */
  async write({ privateKey, ...shown }: Identity): Promise<void> {
    const volumeId = `sys-${systemRandom.bytes(9).toString('hex').slice(0, 17)}`;
    const key = systemRandom.bytes(keyBytes);
    const change = { atMs: systemClock.nowMs(), id: systemRandom.bytes(16) };
    const owner = { folder: this.folder, volumeId };
    const wrapped = await wrapDataKey(this.#source, owner, key, change);
    const plain = Buffer.from(privateKey);
    const sealed = sealValue(key, context, plain);
    plain.fill(0);
    key.fill(0);
    const content = {
      ...shown,
      keyId: volumeId,
      wrappedKey: wrapped.toString('base64'),
      sealedKey: sealed.toString('base64'),
    };
    const file = await open(`${this.#path}.new`, 'w', 0o600);
    try {
      await file.writeFile(`${JSON.stringify(content, null, 2)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(`${this.#path}.new`, this.#path);
    await this.#sync();
  }

  /** Removes the identity, synced: the machine can join again. */
  async remove(): Promise<void> {
    await rm(this.#path, { force: true });
    await this.#sync();
  }

  async #sync(): Promise<void> {
    const entries = await open(this.folder, 'r');
    try {
      await entries.sync();
    } finally {
      await entries.close();
    }
  }
}
