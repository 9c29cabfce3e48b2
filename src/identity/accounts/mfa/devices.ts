// Virtual MFA devices.

import type { KeyObject } from 'node:crypto';
import type { Random } from '../../../base/random.ts';
import type { CallContext } from '../../../calls/call-context.ts';
import { openValue, sealValue } from '../../../crypto/sealed-value.ts';
import { newSeed } from '../../identifiers.ts';
import { iamArn, partsOfArn } from '../arns.ts';
import { IamError, noSuchEntity, quotaExceeded } from '../errors.ts';
import type { IamJournal } from '../iam-journal.ts';
import { quotas } from '../quotas.ts';
import type { DeviceRecord } from '../records.ts';
import { changed, type IamResult } from '../result.ts';
import { newTags, type TagInput } from '../tags.ts';
import { FailureCounts } from './failure-counts.ts';
import { decodeSeed, stepAt, totpCode } from './totp.ts';

/** The number of steps by which a code may be early or late. */
const stepTolerance = 1;
/** The number of steps by which the clock of a device may differ when it is enabled, 10 minutes. */
const driftStepsMax = 20;

/** A device with its seed, which is returned only once. */
export interface NewDevice {
  readonly record: DeviceRecord;
  /** 64 characters of base32 */
  readonly seed: string;
}

/** A user, or the root user, whose id is that of the account. */
export interface DeviceOwner {
  readonly id: string;
}

/** The parts that MFA devices need. */
interface DeviceParts {
  readonly journal: IamJournal;
  readonly accountId: () => string;
  readonly sealingKey: KeyObject;
  readonly random: Random;
}

/** Virtual MFA devices: they show a new code every 30 seconds. */
export class MfaDevices {
  readonly #parts: DeviceParts;
  readonly #failures = new FailureCounts();

  constructor(parts: DeviceParts) {
    this.#parts = parts;
  }

