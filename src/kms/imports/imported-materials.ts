// The materials of keys with imported material.

import { KmsError } from '../errors.ts';
import { type KeyRecord, lacksMaterial, type MaterialRecord } from '../records.ts';
import type { ImportRequest } from './import-request.ts';

/** The place of a material in its key. */
type Place = Pick<MaterialRecord, 'rotation' | 'isPending'> & { readonly createdMs?: number };

/** @throws {KmsError} 'UnsupportedOperationException' if the key cannot have imported material */
export function requireExternal(key: KeyRecord): void {
  if (key.origin === 'EXTERNAL') return;
  throw new KmsError(
    'UnsupportedOperationException',
    `${key.arn} origin is ${key.origin} which is not valid for this operation.`,
  );
}

/**
 * Adds imported material to a key, or replaces the same one. The first material becomes current, a
 * further one waits for a rotation.
 *
 * @param id the id of the material, which only depends on its bytes
 * @param seal makes the record of the material
 * @throws {KmsError} 'IncorrectKeyMaterialException', 'KMSInvalidStateException'
 */
export function withImported(
  key: KeyRecord,
  id: string,
  request: ImportRequest,
  seal: (place: Place) => MaterialRecord,
): KeyRecord {
  const known = key.materials.find((material) => material.id === id);
  const isNew = (request.ImportType ?? typeByDefault(key)) === 'NEW_KEY_MATERIAL';
  if (request.KeyMaterialId !== undefined && request.KeyMaterialId !== id) {
    throw incorrect(`it is not the key material ${request.KeyMaterialId}`);
  }
  if (!isNew && known === undefined) {
    throw incorrect('it is not key material that was imported into this key before');
  }
  if (isNew && known !== undefined) {
    throw incorrect('it was imported into this key before; import it as EXISTING_KEY_MATERIAL');
  }
  const materials = known
    ? key.materials.map((each) => (each === known ? replaced(known, seal) : each))
    : [...key.materials, added(key, seal)];
  const changed = { ...key, materials };
  const isUsable = key.state === 'PendingImport' && !lacksMaterial(changed);
  return isUsable ? { ...changed, state: 'Enabled' } : changed;
}

/** A key without one of its materials, whose id it keeps. */
export function deletedMaterial(key: KeyRecord, material: MaterialRecord): KeyRecord {
  const { wrapped: _, secret: _secret, validToMs: _validTo, ...kept } = material;
  const materials = key.materials.map((each) => (each === material ? kept : each));
  const { onDemandMs: _rotation, ...others } = key;
  // A requested rotation needs the material that was deleted.
  const changed = { ...(material.isPending ? others : key), materials };
  const isInUse = key.state === 'Enabled' || key.state === 'Disabled';
  return isInUse && lacksMaterial(changed) ? { ...changed, state: 'PendingImport' } : changed;
}

function typeByDefault(key: KeyRecord): string {
  return key.materials.length === 0 ? 'NEW_KEY_MATERIAL' : 'EXISTING_KEY_MATERIAL';
}

/** It keeps its place, and the time when it became current. */
function replaced(known: MaterialRecord, seal: (place: Place) => MaterialRecord): MaterialRecord {
  const { rotation, isPending, createdMs } = known;
  const sealed = seal({ ...(rotation && { rotation }), ...(isPending && { isPending }) });
  return { ...sealed, createdMs };
}

function added(key: KeyRecord, seal: (place: Place) => MaterialRecord): MaterialRecord {
  if (key.materials.length === 0) return seal({});
  if (key.materials.some(({ isPending }) => isPending === true)) {
    const text = `${key.arn} has key material that is pending rotation.`;
    throw new KmsError('KMSInvalidStateException', text);
  }
  return seal({ isPending: true });
}

function incorrect(what: string): KmsError {
  return new KmsError('IncorrectKeyMaterialException', `The key material is not correct: ${what}.`);
}
