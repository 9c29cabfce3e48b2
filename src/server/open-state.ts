// The state of a service when it starts.

import { systemClock } from '../base/clock.ts';
import type { ServiceLog } from '../base/log.ts';
import { systemRandom } from '../base/random.ts';
import type { Secret } from '../base/secret.ts';
import { hashPassword, hashRandomPassword } from '../crypto/password.ts';
import { newAccountId } from '../identity/identifiers.ts';
import type { Volume } from '../storage/volume.ts';
import { type SystemEvents, SystemState } from './compose.ts';
import { ServerError } from './errors.ts';
import { newPassword } from './installation.ts';
import { recordRootKey } from './root-key/root-key-record.ts';
import type { Settings } from './settings.ts';
import { openSystemVolume } from './system-volume.ts';

const regionAtFirst = 'us-east-1';

/** The opened system volume and its state. */
export interface Opened {
  readonly volume: Volume;
  readonly state: SystemState;
  readonly region: string;
  readonly accountId: string;
  /** The password for the broker that the first start creates. */
  readonly firstPassword: Secret<string> | undefined;
  readonly hashPassword: typeof hashPassword;
}

/** Logs that the disk is full, or has space again. */
export function reportFull(log: ServiceLog, folder: string, isFull: boolean): void {
  if (isFull)
    log.error({ folder }, 'no space left on the disk: all changes wait until space is available');
  else log.warn({ folder }, 'the disk has space again');
}

/**
 * Opens the system volume and recovers its state. The first start gives it a region and an account. The
 * caller must settle the keys before others can use them.
 *
 * @throws {WaxwingError} errors of the root key and of the folder; `setting-conflict`
 */
export async function openState(settings: Settings, events: SystemEvents): Promise<Opened> {
  const volume = await openSystemVolume(settings.folder, settings.rootKey);
  try {
    const state = new SystemState(volume, settings.folder);
    await state.recover(volume, events);
    const region = await initializeRegion(state, settings.region);
    const accountId = await initializeAccount(state, settings.accountId);
    await recordRootKey(volume, { ...state, region, accountId });
    const isFirst = settings.hasDefaultBroker && state.installation.defaultBroker === undefined;
    const firstPassword = isFirst ? newPassword(systemRandom) : undefined;
    return {
      volume,
      state,
      region,
      accountId,
      firstPassword,
      hashPassword: (password) =>
        password === firstPassword?.reveal()
          ? hashRandomPassword(password)
          : hashPassword(password),
    };
  } catch (error) {
    await volume.close();
    throw error;
  }
}

async function initializeRegion(state: SystemState, asked: string | undefined): Promise<string> {
  const { installation, store } = state;
  if (installation.region === undefined) {
    await store.commit(installation.initialize(asked ?? regionAtFirst));
  }
  if (installation.metricsToken === undefined) {
    await store.commit(installation.makeMetricsToken(systemRandom));
  }
  const region = installation.region ?? '';
  if (asked === undefined || asked === region) return region;
  throw new ServerError(
    'setting-conflict',
    `--region is '${asked}', but the data folder has region ${region}`,
  );
}

async function initializeAccount(state: SystemState, asked: string | undefined): Promise<string> {
  const { identity, store } = state;
  if (identity.accountId === undefined) {
    const nowMs = systemClock.nowMs();
    await store.commit(identity.createAccount(asked ?? newAccountId(systemRandom), nowMs));
  }
  // An interrupted first start may have left an account without a key.
  if (identity.rootAccessKeyId === undefined) {
    await store.commit(identity.createRootAccessKey(systemRandom, systemClock.nowMs()));
  }
  const accountId = identity.accountId ?? '';
  if (asked === undefined || asked === accountId) return accountId;
  const found = `--account-id is '${asked}', but the data folder has account ${accountId}`;
  throw new ServerError('setting-conflict', found);
}
