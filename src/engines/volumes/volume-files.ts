// Reads and writes files of mounted volumes, in other processes.

import { WaxwingError } from '../../base/errors.ts';
import { runProgram } from '../../base/programs/run-program.ts';
import type { VolumeOwner } from '../../volumes/gocryptfs.ts';

const timeoutMs = 20_000;

// In another process, because a frozen volume holds up whoever uses it.
const writeScript =
  'umask 077; mkdir -p -- "$1" && cat > "$1/$2.new" && sync -- "$1/$2.new" && mv -f -- "$1/$2.new" "$1/$2"';

/**
 * Writes a file of a folder on the volume, which is created.
 *
 * @throws {WaxwingError} `volume-failed`
 */
export async function writeVolumeFile(
  owner: VolumeOwner,
  folder: string,
  name: string,
  content: string | Buffer,
): Promise<void> {
  const input = Buffer.from(content);
  await runAs(owner, `${folder}/${name} cannot be written`, [writeScript, folder, name], input);
  input.fill(0);
}

/**
 * Creates folders of the volume. Those that exist are left as they are.
 *
 * @throws {WaxwingError} `volume-failed`
 */
export async function createVolumeFolders(
  owner: VolumeOwner,
  folders: readonly string[],
): Promise<void> {
  const script = 'umask 077; mkdir -p -- "$@"';
  await runAs(owner, 'folders of the volume cannot be created', [script, ...folders]);
}

/** The beginning of a file of a volume. */
export interface VolumeFile {
  readonly text: string;
  /** When it last changed, milliseconds since 1970. */
  readonly changedMs: number;
}

const fileBytesMax = 4096;

/**
 * Reads the first 4 KiB of a file of the volume, as its owner, who may have replaced it.
 *
 * @returns undefined if there is none
 * @throws {WaxwingError} `volume-failed`
 */
export async function readVolumeFile(
  owner: VolumeOwner,
  file: string,
): Promise<VolumeFile | undefined> {
  const script = `if [ -f "$1" ]; then stat -L -c %.3Y -- "$1"; head -c ${fileBytesMax} -- "$1"; fi`;
  const found = await runAs(owner, 'the volume cannot be read', [script, file]);
  const [, seconds, text = ''] = /^([\d.]+)\n?([\s\S]*)$/.exec(found) ?? [];
  if (seconds === undefined) return undefined;
  return { text, changedMs: Math.floor(Number(seconds) * 1000) };
}

/** How often a volume was mounted, as control counts it. */
export interface MountCount {
  /** The number of this mount. */
  readonly epoch: number;
  /** The newest mount that is known to have succeeded. */
  readonly epochMin: number;
}

const mountFile = 'mounts';

/**
 * Checks the number of the last mount, which is on the volume, and replaces it. An older copy of the
 * volume has a lower one.
 *
 * @throws {WaxwingError} `volume-rolled-back` if the volume is an older copy, or was mounted elsewhere
 */
export async function countMount(
  owner: VolumeOwner,
  mountpoint: string,
  { epoch, epochMin }: MountCount,
): Promise<void> {
  const script = 'cat -- "$1" 2> /dev/null || echo 0';
  const args = [script, `${mountpoint}/${mountFile}`];
  const text = await runAs(owner, 'the volume cannot be read', args);
  const last = /^\d{1,15}$/.test(text) ? Number(text) : -1;
  if (last < epochMin || last >= epoch) {
    const found = `the volume was last mounted as number ${text.slice(0, 20)}`;
    throw new WaxwingError('volume-rolled-back', `${found}; expected ${epochMin} to ${epoch - 1}`);
  }
  await writeVolumeFile(owner, mountpoint, mountFile, `${epoch}\n`);
}

/** Runs a script as the owner of the volume. Returns its output. */
async function runAs(
  { uid, gid }: VolumeOwner,
  failure: string,
  [script = '', ...values]: readonly string[],
  input = Buffer.alloc(0),
): Promise<string> {
  const isSuperuser = process.geteuid?.() === 0;
  const user = isSuperuser ? [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'] : [];
  const args = [...user, '--no-new-privs', '/bin/sh', '-c', script, 'files', ...values];
  const { code, output, errors } = await runProgram('setpriv', args, { timeoutMs, input });
  if (code !== 0) throw new WaxwingError('volume-failed', `${failure}: ${errors || code}`);
  return output;
}
