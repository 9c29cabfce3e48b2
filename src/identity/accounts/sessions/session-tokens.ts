// Session tokens: sealed sessions.

import type { KeyObject } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { Random } from '../../../base/random.ts';
import { deriveKey } from '../../../crypto/derive.ts';
import { openValue, sealedOverheadBytes, sealValue } from '../../../crypto/sealed-value.ts';
import { IamError } from '../errors.ts';
import type { SessionRecord } from './session-record.ts';

/** The first byte of a token, which tells its format. */
const version = 1;
const saltBytes = 16;
/** Maximum length of a token. */
export const tokenCharactersMax = 8192;
/** Maximum number of opened tokens that are kept. */
const openedCountMax = 256;
/** Maximum size of the session policies and tags in a token, bytes after compression. */
const packedBytesMax = 4096;

/**
 * Seals sessions into tokens, and opens them. Nothing is stored. Each token is sealed with a key of
 * its own, which is derived from a random salt, so that any number of tokens can be issued.
 */
export class SessionTokens {
  readonly #key: KeyObject;
  readonly #random: Random;
  /** Opened sessions by token; the oldest is first. */
  readonly #opened = new Map<string, SessionRecord>();

  /** @param key 256 bits, used for nothing else */
  constructor(key: KeyObject, random: Random) {
    this.#key = key;
    this.#random = random;
  }

  /**
   * Seals a session; base64.
   *
   * @param sizeMin the minimum length of the token, at most {@link tokenCharactersMax}
   */
  seal(session: SessionRecord, sizeMin = 0): string {
    const salt = this.#random.bytes(saltBytes);
    const packed = deflateRawSync(Buffer.from(JSON.stringify(session), 'utf8'));
    // Four characters for three bytes. The end of the compressed data is marked in it.
    const bytesMin = Math.ceil(sizeMin / 4) * 3 - 1 - saltBytes - sealedOverheadBytes;
    const content = Buffer.alloc(Math.max(packed.length, bytesMin));
    packed.copy(content);
    packed.fill(0);
    const sealed = sealValue(this.#keyOf(salt), context, content);
    content.fill(0);
    return Buffer.concat([Buffer.of(version), salt, sealed]).toString('base64');
  }

  /**
   * Opens a token.
   *
   * @returns undefined if this service did not issue it for this access key
   */
  open(token: string, accessKeyId: string): SessionRecord | undefined {
    const session = this.#opened.get(token) ?? this.#unsealed(token);
    if (session?.accessKeyId !== accessKeyId) return undefined;
    this.#keep(token, session);
    return session;
  }

  #unsealed(token: string): SessionRecord | undefined {
    if (token.length > tokenCharactersMax) return undefined;
    const bytes = Buffer.from(token, 'base64');
    // Other texts with the same bytes are not the token: the text itself is what is remembered.
    if (bytes.toString('base64') !== token || bytes[0] !== version) return undefined;
    if (bytes.length < 1 + saltBytes + sealedOverheadBytes) return undefined;
    const salt = bytes.subarray(1, 1 + saltBytes);
    let content: Buffer;
    try {
      content = openValue(this.#keyOf(salt), context, bytes.subarray(1 + saltBytes));
    } catch {
      return undefined; // not authentic
    }
    return JSON.parse(inflateRawSync(content).toString('utf8'));
  }

  #keep(token: string, session: SessionRecord): void {
    if (this.#opened.has(token)) return;
    this.#opened.set(token, session);
    if (this.#opened.size <= openedCountMax) return;
    const [oldest] = this.#opened.keys();
    if (oldest !== undefined) this.#opened.delete(oldest);
  }

  #keyOf(salt: Buffer): KeyObject {
    return deriveKey(this.#key, salt, context);
  }
}

const context = 'waxwing identity: session token';

/**
 * Determines the size of session policies and tags in a token.
 *
 * @returns percent of the maximum, 1 to 100; undefined if there are none
 * @throws {IamError} 'PackedPolicyTooLarge'
 */
export function packedPercent(
  parts: Pick<SessionRecord, 'policy' | 'policyArns' | 'tags' | 'transitiveTagKeys'>,
): number | undefined {
  const { policy, policyArns = [], tags = [], transitiveTagKeys = [] } = parts;
  if (policy === undefined && policyArns.length === 0 && tags.length === 0) return undefined;
  const text = JSON.stringify([policy, policyArns, tags, transitiveTagKeys]);
  const size = deflateRawSync(Buffer.from(text, 'utf8')).length;
  const percent = Math.ceil((size * 100) / packedBytesMax);
  if (percent <= 100) return percent;
  throw new IamError(
    'PackedPolicyTooLarge',
    `Packed size of session tags and policies consumes ${percent}% of allotted space.`,
  );
}
