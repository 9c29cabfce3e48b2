// The restoration of a broker, from the beginning of the backup to the decision on its record.

import { rm } from 'node:fs/promises';
import type { BegunRestore, RestoreRequest } from '../../api/administration/backup-parts.ts';
import type { CallContext } from '../../calls/call-context.ts';
import type { BrokerRecord } from '../../control/broker-record.ts';
import type { Control } from '../../control/control.ts';
import type { Decided } from '../../control/creation.ts';
import { ControlError } from '../../control/errors.ts';
import type { RestoredBroker } from '../../control/volumes/restoration.ts';
import { keyFromBytes } from '../../crypto/derive.ts';
import { readBeginning } from '../../storage/backups/backup-opener.ts';
import { systemDisk } from '../../storage/disk.ts';
import { type DataKeys, readVolumeHeader, Volume, wrappedKeysOf } from '../../storage/volume.ts';
import { type BrokerBackupHeader, checkHeader } from './backup-header.ts';
import { RestoreSession } from './restore-session.ts';

/** The keys of a restoration, and its name. */
type Target = Pick<RestoredBroker, 'source' | 'key' | 'name'>;

/** A broker that is being restored for a caller. */
export class RestoringBroker {
  readonly begun: Omit<BegunRestore, 'restoreId'>;
  readonly session: RestoreSession;
  readonly #control: Control;
  readonly #target: Target;
  readonly #header: BrokerBackupHeader;
  /** Undefined if the backup is only verified. */
  readonly #folder: string | undefined;
  #keys: DataKeys | undefined = undefined;

  /**
   * Decrypts the key of a backup with the permissions of the caller, and prepares a folder.
   *
   * @param folder a folder that does not exist
   * @throws {ControlError} 'bad-request', 'conflict'
   * @throws {StorageError} `not-a-backup`, `format-too-new`, `backup-damaged`, `disk-failed`
   */
  static async begin(
    control: Control,
    { beginning: bytes, name, kmsKeyId, isDryRun }: RestoreRequest,
    context: CallContext,
    folder: string,
  ): Promise<RestoringBroker> {
    const { restoration } = control;
    const beginning = readBeginning(bytes);
    const header = checkHeader(beginning.header);
    if (header.kind !== 'broker') {
      const text = 'The backup is one of a whole service, which is restored into a new data folder';
      throw new ControlError('bad-request', `${text} while no service runs on it.`);
    }
    const own = name ?? header.brokerName;
    if (!isDryRun) restoration.checkName(own);
    const asked = { owner: header.keyOwner, arn: header.kmsKeyId };
    const keys = await restoration.keysFor(asked, kmsKeyId, context);
    const wrapped = Buffer.from(header.wrappedKey, 'base64');
    const volume = { id: header.volumeId, storageType: header.storageType };
    const key = keyFromBytes(await restoration.openDataKey(keys.source, volume, wrapped, context));
    if (!isDryRun) await prepareFolder(folder, header);
    const restoring = new RestoringBroker(
      control,
      header,
      { ...keys, name: own },
      isDryRun ? undefined : folder,
      (parts) => new RestoreSession(parts, key, beginning),
      context,
      beginning.bytes.length,
    );
    return restoring;
  }

  private constructor(
    control: Control,
    header: BrokerBackupHeader,
    target: Target,
    folder: string | undefined,
    session: (parts: ConstructorParameters<typeof RestoreSession>[0]) => RestoreSession,
    context: CallContext,
    offset: number,
  ) {
    const { createdMs, brokerId, brokerName } = header;
    this.begun = { offset, createdMs, brokerId, brokerName };
    this.#control = control;
    this.#header = header;
    this.#target = target;
    this.#folder = folder;
    this.session = session({
      folder,
      checkCopy: (copy) => control.restoration.check(copy),
      openDataKeys: (own) => this.#openDataKeys(own, context),
    });
  }

  async #openDataKeys(folder: string, context: CallContext): Promise<DataKeys> {
    const { volumeId: id, storageType } = this.#header;
    const opened: [number, DataKeys['newest']][] = [];
    for (const each of wrappedKeysOf(await readVolumeHeader(systemDisk, folder))) {
      const { restoration } = this.#control;
      const { source } = this.#target;
      const wrapped = each.wrappedKey;
      const bytes = await restoration.openDataKey(source, { id, storageType }, wrapped, context);
      opened.push([each.generation, keyFromBytes(bytes)]);
    }
    const [newest, ...older] = opened;
    if (newest === undefined) throw new Error('a volume has no data key');
    this.#keys = { newest: newest[1], older: new Map(older) };
    return this.#keys;
  }

  /**
   * Gives the volume to the engine. The returned function decides on the record of the broker.
   *
   * @param move renames the folder
   * @throws {ControlError} 'conflict' if the backup is not verified
   */
  async complete(
    context: CallContext,
    move: (from: string, to: string) => Promise<void>,
  ): Promise<() => Decided<BrokerRecord | undefined>> {
    const { copy } = this.session;
    const folder = this.#folder;
    if (folder === undefined) return () => ({ value: undefined, changes: [] });
    const { restoration, engines } = this.#control;
    restoration.checkName(this.#target.name);
    const { epoch } = await readVolumeHeader(systemDisk, folder);
    const restored = { ...this.#target, copy, epoch };
    const { grants, release } = await restoration.grant(restored, context);
    try {
      await this.#rewrap(folder, restored, context);
      const id = restoration.newBrokerId();
      const to = engines.engineFor(copy.settings).volumes.folderFor(id);
      await systemDisk.createFolder(to.slice(0, to.lastIndexOf('/')));
      await move(folder, to);
      await systemDisk.syncFolder(to.slice(0, to.lastIndexOf('/')));
      return () => {
        release();
        try {
          return restoration.decide(id, restored, grants);
        } catch (error) {
          // The name was given meanwhile. The files must not stay without a broker.
          void rm(to, { recursive: true, force: true }).catch(() => {});
          throw error;
        }
      };
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Wraps the data keys under another KMS key, if the broker is to have one. */
  async #rewrap(folder: string, restored: RestoredBroker, context: CallContext): Promise<void> {
    if (restored.key.arn === restored.source.arn) return;
    const { volumeId: id, storageType } = this.#header;
    const wrapped = wrappedKeysOf(await readVolumeHeader(systemDisk, folder));
    const { restoration } = this.#control;
    const anew = await restoration.rewrap(restored, { id, storageType }, wrapped, context);
    if (this.#keys === undefined) throw new Error('the data keys are not open');
    const volume = await Volume.open(systemDisk, folder, this.#keys);
    try {
      await volume.rewrapAll(anew);
    } finally {
      await volume.close();
    }
  }

  /** Removes the files. */
  close(): Promise<void> {
    return this.session.close();
  }
}

async function prepareFolder(folder: string, { sizeBytes }: BrokerBackupHeader): Promise<void> {
  await systemDisk.createFolder(folder);
  const freeBytes = await systemDisk.freeBytes(folder);
  if (freeBytes > sizeBytes) return;
  await rm(folder, { recursive: true, force: true });
  const found = `The disk has ${freeBytes} free bytes; the backup needs ${sizeBytes}`;
  throw new ControlError('bad-request', `${found}.`);
}
