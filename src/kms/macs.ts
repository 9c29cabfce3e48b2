// HMAC keys.

import { createHmac, timingSafeEqual } from 'node:crypto';
import { assert } from '../base/assert.ts';
import type { KeyUses } from './access/key-uses.ts';
import type { KmsCall } from './call.ts';
import type { Materials } from './ciphers/materials.ts';
import { KmsError } from './errors.ts';
import { currentMaterial, type KeyRecord } from './records.ts';
import { type Result, unchanged } from './result.ts';

/** A GenerateMac request, and the part of a VerifyMac request without the HMAC. */
export interface MacRequest {
  readonly KeyId: string;
  readonly Message: Buffer;
  readonly MacAlgorithm: string;
  readonly GrantTokens?: readonly string[] | undefined;
}

interface Parts {
  readonly uses: KeyUses;
  readonly materials: Materials;
}

/** Computes and verifies HMACs. @see AWS KMS developer guide, "HMAC keys in AWS KMS" */
export class Macs {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** @throws {KmsError} if the key is not found, or access, key state, usage or algorithm forbid it */
  generate(call: KmsCall, request: MacRequest): Result<{ key: KeyRecord; mac: Buffer }> {
    const key = this.#keyFor(call, 'GenerateMac', request);
    return unchanged({ key, mac: this.#mac(key, request) }, key);
  }

  /** @throws {KmsError} 'KMSInvalidMacException', and the errors of {@link generate} */
  verify(call: KmsCall, request: MacRequest, mac: Buffer): Result<KeyRecord> {
    const key = this.#keyFor(call, 'VerifyMac', request);
    const wanted = this.#mac(key, request);
    if (mac.length !== wanted.length || !timingSafeEqual(mac, wanted)) {
      throw new KmsError('KMSInvalidMacException', '');
    }
    return unchanged(key, key);
  }

  #keyFor(call: KmsCall, operation: 'GenerateMac' | 'VerifyMac', request: MacRequest): KeyRecord {
    const { KeyId, MacAlgorithm, GrantTokens } = request;
    return this.#parts.uses.find(call, KeyId, {
      operation,
      usage: 'GENERATE_VERIFY_MAC',
      algorithm: MacAlgorithm,
      grantTokens: GrantTokens,
      values: { 'kms:MacAlgorithm': MacAlgorithm },
    });
  }

  #mac(key: KeyRecord, { Message, MacAlgorithm }: MacRequest): Buffer {
    const material = currentMaterial(key);
    assert(material !== undefined, `${key.arn} has no material`);
    const hash = MacAlgorithm.replace('HMAC_SHA_', 'sha');
    return this.#parts.materials.use(key, material, (bytes) =>
      createHmac(hash, bytes).update(Message).digest(),
    );
  }
}
