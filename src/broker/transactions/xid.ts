// Transaction identifiers of XA.

import { BrokerError } from '../errors.ts';

/** Maximum length of the two identifiers (XA, 4.2). */
const identifierBytesMax = 64;

/** The name of a transaction branch: XA specification, 4.2. */
export interface Xid {
  /** 32 bits, signed; -1 is the null xid. */
  readonly formatId: number;
  /** 1 to 64 bytes. */
  readonly globalId: Buffer;
  /** 0 to 64 bytes. */
  readonly branchId: Buffer;
}

/**
 * Encodes an xid as unique text, which {@link xidOf} decodes.
 *
 * @throws {BrokerError} `precondition-failed` if a part is out of range
 */
export function xidKey({ formatId, globalId, branchId }: Xid): string {
  if (!Number.isInteger(formatId) || formatId < 0 || formatId > 0x7fff_ffff) {
    refuse(`format ${formatId}: 0 to 2147483647 are allowed`);
  }
  if (globalId.length === 0) refuse('a global id of 0 bytes: 1 to 64 are allowed');
  for (const id of [globalId, branchId]) {
    if (id.length > identifierBytesMax) {
      refuse(`an identifier of ${id.length} bytes: ${identifierBytesMax} are allowed`);
    }
  }
  return `${formatId}:${globalId.toString('hex')}:${branchId.toString('hex')}`;
}

function refuse(why: string): never {
  throw new BrokerError('precondition-failed', `invalid xid: ${why}`);
}

/** Decodes the result of {@link xidKey}. */
export function xidOf(key: string): Xid {
  const [formatId, globalId = '', branchId = ''] = key.split(':');
  return {
    formatId: Number(formatId),
    globalId: Buffer.from(globalId, 'hex'),
    branchId: Buffer.from(branchId, 'hex'),
  };
}
