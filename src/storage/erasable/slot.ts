// The format of a slot with a secret. See docs/formats/erasable-secrets.md.

import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto';
import type { Random } from '../../base/random.ts';

/** Size of a secret. */
export const secretBytes = 32;
/** Size of a slot: nonce 12, sealed secret 32, tag 16, zeros 4. */
export const slotBytes = 64;
const nonceBytes = 12;
const tagBytes = 16;
const sealedEnd = nonceBytes + secretBytes;

/** Seals a secret for a slot. */
export function sealSlot(key: KeyObject, slot: number, secret: Buffer, random: Random): Buffer {
  const nonce = random.bytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(boundTo(slot));
  const sealed = [nonce, cipher.update(secret), cipher.final()];
  return Buffer.concat([...sealed, cipher.getAuthTag()], slotBytes);
}

/** Opens a slot. Returns undefined if it is empty, damaged, or of another key or slot. */
export function openSlot(key: KeyObject, slot: number, bytes: Buffer): Buffer | undefined {
  if (bytes.length !== slotBytes || isEmpty(bytes)) return undefined;
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, nonceBytes), {
    authTagLength: tagBytes,
  });
  decipher.setAAD(boundTo(slot));
  decipher.setAuthTag(bytes.subarray(sealedEnd, sealedEnd + tagBytes));
  const secret = decipher.update(bytes.subarray(nonceBytes, sealedEnd));
  try {
    decipher.final();
    return secret;
  } catch {
    secret.fill(0);
    return undefined;
  }
}

/** Whether a slot has no secret: an erased slot consists of zeros. */
function isEmpty(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0);
}

function boundTo(slot: number): Buffer {
  const number = Buffer.alloc(4);
  number.writeUInt32BE(slot);
  return Buffer.concat([Buffer.from('waxwing erasable secret 1\0'), number]);
}
