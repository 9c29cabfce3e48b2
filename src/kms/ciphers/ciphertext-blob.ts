import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';
import type { Random } from '../../base/random.ts';
import { KmsError } from '../errors.ts';

const magic = Buffer.from('WXKB');
const version = 1;
const algorithm = 1;
const info = 'waxwing kms ciphertext blob 1';

// Offsets of the header's fields; the header is magic (4), version, algorithm, key id (16),
// material id (32), salt (16) and nonce (12).
const keyIdAt = 6;
const materialIdAt = 22;
const saltAt = 54;
const nonceAt = 70;
const headerSize = 82;
const tagSize = 16;

/** What a blob says of itself in clear: by whom it can be opened. Not to be believed until it opens. */
export interface BlobHeader {
  readonly keyId: string;
  /** 64 lower-case hex digits */
  readonly materialId: string;
}

/**
 * Seals a plaintext into a ciphertext blob, under a key used for this blob alone.
 *
 * @param material 32 bytes; stays the caller's
 * @param context what {@link canonicalContext} made of the encryption context
 * @see docs/formats/ciphertext-blob.md
 */
export function sealBlob(
  header: BlobHeader,
  material: Buffer,
  context: Buffer,
  plaintext: Uint8Array,
  random: Random,
): Buffer {
  const head = Buffer.concat([
    magic,
    Buffer.from([version, algorithm]),
    Buffer.from(header.keyId.replaceAll('-', ''), 'hex'),
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

/** Whether bytes begin like a blob of this format and are long enough to be one. */
export function isBlob(blob: Uint8Array): boolean {
  const bytes = Buffer.from(blob.buffer, blob.byteOffset, blob.byteLength);
  return (
    bytes.length >= headerSize + tagSize &&
    bytes.subarray(0, 4).equals(magic) &&
    bytes[4] === version &&
    bytes[5] === algorithm
  );
}

/**
 * Reads which key a blob asks for.
 *
 * @throws {KmsError} 'InvalidCiphertextException' where it is no blob of this format
 */
export function readBlobHeader(blob: Uint8Array): BlobHeader {
  if (!isBlob(blob)) throw invalid();
  const bytes = Buffer.from(blob.buffer, blob.byteOffset, blob.byteLength);
  return {
    keyId: uuid(bytes.toString('hex', keyIdAt, materialIdAt)),
    materialId: bytes.toString('hex', materialIdAt, saltAt),
  };
}

/**
 * Opens a blob whose header {@link readBlobHeader} has accepted.
 *
 * @returns the plaintext; the caller's to overwrite
 * @throws {KmsError} 'InvalidCiphertextException' where blob, material or context is not the one it
 * was sealed with
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

/** AWS says nothing more than the code, so that an attacker learns nothing more. */
function invalid(): KmsError {
  return new KmsError('InvalidCiphertextException', '');
}
