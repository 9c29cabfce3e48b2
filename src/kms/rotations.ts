import type { KmsCall } from './call.ts';
import type { Materials } from './ciphers/materials.ts';
import { KmsError } from './errors.ts';
import { isSymmetric } from './key-specs.ts';
import type { Keys } from './keys.ts';
import { type Page, type PageRequest, pageOf } from './pages.ts';
import type { KeyRecord, MaterialRecord, RotationRecord } from './records.ts';
import { type Result, type ServiceStep, unchanged, updated } from './result.ts';

const dayMs = 24 * 3600 * 1000;
const periodDaysDefault = 365;
/** How near an automatic rotation may be when one is asked for. */
const nearMs = 20 * 60 * 1000;
const onDemandMax = 25;

/** How a key is rotated. */
export interface RotationStatus {
  readonly key: KeyRecord;
  /** Undefined where it is not rotated by itself. */
  readonly automatic: RotationRecord | undefined;
  /** When a rotation was asked for that is still to be done. */
  readonly onDemandMs: number | undefined;
}

interface Parts {
  readonly keys: Keys;
  readonly materials: Materials;
}

/**
 * Gives keys new materials, when it is due or asked for. The older ones stay until the key is
 * deleted: what was sealed under them still opens, and nothing has to be sealed again.
 */
export class Rotations {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * Has a key rotated by itself from now on. Where it already is, another period counts from where
   * the present one does: who enables it again and again does not put rotations off.
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

  /** Has a key rotated on demand only. @throws {KmsError} 'UnsupportedOperationException' */
  disable(call: KmsCall, name: string): Result<undefined> {
    const key = this.#parts.keys.manage(call, name, 'DisableKeyRotation');
    requireRotatable(key);
    const { rotation, ...kept } = key;
    if (rotation === undefined) return unchanged(undefined, key);
    return { output: undefined, changes: [{ put: 'key', key: kept }], keys: [key] };
  }

  /** Whether, and when, a key is rotated by itself: never while it is to be deleted. */
  status(call: KmsCall, name: string): Result<RotationStatus> {
    const key = this.#parts.keys.manage(call, name, 'GetKeyRotationStatus');
    // Of other kinds of key it is known without a doubt: never.
    if (isSymmetric(key)) requireRotatable(key);
    const automatic = key.state === 'PendingDeletion' ? undefined : automaticOf(key);
    return unchanged({ key, automatic, onDemandMs: key.onDemandMs }, key);
  }

  /**
   * A key's materials, oldest first: those that replaced another.
   *
   * @param withFirst true adds the one that the key was made with
   * @throws {KmsError} 'UnsupportedOperationException' where it is asked of a key that has none
   */
  list(
    call: KmsCall,
    name: string,
    withFirst: boolean,
    request: PageRequest,
  ): Result<{ readonly key: KeyRecord; readonly page: Page<MaterialRecord> }> {
    const key = this.#parts.keys.manage(call, name, 'ListKeyRotations');
    if (withFirst) requireRotatable(key);
    const orderOf = ({ number }: { number: number }) => String(number).padStart(8, '0');
    const paging = { list: `rotations of ${key.id}`, orderOf, limitDefault: 100, limitMax: 1000 };
    const listed = key.materials
      .map((material, number) => ({ material, number }))
      .filter(({ material }) => withFirst || material.rotation !== undefined);
    const { items, next } = pageOf(listed, paging, request);
    return unchanged({ key, page: { items: items.map(({ material }) => material), next } }, key);
  }

  /**
   * Asks for a rotation, which is done at the next {@link dueOnDemand}. The date of the next
   * automatic one stays.
   *
   * @throws {KmsError} 'ConflictException', 'LimitExceededException', 'UnsupportedOperationException'
   */
  rotateOnDemand(call: KmsCall, name: string): Result<KeyRecord> {
    const key = this.#parts.keys.manage(call, name, 'RotateKeyOnDemand');
    requireRotatable(key);
    requireNoOther(key, call.nowMs);
    const count = key.materials.filter(({ rotation }) => rotation === 'ON_DEMAND').length;
    if (count >= onDemandMax) {
      throw new KmsError(
        'LimitExceededException',
        `${key.arn} was rotated on demand ${count} times, which is the most allowed.`,
      );
    }
    return updated(key, key, { onDemandMs: call.nowMs });
  }

  /** The rotation that was asked for, where it can be done. */
  dueOnDemand(key: KeyRecord, nowMs: number): ServiceStep | undefined {
    if (key.onDemandMs === undefined || key.state !== 'Enabled') return undefined;
    const { onDemandMs: _, ...rest } = key;
    return this.#rotate(key, rest, 'ON_DEMAND', nowMs);
  }

  /** The automatic rotation that is due. A key that is disabled then is rotated once it is not. */
  dueAutomatic(key: KeyRecord, nowMs: number): ServiceStep | undefined {
    const automatic = automaticOf(key);
    if (automatic === undefined || key.state !== 'Enabled') return undefined;
    if (automatic.nextMs > nowMs) return undefined;
    const nextMs = nowMs + automatic.periodDays * dayMs;
    const rest = key.rotation ? { ...key, rotation: { ...automatic, nextMs } } : key;
    return this.#rotate(key, rest, 'AUTOMATIC', nowMs);
  }

  /** @param rest the key as it is to be, but for its materials */
  #rotate(
    key: KeyRecord,
    rest: KeyRecord,
    type: 'AUTOMATIC' | 'ON_DEMAND',
    nowMs: number,
  ): ServiceStep {
    const material = this.#parts.materials.create(key.id, nowMs, type);
    const rotated: KeyRecord = { ...rest, materials: [...key.materials, material] };
    return {
      eventName: 'RotateKey',
      details: {
        keyId: key.id,
        keyOrigin: key.origin,
        rotationType: type,
        previousKeyMaterialId: key.materials.at(-1)?.id,
        currentKeyMaterialId: material.id,
      },
      result: { output: rotated, changes: [{ put: 'key', key: rotated }], keys: [key] },
    };
  }
}

/** A key that AWS manages is rotated every year, whatever anybody wants. */
function automaticOf(key: KeyRecord): RotationRecord | undefined {
  if (key.owner !== 'aws') return key.rotation;
  const sinceMs = key.materials.at(-1)?.createdMs ?? key.createdMs;
  return { periodDays: periodDaysDefault, nextMs: sinceMs + periodDaysDefault * dayMs };
}

function requireRotatable(key: KeyRecord): void {
  if (!isSymmetric(key)) {
    throw new KmsError(
      'UnsupportedOperationException',
      `${key.arn} has KeySpec ${key.spec}, which is not rotated; SYMMETRIC_DEFAULT is.`,
    );
  }
  if (key.origin === 'AWS_KMS') return;
  throw new KmsError(
    'UnsupportedOperationException',
    `${key.arn} origin is ${key.origin} which is not valid for this operation.`,
  );
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
