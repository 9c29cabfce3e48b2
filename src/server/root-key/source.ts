// The configured source of the root key.

import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { ServerError } from '../errors.ts';
import { type Pkcs11Key, parsePkcs11Uri } from './sources/pkcs11-uri.ts';

/** The kinds of sources. */
export const rootKeyKinds = [
  'file',
  'passphrase',
  'credential',
  'systemd-creds',
  'pkcs11',
  'aws-kms',
] as const;

/** One of {@link rootKeyKinds}. */
export type RootKeyKind = (typeof rootKeyKinds)[number];

/** A key file. */
export interface FileSource {
  readonly kind: 'file';
  /** `~/.config/waxwing`, or the folder that XDG_CONFIG_HOME selects. */
  readonly configFolder: string;
  /** The key file. Undefined means the one that belongs to the path of the data folder. */
  readonly file?: string | undefined;
}

/** A passphrase in a file. */
export interface PassphraseSource {
  readonly kind: 'passphrase';
  readonly file: string;
}

/** A credential that systemd passes to the service. */
export interface CredentialSource {
  readonly kind: 'credential';
  readonly name: string;
  /** `$CREDENTIALS_DIRECTORY`; undefined if systemd passed no credentials. */
  readonly folder: string | undefined;
}

/** What `systemd-creds` seals a new file with. */
export const sealingKeys = ['tpm2', 'host', 'host+tpm2'] as const;

/** A file that `systemd-creds` has sealed with the TPM or with the key of the host. */
export interface SealedFileSource {
  readonly kind: 'systemd-creds';
  readonly file: string;
  /** What a new file is sealed with. An existing file states it itself. */
  readonly sealedWith: (typeof sealingKeys)[number];
}

/** An AES key on a PKCS#11 token. */
export interface Pkcs11Source {
  readonly kind: 'pkcs11';
  readonly key: Pkcs11Key;
}

/** A key of AWS KMS, or of a service with its API. */
export interface AwsKmsSource {
  readonly kind: 'aws-kms';
  readonly keyArn: string;
  /** Undefined means the endpoint of AWS in the region of the key. */
  readonly endpoint: string | undefined;
  /** File with the authorities of the endpoint's certificate, PEM; undefined for public ones. */
  readonly caFile: string | undefined;
  /** The profile of AWS's configuration files; undefined for the default credentials. */
  readonly profile: string | undefined;
}

/**
 * The configured source of the root key. The data folder also states its source, and both must
 * agree. The data folder alone is not trusted, because somebody who can write it or a backup of it
 * can change it.
 */
export type RootKeySource =
  | FileSource
  | PassphraseSource
  | CredentialSource
  | SealedFileSource
  | Pkcs11Source
  | AwsKmsSource;

/** The variables that select a source. At most one of them may be set. */
const variables = [
  'WAXWING_ROOT_KEY',
  'WAXWING_ROOT_KEY_FILE',
  'WAXWING_ROOT_PASSPHRASE_FILE',
] as const;

/** Maximum length of the text of a source. */
const textLengthMax = 2048;

/** The forms of the text of a source, for help and errors. */
export const sourceForms =
  'file[:PATH], passphrase:PATH, credential:NAME, systemd-creds:PATH, pkcs11:… or aws-kms:ARN';

/**
 * The source of the root key, from the environment of the process. Without a setting, it is the key
 * file that belongs to the path of the data folder.
 *
 * @throws {ServerError} `setting-invalid`
 */
export function rootKeySource(environment: NodeJS.ProcessEnv): RootKeySource {
  const set = variables.filter((name) => environment[name]);
  if (set.length > 1) {
    const text = `${set.join(' and ')} are both set; a data folder has only one root key`;
    throw new ServerError('setting-invalid', text);
  }
  const [name] = set;
  const value = environment[name ?? ''] ?? '';
  switch (name) {
    case 'WAXWING_ROOT_KEY':
      return parseRootKeySource(value, environment, 'WAXWING_ROOT_KEY');
    case 'WAXWING_ROOT_PASSPHRASE_FILE':
      return { kind: 'passphrase', file: value };
    case 'WAXWING_ROOT_KEY_FILE':
      return fileSource(environment, resolve(value));
    default:
      return fileSource(environment);
  }
}

/** @param file the key file; undefined means one in the folder of settings */
function fileSource(
  { XDG_CONFIG_HOME: config = '' }: NodeJS.ProcessEnv,
  file?: string,
): FileSource {
  // Relative paths are invalid, says the XDG Base Directory Specification.
  const configHome = isAbsolute(config) ? config : join(homeFolder(), '.config');
  const configFolder = join(configHome, 'waxwing');
  if (file !== undefined) return { kind: 'file', configFolder, file };
  if (isAbsolute(configFolder)) return { kind: 'file', configFolder };
  const found = `without a home folder, the file of the root key has no place: HOME is '${homeFolder()}'`;
  const expected = 'expected an absolute path in HOME or XDG_CONFIG_HOME, or WAXWING_ROOT_KEY';
  throw new ServerError('setting-invalid', `${found}; ${expected}`);
}

