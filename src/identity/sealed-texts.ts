// Texts that this service hands out and reads again, such as the ids of registered clients.

import type { KeyObject } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { Random } from '../base/random.ts';
import { deriveKey } from '../crypto/derive.ts';
import { openValue, sealedOverheadBytes, sealValue } from '../crypto/sealed-value.ts';

/** The first byte of a text, which tells its format. */
const version = 1;
const saltBytes = 16;
/** Maximum size of an opened value, bytes. */
const valueBytesMax = 64 * 1024;

/**
 * Seals JSON values into texts, and opens them, so that nothing needs to be stored. Each text is sealed
 * with a key of its own, derived from a random salt, so that any number of texts can be made.
 */
export class SealedTexts {
  readonly #key: KeyObject;
  readonly #purpose: string;
  readonly #random: Random;
  readonly #charactersMax: number;

  /**
   * @param key 256 bits
   * @param purpose the purpose of the texts, unique in this program: other texts cannot be opened
   * @param charactersMax maximum length of a text that is opened
   */
  constructor(key: KeyObject, purpose: string, random: Random, charactersMax: number) {
    this.#key = key;
    this.#purpose = purpose;
    this.#random = random;
    this.#charactersMax = charactersMax;
  }

  /** Seals a value; base64url. */
  seal(value: object): string {
    const salt = this.#random.bytes(saltBytes);
    const content = deflateRawSync(Buffer.from(JSON.stringify(value), 'utf8'));
    const sealed = sealValue(this.#keyOf(salt), this.#purpose, content);
    return Buffer.concat([Buffer.of(version), salt, sealed]).toString('base64url');
  }

  /** Opens a text; undefined if this service did not make it for this purpose. */
  open(text: string): unknown {
    if (text.length > this.#charactersMax) return undefined;
    const bytes = Buffer.from(text, 'base64url');
    if (bytes.toString('base64url') !== text || bytes[0] !== version) return undefined;
    if (bytes.length < 1 + saltBytes + sealedOverheadBytes) return undefined;
    const salt = bytes.subarray(1, 1 + saltBytes);
    let content: Buffer;
    try {
      content = openValue(this.#keyOf(salt), this.#purpose, bytes.subarray(1 + saltBytes));
    } catch {
      return undefined; // not authentic
    }
    const inflated = inflateRawSync(content, { maxOutputLength: valueBytesMax });
    return JSON.parse(inflated.toString('utf8'));
  }

  #keyOf(salt: Buffer): KeyObject {
    return deriveKey(this.#key, salt, this.#purpose);
  }
}
