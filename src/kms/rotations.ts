// Rotation of keys.

import type { KmsCall } from './call.ts';
import type { MaterialDetails, Materials } from './ciphers/materials.ts';
import { KmsError } from './errors.ts';
import { isSymmetric } from './key-specs.ts';
import type { Keys } from './keys.ts';
import { type Page, type PageRequest, pageOf } from './pages.ts';
import {
  currentMaterial,
  type KeyRecord,
  type MaterialRecord,
  type RotationRecord,
} from './records.ts';
import { type Result, type ServiceStep, unchanged, updated } from './result.ts';

const dayMs = 24 * 3600 * 1000;
const periodDaysDefault = 365;
/** An on-demand rotation is refused if an automatic rotation is due within this time. */
const nearMs = 20 * 60 * 1000;
const onDemandMax = 25;

/** The rotation settings of a key. */
export interface RotationStatus {
  readonly key: KeyRecord;
  /** Undefined if automatic rotation is disabled. */
  readonly automatic: RotationRecord | undefined;
  /** The time of an on-demand rotation request that is still pending. */
  readonly onDemandMs: number | undefined;
}

interface Parts {
  readonly keys: Keys;
  readonly materials: Materials;
}

/**
 * Rotates keys, automatically or on demand. Older materials are kept until the key is deleted, so
 * existing ciphertexts can still be decrypted and need not be encrypted again.
 */
export class Rotations {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * Enables automatic rotation. If it is already enabled, the new period counts from the start of
   * the current one, so that enabling it repeatedly does not postpone rotations.
   *
   * @param periodDays 90 to 2560
   * @throws {KmsError} 'UnsupportedOperationException'
   */
  enable(call: KmsCall, name: string, periodDays = periodDaysDefault): Result<undefined> {
    const key = this.#parts.keys.manage(call, name, 'EnableKeyRotation', {
      'kms:RotationPeriodInDays': String(periodDays),
    });
    requireRotatable(key);
    const { rotation } = key;
    const sinceMs = rotation ? rotation.nextMs - rotation.periodDays * dayMs : call.nowMs;
    const nextMs = sinceMs + periodDays * dayMs;
    return updated(undefined, key, { rotation: { periodDays, nextMs } });
  }

  /** Disables automatic rotation. @throws {KmsError} 'UnsupportedOperationException' */
  disable(call: KmsCall, name: string): Result<undefined> {
    const key = this.#parts.keys.manage(call, name, 'DisableKeyRotation');
    requireRotatable(key);
    const { rotation, ...kept } = key;
    if (rotation === undefined) return unchanged(undefined, key);
    return { output: undefined, changes: [{ put: 'key', key: kept }], keys: [key] };
  }

  /**
   * Returns whether and when a key is rotated automatically. A key pending deletion is never
   * rotated.
   */
  status(call: KmsCall, name: string): Result<RotationStatus> {
    const key = this.#parts.keys.manage(call, name, 'GetKeyRotationStatus');
    // For other types of keys the answer is always that they are not rotated.
    if (isSymmetric(key)) requireRotatable(key);
    const automatic = key.state === 'PendingDeletion' ? undefined : automaticOf(key);
    return unchanged({ key, automatic, onDemandMs: key.onDemandMs }, key);
  }

  /**
   * Lists the materials of a key that replaced another one, oldest first.
   *
   * @param withFirst whether to include the first material
   * @throws {KmsError} 'UnsupportedOperationException' if the key has no materials and `withFirst`
   *   is set
   */
  list(
    call: KmsCall,
    name: string,
    withFirst: boolean,
    request: PageRequest,
  ): Result<{ readonly key: KeyRecord; readonly page: Page<MaterialRecord> }> {
    const key = this.#parts.keys.manage(call, name, 'ListKeyRotations');
    if (withFirst) requireSymmetric(key);
    const orderOf = ({ number }: { number: number }) => String(number).padStart(8, '0');
    const paging = { list: `rotations of ${key.id}`, orderOf, limitDefault: 100, limitMax: 1000 };
    const listed = key.materials
      .map((material, number) => ({ material, number }))
      .filter(({ material }) => withFirst || material.rotation !== undefined);
    const { items, next } = pageOf(listed, paging, request);
    return unchanged({ key, page: { items: items.map(({ material }) => material), next } }, key);
  }

  /**
   * Requests a rotation, which is performed by the next {@link dueOnDemand}. The date of the next
   * automatic rotation does not change.
   *
   * @throws {KmsError} 'ConflictException', 'LimitExceededException',
   *   'UnsupportedOperationException'
   */
  rotateOnDemand(call: KmsCall, name: string): Result<KeyRecord> {
    const key = this.#parts.keys.manage(call, name, 'RotateKeyOnDemand');
    if (key.origin === 'EXTERNAL') requirePending(key);
    else requireRotatable(key);
    requireNoOther(key, call.nowMs);
    const count = key.materials.filter(({ rotation }) => rotation === 'ON_DEMAND').length;
    if (count >= onDemandMax) {
      throw new KmsError(
        'LimitExceededException',
        `${key.arn} was rotated on demand ${count} times, the maximum allowed.`,
      );
    }
    return updated(key, key, { onDemandMs: call.nowMs });
  }

  /** Returns the requested rotation if it can be performed. */
  dueOnDemand(key: KeyRecord, nowMs: number): ServiceStep | undefined {
    if (key.onDemandMs === undefined || key.state !== 'Enabled') return undefined;
    // Deleting the imported material also withdraws the request.
    if (key.origin === 'EXTERNAL' && !hasPending(key)) return undefined;
    const { onDemandMs: _, ...rest } = key;
    return this.#rotate(key, rest, 'ON_DEMAND', nowMs);
  }

  /** Returns the automatic rotation if it is due. A disabled key is rotated once it is enabled. */
  dueAutomatic(key: KeyRecord, nowMs: number): ServiceStep | undefined {
    const automatic = automaticOf(key);
    if (automatic === undefined || key.state !== 'Enabled') return undefined;
    if (automatic.nextMs > nowMs) return undefined;
    const nextMs = nowMs + automatic.periodDays * dayMs;
    const rest = key.rotation ? { ...key, rotation: { ...automatic, nextMs } } : key;
    return this.#rotate(key, rest, 'AUTOMATIC', nowMs);
  }

  /** @param rest the changed key, without its materials */
  #rotate(
    key: KeyRecord,
    rest: KeyRecord,
    type: 'AUTOMATIC' | 'ON_DEMAND',
    nowMs: number,
  ): ServiceStep {
    const details = { createdMs: nowMs, rotation: type };
    const pending = key.materials.find(({ isPending }) => isPending === true);
    const material =
      pending === undefined
        ? this.#parts.materials.create(key.id, details)
        : currentFrom(pending, details);
    const others = key.materials.filter((each) => each !== pending);
    const rotated: KeyRecord = { ...rest, materials: [...others, material] };
    return {
      eventName: 'RotateKey',
      details: {
        keyId: key.id,
        keyOrigin: key.origin,
        rotationType: type,
        previousKeyMaterialId: currentMaterial(key)?.id,
        currentKeyMaterialId: material.id,
      },
      result: { output: rotated, changes: [{ put: 'key', key: rotated }], keys: [key] },
    };
  }
}