  /** The serial number of a device: its ARN. */
  serialOf(device: Pick<DeviceRecord, 'path' | 'name'>): string {
    return iamArn(this.#parts.accountId(), 'mfa', device);
  }

  /** @throws {IamError} 'EntityAlreadyExists', 'LimitExceeded', 'InvalidInput' */
  create(
    name: string,
    path: string,
    tags: readonly TagInput[] | undefined,
    { nowMs }: CallContext,
  ): IamResult<NewDevice> {
    const { journal, random } = this.#parts;
    this.requireFree(name);
    if (journal.deviceCount >= quotas.devicesPerAccount) {
      throw quotaExceeded('MFADevicesPerAccount', quotas.devicesPerAccount);
    }
    const seed = newSeed(random);
    const record: DeviceRecord = {
      name,
      path,
      createdMs: nowMs,
      sealedSeed: this.#sealed(name, seed),
      tags: newTags(tags),
      driftSteps: 0,
      lastStep: 0,
    };
    return { output: { record, seed }, changes: [{ put: 'device', record }] };
  }

  /** @throws {IamError} 'EntityAlreadyExists' */
  requireFree(name: string): void {
    if (this.#parts.journal.device(name) === undefined) return;
    throw new IamError(
      'EntityAlreadyExists',
      'MFADevice entity at the same path and name already exists.',
    );
  }

  /** The device with a serial number; undefined if there is none. */
  find(serial: string): DeviceRecord | undefined {
    const parts = partsOfArn(this.#parts.accountId(), serial);
    const device = parts?.kind === 'mfa' ? this.#parts.journal.device(parts.name) : undefined;
    return device && this.serialOf(device) === serial ? device : undefined;
  }

  /** @throws {IamError} 'NoSuchEntity' */
  require(serial: string): DeviceRecord {
    const found = this.find(serial);
    if (found) return found;
    throw noSuchEntity(`VirtualMFADevice with serial number ${serial} doesn't exist.`);
  }

  /** @throws {IamError} 'NoSuchEntity' if the device is not assigned to this owner */
  requireOf(owner: DeviceOwner, serial: string): DeviceRecord {
    const found = this.find(serial);
    if (found?.ownerId === owner.id) return found;
    throw noSuchEntity(`MFA Device with serial number ${serial} cannot be found.`);
  }

  /** The devices of a user, or of the root user. */
  of(owner: DeviceOwner): readonly DeviceRecord[] {
    return this.#parts.journal.devicesOf(owner.id);
  }

  /** @throws {IamError} 'NoSuchEntity', 'DeleteConflict' if the device is assigned */
  delete(serial: string): IamResult<undefined> {
    const device = this.require(serial);
    if (device.ownerId !== undefined) {
      throw new IamError('DeleteConflict', 'MFA VirtualDevice in use. Must deactivate first.');
    }
    this.#failures.clear(device.name);
    return changed({ delete: 'device', id: device.name });
  }

  /**
   * Assigns a device to a user, who proves its possession with two consecutive codes.
   *
   * @throws {IamError} 'NoSuchEntity', 'EntityAlreadyExists', 'LimitExceeded',
   *   'InvalidAuthenticationCode'
   */
  enable(
    owner: DeviceOwner,
    serial: string,
    codes: readonly [string, string],
    { nowMs }: CallContext,
  ): IamResult<undefined> {
    const device = this.require(serial);
    if (device.ownerId !== undefined) {
      throw new IamError('EntityAlreadyExists', 'MFA Device is already in use.');
    }
    if (this.of(owner).length >= quotas.devicesPerUser) {
      throw quotaExceeded('MFADevicesPerUser', quotas.devicesPerUser);
    }
    const synchronised = this.#synchronised(device, codes, nowMs);
    return changed({
      put: 'device',
      record: { ...synchronised, ownerId: owner.id, enabledMs: nowMs },
    });
  }

  /**
   * Corrects the clock offset of a device, determined from two consecutive codes.
   *
   * @throws {IamError} 'NoSuchEntity', 'InvalidAuthenticationCode'
   */
  resync(
    owner: DeviceOwner,
    serial: string,
    codes: readonly [string, string],
    { nowMs }: CallContext,
  ): IamResult<undefined> {
    const device = this.requireOf(owner, serial);
    return changed({ put: 'device', record: this.#synchronised(device, codes, nowMs) });
  }

  /** @throws {IamError} 'NoSuchEntity' */
  deactivate(owner: DeviceOwner, serial: string): IamResult<undefined> {
    const { ownerId: _owner, enabledMs: _enabled, ...record } = this.requireOf(owner, serial);
    return changed({ put: 'device', record });
  }

  /**
   * Checks a code as a second factor of a user, or of the root user.
   *
   * @returns the change that prevents a second use of the code; it must be committed
   * @throws {IamError} 'AccessDenied'
   */
  check(
    ownerId: string,
    serial: string | undefined,
    code: string | undefined,
    nowMs: number,
  ): IamResult<undefined> {
    const device = serial === undefined ? undefined : this.find(serial);
    if (device?.ownerId !== ownerId || code === undefined) {
      throw new IamError(
        'AccessDenied',
        'MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.',
      );
    }
    const step = this.#attempted(device, nowMs, 'AccessDenied', wrongCode, (key) => {
      const expected = stepAt(nowMs) + device.driftSteps;
      for (let each = expected - stepTolerance; each <= expected + stepTolerance; each += 1) {
        if (each > device.lastStep && totpCode(key, each) === code) return each;
      }
      return undefined;
    });
    const driftSteps = step - stepAt(nowMs);
    return changed({ put: 'device', record: { ...device, lastStep: step, driftSteps } });
  }

  /** The device after two consecutive codes. */
  #synchronised(
    device: DeviceRecord,
    [first, second]: readonly [string, string],
    nowMs: number,
  ): DeviceRecord {
    const now = stepAt(nowMs);
    const wrong = 'Authentication code for device is not valid.';
    const step = this.#attempted(device, nowMs, 'InvalidAuthenticationCode', wrong, (key) => {
      for (let each = now - driftStepsMax; each <= now + driftStepsMax; each += 1) {
        if (each <= device.lastStep || totpCode(key, each) !== first) continue;
        if (totpCode(key, each + 1) === second) return each + 1;
      }
      return undefined;
    });
    return { ...device, lastStep: step, driftSteps: step - now };
  }

  /** Looks for the step of a code. Wrong codes are counted. */
  #attempted(
    device: DeviceRecord,
    nowMs: number,
    code: 'AccessDenied' | 'InvalidAuthenticationCode',
    wrong: string,
    find: (key: Buffer) => number | undefined,
  ): number {
    if (this.#failures.isBlocked(device.name, nowMs)) {
      throw new IamError(code, 'Too many wrong codes for this MFA device; try again in 5 minutes.');
    }
    const key = this.#key(device);
    const step = find(key);
    key.fill(0);
    if (step === undefined) {
      this.#failures.add(device.name, nowMs);
      throw new IamError(code, wrong);
    }
    this.#failures.clear(device.name);
    return step;
  }

  #sealed(name: string, seed: string): string {
    const bytes = Buffer.from(seed, 'utf8');
    const sealed = sealValue(this.#parts.sealingKey, contextOf(name), bytes);
    bytes.fill(0);
    return sealed.toString('base64');
  }

  #key({ name, sealedSeed }: DeviceRecord): Buffer {
    const sealed = Buffer.from(sealedSeed, 'base64');
    const seed = openValue(this.#parts.sealingKey, contextOf(name), sealed);
    const key = decodeSeed(seed.toString('utf8'));
    seed.fill(0);
    return key;
  }
}

const wrongCode = 'MultiFactorAuthentication failed with invalid MFA one time pass code. ';

function contextOf(name: string): string {
  return `waxwing iam: seed of MFA device ${name}`;
}
