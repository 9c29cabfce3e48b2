// The data keys of a stopped broker's volume, opened without a running service.

import type { KeyObject } from 'node:crypto';
import { assert } from '../../base/assert.ts';
import { systemClock } from '../../base/clock.ts';
import type { BrokerRecord, KeyChoice, VolumeRecord } from '../../control/broker-record.ts';
import { volumeContext } from '../../control/offers/storage-types.ts';
import { keyFromBytes } from '../../crypto/derive.ts';
import { KmsError } from '../../kms/errors.ts';
import type { Kms } from '../../kms/kms.ts';
import { systemDisk } from '../../storage/disk.ts';
import { StorageError } from '../../storage/errors.ts';
import { type DataKeys, readVolumeHeader, wrappedKeysOf } from '../../storage/volume.ts';

const principal = 'mq.amazonaws.com';
/** Errors that mean that a ciphertext is not that of the key and volume. */
const foreignCodes = ['InvalidCiphertextException', 'IncorrectKeyException'];

/**
 * Decrypts the data keys of a broker's volume with the permissions of the service.
 *
 * @param folder the folder of the volume
 * @returns the reason why a key cannot be used, as a text
 * @throws {StorageError} `wrong-key` if a wrapped key was not created for the volume; the errors of
 *   reading the header
 */
export async function openDataKeys(
  folder: string,
  broker: BrokerRecord,
  kms: Pick<Kms, 'ciphers'>,
): Promise<DataKeys | string> {
  const [volume] = broker.volumes;
  assert(volume !== undefined, `broker ${broker.id} has no volume`);
  const opened: (readonly [number, KeyObject])[] = [];
  for (const { generation, wrappedKey } of wrappedKeysOf(
    await readVolumeHeader(systemDisk, folder),
  )) {
    const bytes = openOne(broker, volume, wrappedKey, kms);
    if (bytes === undefined) {
      const text = `${folder}/volume: its wrapped data key was not created for volume ${volume.id}`;
      throw new StorageError('wrong-key', text);
    }
    if (typeof bytes === 'string') return bytes;
    opened.push([generation, keyFromBytes(bytes)]);
  }
  const [newest, ...older] = opened;
  assert(newest !== undefined, `${folder}/volume has no data key`);
  return { newest: newest[1], older: new Map(older) };
}

/** Tries the key of the broker, and the one that it was being changed to. Undefined: neither is it. */
function openOne(
  { key, keyChange }: BrokerRecord,
  volume: VolumeRecord,
  wrapped: Buffer,
  kms: Pick<Kms, 'ciphers'>,
): Buffer | string | undefined {
  for (const each of keyChange === null ? [key] : [key, keyChange.key]) {
    if (each.owner === 'remote') return `its key ${each.arn} is in a KMS outside of the service`;
    try {
      return decrypt(each, volume, wrapped, kms);
    } catch (error) {
      if (!(error instanceof KmsError)) throw error;
      if (!foreignCodes.includes(error.code)) return error.message;
    }
  }
  return undefined;
}

function decrypt(
  key: KeyChoice,
  volume: VolumeRecord,
  wrapped: Buffer,
  kms: Pick<Kms, 'ciphers'>,
): Buffer {
  const [, , , region = '', accountId = ''] = key.arn.split(':');
  const call = {
    caller: { type: 'service', accountId, arn: principal, principalId: principal } as const,
    invokedBy: undefined,
    region,
    accountId,
    sourceIp: principal,
    userAgent: 'waxwing check',
    nowMs: systemClock.nowMs(),
  };
  const { output } = kms.ciphers.decrypt(call, {
    KeyId: key.arn,
    CiphertextBlob: wrapped,
    EncryptionContext: volumeContext(volume),
  });
  return output.plaintext;
}
