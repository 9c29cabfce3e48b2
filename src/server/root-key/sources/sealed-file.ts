// Files that systemd-creds seals with the TPM or with the key of the host.

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { systemRandom } from '../../../base/random.ts';
import { systemDisk } from '../../../storage/disk.ts';
import { ServerError } from '../../errors.ts';
import { checkFolder, checkKeyFile } from '../../ownership.ts';
import type { SealedFileSource } from '../source.ts';
import { createPrivate, keyInText, readPrivate } from './private-file.ts';
import {
  type MadeRootKey,
  type RootKeyHolder,
  rootKeyBytes,
  sourceNumbers,
} from './root-key-holder.ts';

const command = 'systemd-creds';
/** The name that the file is bound to. */
const credentialName = 'waxwing-root-key';
/** Maximum time of the command, milliseconds. A TPM takes some seconds. */
const timeoutMs = 60_000;
const outputBytesMax = 64 * 1024;
/** Maximum length of the part of an error message that the command prints. */
const reasonLengthMax = 300;

/** A root key in a file that `systemd-creds` sealed. Only this machine can open it. */
export class SealedFileHolder implements RootKeyHolder {
  readonly kind = 'systemd-creds';
  readonly #source: SealedFileSource;

  constructor(source: SealedFileSource) {
    this.#source = source;
  }

  /** Creates the sealed file with a new key. An existing one is reused. */
  async make(): Promise<MadeRootKey> {
    const { file } = this.#source;
    if (!existsSync(file)) await this.#create();
    // What the file contains counts, even if it was just created.
    return { key: await this.open(), stored: Buffer.alloc(0), number: sourceNumbers.sealedFile };
  }

  async #create(): Promise<void> {
    const { file, sealedWith } = this.#source;
    await systemDisk.createFolder(dirname(file));
    checkFolder(dirname(file));
    const key = systemRandom.bytes(rootKeyBytes);
    const text = Buffer.from(`${key.toString('hex')}\n`);
    key.fill(0);
    try {
      const options = [`--name=${credentialName}`, `--with-key=${sealedWith}`];
      const sealed = await run(['encrypt', ...options, '-', '-'], text);
      await createPrivate(file, sealed);
    } finally {
      text.fill(0);
    }
  }

  async open(): Promise<Buffer> {
    const { file } = this.#source;
    const sealed = await readPrivate(file, 'the file of systemd-creds', checkKeyFile);
    return keyInText(await run(['decrypt', `--name=${credentialName}`, '-', '-'], sealed), file);
  }
}

/** Runs the command. Keys pass through pipes only. */
function run(args: readonly string[], input: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const options = { timeout: timeoutMs, maxBuffer: outputBytesMax, encoding: 'buffer' } as const;
    const child = execFile(command, args, options, (error, output, errors) => {
      if (error === null) resolve(output);
      else reject(unavailable(args[0] ?? '', error, errors));
    });
    // The command may end without reading its input, which it then reports.
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  });
}

function unavailable(action: string, cause: Error, errors: Buffer | string): ServerError {
  const isMissing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
  const said = errors.toString('utf8').trim().split('\n').at(-1) ?? '';
  const reason = isMissing ? 'there is no such command' : said || 'it ended with an error';
  const text = `${command} ${action}: ${reason.slice(0, reasonLengthMax)}`;
  // Neither the error of the child nor its command line goes into the log: only what it said.
  return new ServerError('root-key-unavailable', text);
}
