// Backups and restorations of the running service.

import type { KeyObject } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type {
  BackupOperations,
  BackupPartView,
  BegunBackup,
  BegunRestore,
  CompletedBackup,
  RestoreRequest,
  RestoreView,
} from '../../api/administration/backup-parts.ts';
import type { Clock } from '../../base/clock.ts';
import { WaxwingError } from '../../base/errors.ts';
import type { Random } from '../../base/random.ts';
import type { CallContext } from '../../calls/call-context.ts';
import type { BrokerRecord } from '../../control/broker-record.ts';
import type { Configurations } from '../../control/configurations/configurations.ts';
import type { Control } from '../../control/control.ts';
import { ControlError } from '../../control/errors.ts';
import type { OpenSecret } from '../../control/users/ldap.ts';
import { keyFromBytes } from '../../crypto/derive.ts';
import { systemDisk } from '../../storage/disk.ts';
import { readVolumeHeader } from '../../storage/volume.ts';
import { eventsFolder, systemFolder, trailsFolder } from '../system-volume.ts';
import type { BackupHeader } from './backup-header.ts';
import { BackupSession } from './backup-session.ts';
import { type BackupSource, sizeOf } from './backup-source.ts';
import { brokerSource } from './broker-source.ts';
import { LinkedFiles } from './linked-files.ts';
import { RestoringBroker } from './restoring-broker.ts';
import { type ServiceSourceParts, serviceSource } from './service-source.ts';
import { Sessions } from './sessions.ts';

/** The folders of links and of files that are not restored yet, in the data folder. */
const ownFolders = { backups: 'backups', restores: 'restores' } as const;

/** The parts of the service that backups need. */
export interface BackupsParts {
  /** The data folder. */
  readonly folder: string;
  readonly control: Control;
  readonly configurations: Configurations;
  readonly openSecret: OpenSecret;
  /** 256 bits, from which the keys of backups of the service are derived. */
  readonly serviceKey: KeyObject;
  readonly volumes: Pick<ServiceSourceParts, 'log' | 'secrets' | 'freezeLogs'>;
  readonly region: string;
  readonly accountId: string;
  /** The version of this program. */
  readonly release: () => Promise<string>;
  readonly clock: Clock;
  readonly random: Random;
}

interface KeptBackup {
  readonly session: BackupSession;
  readonly broker: BrokerRecord | undefined;
}

/** Makes backups of the service and its brokers, and restores brokers. */
export class Backups implements BackupOperations {
  readonly #parts: BackupsParts;
  readonly #backups: Sessions<KeptBackup>;
  readonly #restores: Sessions<RestoringBroker>;

  constructor(parts: BackupsParts) {
    const { clock, random } = parts;
    this.#parts = parts;
    this.#backups = new Sessions('backup', clock, random, ({ session }) => session.release());
    this.#restores = new Sessions('restoration', clock, random, (each) => each.close());
  }

  /** Removes what a process left that ended during a backup or a restoration. */
  async removeLeft(): Promise<void> {
    for (const name of Object.values(ownFolders)) {
      await rm(join(this.#parts.folder, name), { recursive: true, force: true });
    }
  }

  async create(broker: BrokerRecord | undefined, context: CallContext): Promise<BegunBackup> {
    const createdMs = this.#parts.clock.nowMs();
    let sizeBytes = 0;
    const backupId = await this.#backups.start(context, async (id) => {
      const session = await translated(() =>
        broker === undefined
          ? this.#ofService(id, createdMs)
          : this.#ofBroker(id, createdMs, broker),
      );
      sizeBytes = session.header.sizeBytes;
      return { session, broker };
    });
    return { backupId, createdMs, sizeBytes };
  }

  async #ofService(id: string, createdMs: number): Promise<BackupSession> {
    const { folder, control, volumes, serviceKey } = this.#parts;
    const names = [eventsFolder(folder), trailsFolder(folder)].map((path) => basename(path));
    const links = new LinkedFiles(folder, names, join(folder, ownFolders.backups, id));
    try {
      const { brokers, engines } = control;
      const source = await serviceSource({ brokers, engines, ...volumes }, links);
      const { id: volumeId, wrappedKey } = await readVolumeHeader(systemDisk, systemFolder(folder));
      const own = { kind: 'service', volumeId, wrappedKey: wrappedKey.toString('base64') } as const;
      const header = { ...(await this.#common(id, createdMs, source)), ...own };
      return this.#session(serviceKey, header, source);
    } catch (error) {
      await links.remove();
      throw error;
    }
  }

  async #ofBroker(id: string, createdMs: number, broker: BrokerRecord): Promise<BackupSession> {
    const { control, configurations, openSecret } = this.#parts;
    const { engines, keys } = control;
    requireStill(broker, broker);
    const source = await brokerSource({ engines, configurations, openSecret }, broker);
    try {
      // The keys in the copied header must be those of this KMS key.
      requireStill(control.brokers.get(broker.id), broker);
      const [volume] = broker.volumes;
      if (volume === undefined) throw new Error(`broker ${broker.id} has no volume`);
      const wrappedKey = await keys.newDataKey(broker.key, volume);
      const key = keyFromBytes(await keys.openDataKey(broker.key, volume, wrappedKey));
      const header = {
        kind: 'broker',
        ...(await this.#common(id, createdMs, source)),
        brokerId: broker.id,
        brokerName: broker.name,
        volumeId: volume.id,
        storageType: volume.storageType,
        kmsKeyId: broker.key.arn,
        keyOwner: broker.key.owner,
        wrappedKey: wrappedKey.toString('base64'),
      } as const;
      return this.#session(key, header, source);
    } catch (error) {
      await source.release();
      throw error;
    }
  }

  async #common(id: string, createdMs: number, source: BackupSource) {
    const { region, accountId } = this.#parts;
    const release = await this.#parts.release();
    return { id, createdMs, release, region, accountId, sizeBytes: sizeOf(source) };
  }