/** An imported material that was pending, as the current one. */
function currentFrom(pending: MaterialRecord, details: MaterialDetails): MaterialRecord {
  const { isPending: _, ...kept } = pending;
  return { ...kept, ...details };
}

/** AWS managed keys are always rotated every year. */
function automaticOf(key: KeyRecord): RotationRecord | undefined {
  if (key.owner !== 'aws') return key.rotation;
  const sinceMs = currentMaterial(key)?.createdMs ?? key.createdMs;
  return { periodDays: periodDaysDefault, nextMs: sinceMs + periodDaysDefault * dayMs };
}

function requireRotatable(key: KeyRecord): void {
  requireSymmetric(key);
  if (key.origin === 'AWS_KMS') return;
  throw new KmsError(
    'UnsupportedOperationException',
    `${key.arn} origin is ${key.origin} which is not valid for this operation.`,
  );
}

function requireSymmetric(key: KeyRecord): void {
  if (isSymmetric(key)) return;
  throw new KmsError(
    'UnsupportedOperationException',
    `${key.arn} has KeySpec ${key.spec}, which does not support rotation; SYMMETRIC_DEFAULT does.`,
  );
}

/** A key with imported material can only be rotated to other imported material. */
function requirePending(key: KeyRecord): void {
  requireSymmetric(key);
  if (hasPending(key)) return;
  throw new KmsError(
    'UnsupportedOperationException',
    `${key.arn} origin is EXTERNAL, and no imported key material is pending rotation.`,
  );
}

function hasPending({ materials }: KeyRecord): boolean {
  return materials.some(({ isPending, wrapped }) => isPending === true && wrapped !== undefined);
}

function requireNoOther(key: KeyRecord, nowMs: number): void {
  if (key.onDemandMs !== undefined) {
    throw new KmsError('ConflictException', `A rotation of ${key.arn} is in progress.`);
  }
  const automatic = automaticOf(key);
  if (automatic === undefined || automatic.nextMs - nowMs > nearMs) return;
  throw new KmsError(
    'ConflictException',
    `The automatic rotation of ${key.arn} is in progress or begins within the next 20 minutes.`,
  );
}
