// The format of ciphertext blobs. See docs/formats/ciphertext-blob.md.

import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';
import type { Random } from '../../base/random.ts';
import { KmsError } from '../errors.ts';

const magic = Buffer.from('WXKB');
const version = 1;
/** AES-256-GCM; the second number means that the key id is that of a multi-Region key. */
const algorithms = { uuid: 1, multiRegion: 2 } as const;
const multiRegionPrefix = 'mrk-';
const info = 'waxwing kms ciphertext blob 1';

// Offsets of the header fields. The header is magic (4), version, algorithm, key id (16), material
// id (32), salt (16) and nonce (12).
const keyIdAt = 6;
const materialIdAt = 22;
const saltAt = 54;
const nonceAt = 70;
const headerSize = 82;
const tagSize = 16;

/** The clear header of a blob, which names the key. It is not trusted until the blob opens. */
export interface BlobHeader {
  readonly keyId: string;
  /** 64 lower-case hexadecimal digits */
  readonly materialId: string;
}

/**
 * Seals a plaintext into a ciphertext blob. A separate key is derived for each blob.
 *
 * @param material 32 bytes, not modified
 * @param context the result of {@link canonicalContext}
 * @see docs/formats/ciphertext-blob.md
 */
export function sealBlob(
  header: BlobHeader,
  material: Buffer,
  context: Buffer,
  plaintext: Uint8Array,
  random: Random,
): Buffer {
  const isMultiRegion = header.keyId.startsWith(multiRegionPrefix);
  const id = isMultiRegion ? header.keyId.slice(multiRegionPrefix.length) : header.keyId;
  const head = Buffer.concat([
    magic,
    Buffer.of(version, isMultiRegion ? algorithms.multiRegion : algorithms.uuid),
    Buffer.from(id.replaceAll('-', ''), 'hex'),
    Buffer.from(header.materialId, 'hex'),
    random.bytes(16),
    random.bytes(12),
  ]);
  const key = blobKey(material, head);
  const cipher = createCipheriv('aes-256-gcm', key, head.subarray(nonceAt));
  cipher.setAAD(Buffer.concat([head, context]));
  const sealed = Buffer.concat([
    head,
    cipher.update(plaintext),
    cipher.final(),
    cipher.getAuthTag(),
  ]);
  key.fill(0);
  return sealed;
}

/** Whether the bytes have the prefix and the minimum length of a blob. */
export function isBlob(blob: Uint8Array): boolean {
  const bytes = Buffer.from(blob.buffer, blob.byteOffset, blob.byteLength);
  return (
    bytes.length >= headerSize + tagSize &&
    bytes.subarray(0, 4).equals(magic) &&
    bytes[4] === version &&
    (bytes[5] === algorithms.uuid || bytes[5] === algorithms.multiRegion)
  );
}

/**
 * Reads the header of a blob.
 *
 * @throws {KmsError} 'InvalidCiphertextException' if it is not a blob of this format
 */
export function readBlobHeader(blob: Uint8Array): BlobHeader {
  if (!isBlob(blob)) throw invalid();
  const bytes = Buffer.from(blob.buffer, blob.byteOffset, blob.byteLength);
  const id = bytes.toString('hex', keyIdAt, materialIdAt);
  return {
    keyId: bytes[5] === algorithms.multiRegion ? `${multiRegionPrefix}${id}` : uuid(id),
    materialId: bytes.toString('hex', materialIdAt, saltAt),
  };
}

/**
 * Opens a blob whose header was accepted by {@link readBlobHeader}.
 *
 * @returns the plaintext, which the caller overwrites after use
 * @throws {KmsError} 'InvalidCiphertextException' if the blob, material or context does not match
 */
export function openBlob(blob: Uint8Array, material: Buffer, context: Buffer): Buffer {
  const bytes = Buffer.from(blob.buffer, blob.byteOffset, blob.byteLength);
  const head = bytes.subarray(0, headerSize);
  const key = blobKey(material, head);
  const decipher = createDecipheriv('aes-256-gcm', key, head.subarray(nonceAt), {
    authTagLength: tagSize,
  });
  key.fill(0);
  decipher.setAAD(Buffer.concat([head, context]));
  decipher.setAuthTag(bytes.subarray(bytes.length - tagSize));
  const plaintext = decipher.update(bytes.subarray(headerSize, bytes.length - tagSize));
  try {
    decipher.final();
  } catch {
    plaintext.fill(0);
    throw invalid();
  }
  return plaintext;
}

function blobKey(material: Buffer, head: Buffer): Buffer {
  const names = Buffer.concat([Buffer.from(info), head.subarray(keyIdAt, saltAt)]);
  return Buffer.from(hkdfSync('sha256', material, head.subarray(saltAt, nonceAt), names, 32));
}

function uuid(hex: string): string {
  const parts = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20)];
  return [...parts, hex.slice(20)].join('-');
}

/** Like AWS, the error has no message, so that an attacker learns nothing. */
function invalid(): KmsError {
  return new KmsError('InvalidCiphertextException', '');
}
