// Profiles in the files of the AWS CLI.

import { appendFile, open, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { systemDisk } from '../../storage/disk.ts';
import { CliError } from '../errors.ts';
import { onFile } from '../system-error.ts';

/** The settings of a profile that commands of this program use. */
const settingNames = [
  'aws_access_key_id',
  'aws_secret_access_key',
  'aws_session_token',
  'ca_bundle',
  'endpoint_url',
  'mfa_serial',
  'region',
  'role_arn',
  'source_profile',
] as const;

/** A profile: what both files say. */
export type Profile = Readonly<Partial<Record<(typeof settingNames)[number], string>>>;

/** Maximum size of a file with profiles, characters. */
const fileCharactersMax = 1024 * 1024;

/** The files with the settings and with the credentials. */
export interface ProfileFiles {
  readonly config: string;
  readonly credentials: string;
}

/** The files that the AWS CLI would read. */
export function profileFiles(environment = process.env): ProfileFiles {
  const { AWS_CONFIG_FILE: config, AWS_SHARED_CREDENTIALS_FILE: credentials } = environment;
  const folder = join(homedir(), '.aws');
  return {
    config: config || join(folder, 'config'),
    credentials: credentials || join(folder, 'credentials'),
  };
}

/**
 * Reads a profile.
 *
 * @throws {CliError} `profile-invalid` if neither file has it
 */
export async function readProfile(name: string, files = profileFiles()): Promise<Profile> {
  const settings = sectionOf(await textOf(files.config), configSection(name));
  const credentials = sectionOf(await textOf(files.credentials), name);
  if (settings !== undefined || credentials !== undefined) return { ...settings, ...credentials };
  const text = `there is no profile '${name}' in ${files.config} and ${files.credentials}`;
  throw new CliError('profile-invalid', text);
}

/** Whether one of the files has a section for a profile. */
export async function hasProfile(name: string, files = profileFiles()): Promise<boolean> {
  const inConfig = sectionOf(await textOf(files.config), configSection(name));
  return (inConfig ?? sectionOf(await textOf(files.credentials), name)) !== undefined;
}

/**
 * Checks that profiles can be added, before anything depends on it. Creates the files, for this user only.
 *
 * @throws {NodeJS.ErrnoException} of the file that cannot be written
 */
export async function requireWritable(files = profileFiles()): Promise<void> {
  for (const path of [files.config, files.credentials]) {
    await onFile(path, systemDisk.createFolder(dirname(path)));
    await (await open(path, 'a', 0o600)).close();
  }
}

/** Appends a profile to one of the files, which is created if necessary, for this user only. */
export async function appendProfile(
  file: keyof ProfileFiles,
  name: string,
  settings: Profile,
  files = profileFiles(),
): Promise<void> {
  const path = files[file];
  const before = await textOf(path);
  const lines = Object.entries(settings).map(([key, value]) => `${key} = ${value}`);
  const section = file === 'config' ? configSection(name) : name;
  const gap = before === '' ? '' : before.endsWith('\n') ? '\n' : '\n\n';
  await onFile(path, systemDisk.createFolder(dirname(path)));
  const text = `${gap}[${section}]\n${lines.join('\n')}\n`;
  await onFile(path, appendFile(path, text, { mode: 0o600 }));
}

function configSection(name: string): string {
  return name === 'default' ? name : `profile ${name}`;
}

async function textOf(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  if (text.length <= fileCharactersMax) return text;
  const found = `${path} has ${text.length} characters; at most ${fileCharactersMax} are allowed`;
  throw new CliError('profile-invalid', found);
}

/** The known settings of a section; undefined if there is no such section. */
function sectionOf(text: string, wanted: string): Profile | undefined {
  let found: Record<string, string> | undefined;
  let isWanted = false;
  for (const line of text.split(/\r?\n/)) {
    const [, section] = /^\s*\[\s*([^\]]*?)\s*\]/.exec(line) ?? [];
    if (section !== undefined) {
      isWanted = section.replace(/\s+/g, ' ') === wanted;
      if (isWanted) found ??= {};
      continue;
    }
    const [, key, value] = /^\s*(\w+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    const isKnown = settingNames.some((name) => name === key);
    if (isWanted && found && isKnown && key !== undefined) found[key] = value ?? '';
  }
  return found;
}