  #session(key: KeyObject, header: BackupHeader, source: BackupSource): BackupSession {
    return new BackupSession(key, header, source, this.#parts.random);
  }

  brokerOf(backupId: string): BrokerRecord | undefined {
    return this.#backups.peek(backupId)?.broker;
  }

  async read(backupId: string, offset: number, context: CallContext): Promise<BackupPartView> {
    const { session } = this.#backups.of(backupId, context);
    try {
      const part = await translated(() => session.read(offset));
      if (part.isLast) this.#backups.verifying(backupId);
      return part;
    } catch (error) {
      if (session.isFailed) await this.#backups.abandon(backupId, context);
      throw error;
    }
  }

  complete(backupId: string, sha256: string, context: CallContext): CompletedBackup {
    const { session, broker } = this.#backups.of(backupId, context);
    if (session.sha256 === undefined) {
      throw new ControlError('conflict', 'The last part of the backup was not read yet.');
    }
    if (session.sha256 !== sha256) {
      const text = `The file has SHA-256 ${sha256}, but the backup has ${session.sha256}`;
      throw new ControlError('bad-request', `${text}: it was not written correctly.`, 'sha256');
    }
    this.#backups.completed(backupId);
    return { broker, createdMs: session.header.createdMs, fileBytes: session.fileBytes };
  }

  abandon(backupId: string, context: CallContext): Promise<void> {
    return this.#backups.abandon(backupId, context);
  }

  abandonRestore(restoreId: string, context: CallContext): Promise<void> {
    return this.#restores.abandon(restoreId, context);
  }

  async beginRestore(request: RestoreRequest, context: CallContext): Promise<BegunRestore> {
    const { control, folder } = this.#parts;
    let begun: Omit<BegunRestore, 'restoreId'> | undefined;
    const restoreId = await this.#restores.start(context, async (id) => {
      const own = join(folder, ownFolders.restores, id);
      const restoring = await translated(() =>
        RestoringBroker.begin(control, request, context, own),
      );
      begun = restoring.begun;
      return restoring;
    });
    if (begun === undefined) throw new Error('a restoration did not begin');
    return { restoreId, ...begun };
  }

  async writeRestore(
    restoreId: string,
    part: { readonly offset: number; readonly data: Buffer; readonly isLast: boolean },
    context: CallContext,
  ): Promise<RestoreView> {
    const { session } = this.#restores.of(restoreId, context);
    try {
      await session.write(part.offset, part.data, part.isLast);
      return session.progress;
    } catch (error) {
      if (session.progress.state === 'failed') await this.#restores.abandon(restoreId, context);
      throw error;
    }
  }

  restoreProgress(restoreId: string, context: CallContext): RestoreView {
    const { progress } = this.#restores.of(restoreId, context).session;
    if (progress.state === 'failed') void this.#restores.abandon(restoreId, context);
    return progress;
  }

  async completeRestore(restoreId: string, context: CallContext) {
    const restoring = this.#restores.of(restoreId, context);
    const { createdMs } = restoring.begun;
    const decide = await translated(() =>
      restoring.complete(context, (from, to) => rename(from, to)),
    );
    return () => {
      const decided = decide();
      this.#restores.completed(restoreId);
      return { ...decided, createdMs };
    };
  }
}

/**
 * Requires that a broker still has its key.
 *
 * @throws {ControlError} 'conflict', 'bad-request'
 */
function requireStill(now: BrokerRecord | undefined, { id, key }: BrokerRecord): void {
  if (now?.keyChange === null && now.key.arn === key.arn) {
    if (now.volumes.every(({ isMade }) => isMade)) return;
    const why = now.replication?.role === 'REPLICA' ? 'is a replica' : 'has no volume yet';
    throw new ControlError('bad-request', `Broker [${id}] ${why}.`);
  }
  throw new ControlError('conflict', `The KMS key of broker [${id}] is being changed.`);
}

/** Converts expected errors of the storage and of keys to errors of the control plane. */
async function translated<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof WaxwingError) || error instanceof ControlError) throw error;
    throw new ControlError('bad-request', `${error.message} (${error.code})`);
  }
}
