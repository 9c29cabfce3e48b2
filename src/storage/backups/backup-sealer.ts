// Writing of backup files.

import type { KeyObject } from 'node:crypto';
import { assert } from '../../base/assert.ts';
import type { Random } from '../../base/random.ts';
import { CounterSealer, tagBytes } from '../../crypto/aead.ts';
import { StorageError } from '../errors.ts';
import {
  type BackupEntry,
  backupHeaderBytesMax,
  backupMagic,
  backupVersion,
  frameBytesMax,
  frameHeadBytes,
  frameKey,
  frameTypes,
  headerAt,
  isEntryName,
  lastFlag,
  saltBytes,
} from './backup-format.ts';

/** Seals the parts of one backup file, which are written one after the other. */
export class BackupSealer {
  /** What the file begins with. */
  readonly beginning: Buffer;
  readonly #sealer: CounterSealer;
  #frameCount = 0;
  #entryCount = 0;
  #sizeBytes = 0;
  /** The number of missing bytes of the current entry. */
  #missing = 0;
  #isOver = false;

  /**
   * @param key 256 bits, from which the key of this file is derived
   * @param header authenticated, but not encrypted
   */
  constructor(key: KeyObject, header: object, random: Random) {
    const text = Buffer.from(JSON.stringify(header));
    assert(text.length <= backupHeaderBytesMax, `the header of a backup has ${text.length} bytes`);
    const head = Buffer.alloc(headerAt);
    backupMagic.copy(head);
    head.writeUInt16BE(backupVersion, backupMagic.length);
    random.bytes(saltBytes).copy(head, backupMagic.length + 4);
    head.writeUInt32BE(text.length, headerAt - 4);
    this.beginning = Buffer.concat([head, text]);
    this.#sealer = new CounterSealer(frameKey(key, this.beginning));
  }

  /** Begins an entry. Its data must follow. */
  entry({ name, sizeBytes }: BackupEntry): Buffer {
    assert(this.#missing === 0, `${this.#missing} bytes of an entry are missing`);
    if (!isEntryName(name)) {
      throw new StorageError('backup-refused', `${JSON.stringify(name)} cannot be backed up`);
    }
    this.#entryCount += 1;
    this.#sizeBytes += sizeBytes;
    this.#missing = sizeBytes;
    return this.#json(frameTypes.entry, { name, sizeBytes }, 0);
  }

  /** @param bytes up to 256 KiB of the entry */
  data(bytes: Uint8Array): Buffer {
    assert(bytes.length <= this.#missing, 'an entry is longer than announced');
    this.#missing -= bytes.length;
    return this.#frame(Buffer.concat([Buffer.of(frameTypes.data), bytes]), 0);
  }

  /** Ends the file. Nothing may follow. */
  end(): Buffer {
    assert(this.#missing === 0, `${this.#missing} bytes of an entry are missing`);
    const end = { entryCount: this.#entryCount, sizeBytes: this.#sizeBytes };
    const frame = this.#json(frameTypes.end, end, lastFlag);
    this.#isOver = true;
    return frame;
  }

  #json(type: number, value: object, flags: number): Buffer {
    return this.#frame(Buffer.concat([Buffer.of(type), Buffer.from(JSON.stringify(value))]), flags);
  }

  #frame(plaintext: Buffer, flags: number): Buffer {
    assert(!this.#isOver, 'a backup continues after its end');
    assert(plaintext.length <= frameBytesMax, `a frame has ${plaintext.length} bytes`);
    const head = Buffer.alloc(frameHeadBytes);
    head.writeUInt32BE(plaintext.length);
    head.writeUInt8(flags, 4);
    const tag = Buffer.alloc(tagBytes);
    this.#frameCount += 1;
    const sealed = this.#sealer.seal(this.#frameCount, head, plaintext, tag);
    plaintext.fill(0);
    return Buffer.concat([head, sealed, tag]);
  }
}
