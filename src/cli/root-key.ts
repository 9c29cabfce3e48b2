// The commands `waxwing root-key show` and `waxwing root-key change`.

import { resolve } from 'node:path';
import { protectFiles, protectMemory } from '../base/process.ts';
import { ServerError } from '../server/errors.ts';
import {
  changeRootKey,
  type ShownRootKey,
  showRootKey,
} from '../server/root-key/root-key-change.ts';
import { describeSource, parseRootKeySource, rootKeySource } from '../server/root-key/source.ts';
import { sourceNumbers } from '../server/root-key/sources/root-key-holder.ts';
import { shownLabel } from '../server/root-key/wrapping.ts';

/** The options of both commands. */
export interface RootKeyOptions {
  readonly data: string;
}

/** The options of `waxwing root-key show`. */
export interface ShowOptions extends RootKeyOptions {
  /** Whether to print a JSON object. */
  readonly json: boolean;
}

/** The kinds of sources, in words. */
const kindsInWords = {
  file: 'key file',
  passphrase: 'passphrase',
  credential: 'systemd credential',
  'systemd-creds': 'file sealed by systemd-creds',
  pkcs11: 'key on a PKCS#11 token',
  'aws-kms': 'KMS key',
} as const;

/**
 * Prints which root key a data folder has, since when, and whether the configured source opens it.
 *
 * @throws {ServerError} `data-folder-foreign`, `root-key-format-unknown`, `setting-invalid`;
 *   `root-key-wrong` if the configured source does not open the folder
 */
export async function rootKeyShow({ data, json }: ShowOptions): Promise<void> {
  protectMemory();
  protectFiles();
  const folder = resolve(data);
  const source = rootKeySource(process.env);
  const shown = await showRootKey(folder, source);
  const { kind, label, sinceMs, changeCount, problem } = shown;
  const since = sinceMs === undefined ? undefined : new Date(sinceMs).toISOString();
  if (json) {
    const facts = { source: kind, function: functionOf(shown), key: label || null };
    const state = { since: since ?? null, changes: changeCount, opens: problem === undefined };
    console.log(JSON.stringify({ ...facts, ...state }, null, 2));
  } else {
    const how = functionOf(shown);
    const named = label === '' ? (how ?? '') : shownLabel(label);
    console.log(`source   ${kindsInWords[kind]}${named === '' ? '' : `, ${named}`}`);
    console.log(`since    ${since ?? 'the folder was created, by an earlier release'}`);
    console.log(`changes  ${changeCount}`);
    if (problem === undefined) console.log(`opens    with ${describeSource(source)}`);
  }
  if (problem === undefined) return;
  const text = `the configured source does not open ${folder}: ${problem}`;
  throw new ServerError('root-key-wrong', text);
}

function functionOf({ source }: ShownRootKey): string | null {
  if (source === sourceNumbers.scrypt) return 'scrypt';
  return source === sourceNumbers.pbkdf2 ? 'PBKDF2-HMAC-SHA-512' : null;
}

/**
 * Moves the root key of a stopped data folder to another source.
 *
 * @param to the new source, see `sourceForms`
 * @throws {ServerError} the errors of opening the root key with either source; `setting-invalid`
 * @throws {StorageError} `folder-locked` if a service is running on the folder
 */
export async function rootKeyChange(to: string, { data }: RootKeyOptions): Promise<void> {
  protectMemory();
  protectFiles();
  const folder = resolve(data);
  const from = rootKeySource(process.env);
  const source = parseRootKeySource(to, process.env, 'the new root key');
  await changeRootKey(folder, from, source);
  console.log(`The root key of ${folder} is now ${describeSource(source)}.`);
  process.stderr.write(
    `Set WAXWING_ROOT_KEY to the new source before the next start. The earlier root key was\n${describeSource(from)}; it still opens copies that were made before.\n`,
  );
}