/** The home folder, as HOME or the list of users states it; empty if neither does. */
function homeFolder(): string {
  try {
    return homedir();
  } catch {
    return '';
  }
}

/**
 * Parses the text of a source: one of {@link sourceForms}.
 *
 * @param setting what the text is the value of, for errors
 * @throws {ServerError} `setting-invalid`
 */
export function parseRootKeySource(
  text: string,
  environment: NodeJS.ProcessEnv,
  setting: string,
): RootKeySource {
  if (text.length > textLengthMax) {
    const found = `${setting} has ${text.length} characters; at most ${textLengthMax} are allowed`;
    throw new ServerError('setting-invalid', found);
  }
  const [, kind, rest = ''] = /^([a-z0-9-]+)(?::(.*))?$/s.exec(text) ?? [];
  const missing = () => invalid(setting, `'${kind}:' without a path`);
  switch (kind) {
    case 'file':
      return fileSource(environment, rest === '' ? undefined : resolve(rest));
    case 'passphrase':
      if (rest === '') throw missing();
      return { kind, file: resolve(rest) };
    case 'credential':
      return credentialSource(rest, environment, setting);
    case 'systemd-creds':
      if (rest === '') throw missing();
      return sealedFileSource(rest, setting);
    case 'pkcs11':
      return { kind, key: parsePkcs11Uri(text, setting) };
    case 'aws-kms':
      return awsKmsSource(rest, setting);
    default:
      // The text stays out of the message: somebody may have set the key itself.
      throw invalid(setting, 'of an unknown form');
  }
}

function invalid(setting: string, found: string, allowed: string = sourceForms): ServerError {
  return new ServerError('setting-invalid', `${setting} is ${found}; expected ${allowed}`);
}

function credentialSource(
  name: string,
  { CREDENTIALS_DIRECTORY: folder }: NodeJS.ProcessEnv,
  setting: string,
): CredentialSource {
  if (!/^\w[\w.-]{0,254}$/.test(name)) {
    throw invalid(setting, `'credential:${name}'`, 'a name of letters, digits, - _ and .');
  }
  return { kind: 'credential', name, folder: folder || undefined };
}

function sealedFileSource(rest: string, setting: string): SealedFileSource {
  const [, path = rest, wanted = 'tpm2'] = /^(.+)\?with-key=([^?]*)$/s.exec(rest) ?? [];
  const sealedWith = sealingKeys.find((each) => each === wanted);
  if (sealedWith !== undefined) return { kind: 'systemd-creds', file: resolve(path), sealedWith };
  throw invalid(setting, `with-key=${wanted}`, `one of ${sealingKeys.join(', ')}`);
}

/** The form of an endpoint. */
const endpointForm = /^https:\/\/[^/?#@\s]{1,253}\/?$/;
/** The form of the ARN of a KMS key. */
const keyArnForm = /^arn:aws(?:-[a-z]+)*:kms:[a-z0-9-]{1,64}:\d{12}:key\/[\w-]{1,128}$/;

function awsKmsSource(rest: string, setting: string): AwsKmsSource {
  const [keyArn = '', query = '', ...more] = rest.split('?');
  if (!keyArnForm.test(keyArn) || more.length > 0) {
    const allowed =
      'aws-kms:arn:aws:kms:REGION:ACCOUNT:key/ID, the ARN of a key and not of an alias';
    throw invalid(setting, `'aws-kms:${rest}'`, allowed);
  }
  const given = new URLSearchParams(query);
  const names = ['endpoint', 'ca-file', 'profile'];
  for (const name of given.keys()) {
    if (names.includes(name) && given.getAll(name).length === 1) continue;
    throw invalid(setting, `'${name}=…' after the ARN`, `${names.join(', ')}, each once`);
  }
  const endpoint = given.get('endpoint') ?? undefined;
  if (endpoint !== undefined && !endpointForm.test(endpoint)) {
    throw invalid(setting, 'an ARN with an endpoint of another form', 'https://HOST[:PORT]');
  }
  const caFile = given.get('ca-file') ?? undefined;
  const profile = given.get('profile') ?? undefined;
  return { kind: 'aws-kms', keyArn, endpoint, caFile: caFile && resolve(caFile), profile };
}

/** A source in words, for messages. It contains no secret. */
export function describeSource(source: RootKeySource): string {
  switch (source.kind) {
    case 'file':
      return source.file === undefined ? 'a key file' : `the key file ${source.file}`;
    case 'passphrase':
      return `the passphrase in ${source.file}`;
    case 'credential':
      return `the systemd credential ${source.name}`;
    case 'systemd-creds':
      return `the key that systemd-creds has sealed in ${source.file}`;
    case 'pkcs11':
      return `the key ${source.key.label} on a PKCS#11 token`;
    case 'aws-kms':
      return `the KMS key ${source.keyArn}`;
  }
}
