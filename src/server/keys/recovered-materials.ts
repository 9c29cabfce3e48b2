// What somebody finds of key materials who has the root key and all files of a data folder.

import type { KeyObject } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deriveKey } from '../../crypto/derive.ts';
import type { KmsChange, MaterialRecord } from '../../kms/records.ts';
import { checkVolume } from '../../storage/check.ts';
import { systemDisk } from '../../storage/disk.ts';
import { openSlot, slotBytes } from '../../storage/erasable/slot.ts';
import { parseJson } from '../../storage/record-shapes.ts';
import { sealingKey } from '../compose.ts';
import type { RootKeySource } from '../root-key/source.ts';
import { keysFolder, systemDataKey, systemFolder } from '../system-volume.ts';
import { openedMaterial } from './opened-material.ts';

/** Size of the head of a file with secrets; see docs/formats/erasable-secrets.md. */
const headBytes = 4096;

/** Key materials that were found in clear. */
export interface RecoveredMaterials {
  readonly materials: readonly Buffer[];
  /** The number of sealed materials that were tried. */
  readonly recordCount: number;
}

/**
 * Tries to open every material in every record of the system volume, including in those that later
 * records replaced, with every key that the files and the root key give. For drills and tests of
 * the destruction of keys: it does not use the code of the key service.
 *
 * @param folder a data folder without a running service
 * @throws {ServerError} the errors of opening the root key
 */
export async function recoverMaterials(
  folder: string,
  source: RootKeySource,
): Promise<RecoveredMaterials> {
  const dataKey = await systemDataKey(folder, source);
  const deriver = { deriveKey: (salt: Uint8Array, info: string) => deriveKey(dataKey, salt, info) };
  const records = new Map<string, { keyId: string; record: MaterialRecord }>();
  const take = (_type: number, buffer: Buffer, start: number, end: number) => {
    const change = keyChangeIn(buffer, start, end);
    if (change === undefined || !('put' in change) || change.put !== 'key') return;
    for (const record of change.key.materials) {
      if (record.wrapped) records.set(record.wrapped, { keyId: change.key.id, record });
    }
  };
  const system = systemFolder(folder);
  await checkVolume(systemDisk, system, dataKey, () => {}, { replayed: take, found: take });
  const keys = [
    sealingKey(deriver, 'kms'),
    ...(await secretsIn(keysFolder(folder), sealingKey(deriver, 'keySecrets'))),
  ];
  const materials: Buffer[] = [];
  for (const { keyId, record } of records.values()) {
    for (const key of keys) {
      const material = openedMaterial(key, keyId, record);
      if (material !== undefined) materials.push(material);
    }
  }
  return { materials, recordCount: records.size };
}

/** The change of the key service in a record; undefined for other records. */
function keyChangeIn(buffer: Buffer, start: number, end: number): KmsChange | undefined {
  let parsed: unknown;
  try {
    parsed = parseJson(buffer, start, end);
  } catch {
    return undefined;
  }
  // The journal wrote it, and it is authenticated.
  return Array.isArray(parsed) && parsed[0] === 'kms' ? (parsed[1] as KmsChange) : undefined;
}

/** Every secret in every file of the folder of secrets, wherever it is. */
async function secretsIn(folder: string, key: KeyObject): Promise<Buffer[]> {
  const secrets: Buffer[] = [];
  for (const name of await readdir(folder)) {
    const bytes = await readFile(join(folder, name));
    for (let at = headBytes; at + slotBytes <= bytes.length; at += slotBytes) {
      const slot = bytes.subarray(at, at + slotBytes);
      const secret = openSlot(key, (at - headBytes) / slotBytes, slot);
      if (secret !== undefined) secrets.push(secret);
    }
  }
  return secrets;
}
