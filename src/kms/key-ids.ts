// Key ids and ARNs.

import { KmsError } from './errors.ts';

/** The account that owns service-owned keys. No caller belongs to it, so nobody sees them. */
export const serviceAccountId = '000000000000';

/** A parsed key name. */
export type KeyName =
  | { readonly kind: 'key'; readonly keyId: string; readonly accountId: string | undefined }
  | { readonly kind: 'alias'; readonly name: string; readonly accountId: string | undefined };

/** A UUID, or `mrk-` and 32 digits for a multi-Region key. */
const keyIdForm =
  /^(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|mrk-[0-9a-f]{32})$/;
const arnForm = /^arn:aws:kms:([a-z0-9-]+):(\d{12}):(key|alias)\/(.+)$/;

/** The ARN of a key. */
export function keyArn(region: string, accountId: string, keyId: string): string {
  return `arn:aws:kms:${region}:${accountId}:key/${keyId}`;
}

/** @param name including the prefix `alias/` */
export function aliasArn(region: string, accountId: string, name: string): string {
  return `arn:aws:kms:${region}:${accountId}:${name}`;
}

/**
 * Parses a key name: key id, key ARN, alias name or alias ARN.
 *
 * @throws {KmsError} 'NotFoundException' if it cannot be a key of this region;
 *   'InvalidArnException' if it begins like an ARN but is not the ARN of a key or alias
 * @see AWS KMS developer guide, "Key identifiers (KeyId)"
 */
export function readKeyName(text: string, region: string): KeyName {
  if (text.startsWith('arn:')) return readArn(text, region);
  if (text.startsWith('alias/')) return { kind: 'alias', name: text, accountId: undefined };
  if (!keyIdForm.test(text)) throw new KmsError('NotFoundException', `Invalid keyId '${text}'`);
  return { kind: 'key', keyId: text, accountId: undefined };
}

function readArn(text: string, region: string): KeyName {
  const [, arnRegion, accountId, kind, id = ''] = arnForm.exec(text) ?? [];
  if (arnRegion === undefined || (kind === 'key' && !keyIdForm.test(id))) {
    throw new KmsError('InvalidArnException', `Invalid arn ${text}`);
  }
  if (arnRegion !== region) throw new KmsError('NotFoundException', `Invalid arn ${arnRegion}`);
  return kind === 'key'
    ? { kind, keyId: id, accountId }
    : { kind: 'alias', name: `alias/${id}`, accountId };
}
