// The format of a sealed key material, read without the code of the key service.

import { createDecipheriv, type KeyObject } from 'node:crypto';
import type { MaterialRecord } from '../../kms/records.ts';

/**
 * Opens a key material with a key, without the code of the key service.
 *
 * @returns undefined if the key does not open the material
 */
export function openedMaterial(
  key: Buffer | KeyObject,
  keyId: string,
  { id, wrapped = '' }: MaterialRecord,
): Buffer | undefined {
  const bytes = Buffer.from(wrapped, 'base64');
  if (bytes.length < 28) return undefined;
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12), {
    authTagLength: 16,
  });
  decipher.setAAD(Buffer.from(`waxwing kms key material 1\0${keyId}\0${id}`));
  decipher.setAuthTag(bytes.subarray(-16));
  const material = decipher.update(bytes.subarray(12, -16));
  try {
    decipher.final();
    return material;
  } catch {
    material.fill(0);
    return undefined;
  }
}
