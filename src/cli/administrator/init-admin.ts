// The command `waxwing init-admin`.

import { resolve } from 'node:path';
import { askEnvironment } from '../../server/environment.ts';
import { rootAccess } from '../access/call-api.ts';
import { type Element, membersAt, textAt } from '../access/call-query.ts';
import { appendProfile, hasProfile, profileFiles, requireWritable } from '../access/profiles.ts';
import { Prompts } from '../access/prompts.ts';
import { CliError } from '../errors.ts';
import { administratorRoleArn, IamCalls, setUpAccount } from './account-set-up.ts';
import { administratorsGroup } from './example-policies.ts';
import { enableDevice } from './mfa-device.ts';

/** The options of `waxwing init-admin`, under the names that the argument parser gives them. */
export interface InitAdminOptions {
  readonly data: string;
  /** Whether the password is the first line of standard input. */
  readonly passwordStdin: boolean;
  /** The profile to write; defaults to the name of the administrator. */
  readonly profile?: string;
  /** Whether to print the access key instead of writing a profile. */
  readonly printKey: boolean;
}

/**
 * Creates an administrator with a password, an MFA device and an access key, and the example
 * policies with their groups. A run that was interrupted is continued by the next one.
 *
 * @throws {CliError} `administrator-exists` if the user has an access key already;
 *   `profile-invalid` if the profile exists already; `call-failed`, `input-ended`
 * @throws {ServerError} `not-running`
 */
export async function initAdmin(name: string, options: InitAdminOptions): Promise<void> {
  const profile = options.profile ?? name;
  if (!options.printKey) {
    await refuseProfiles([profile, keyProfile(profile)]);
    await requireWritable();
  }
  const environment = await askEnvironment(resolve(options.data));
  const access = await rootAccess(environment);
  const iam = new IamCalls(access);
  await refuseFinished(iam, name);
  const prompts = new Prompts();
  try {
    const password = await newPassword(prompts, options.passwordStdin);
    const accountId = await iam.accountId();
    await setUpAccount(iam, accountId);
    await iam.create('CreateUser', { UserName: name });
    await setPassword(iam, name, password);
    const serial = await enableDevice(iam, prompts, { name, accountId });
    await iam.call('AddUserToGroup', { UserName: name, GroupName: administratorsGroup });
    const key = await iam.call('CreateAccessKey', { UserName: name });
    const { AWS_CA_BUNDLE: bundle = '' } = environment;
    const { endpoint, region } = access;
    const place = { endpoint_url: endpoint, region, ca_bundle: bundle };
    if (options.printKey) printKey(key);
    else {
      const written = writeProfiles(profile, key, { ...place, accountId, serial });
      await written.catch(async (error) => {
        // The key would be lost, and the next run refused because of it.
        const AccessKeyId = textAt(key, 'AccessKey', 'AccessKeyId');
        await iam.call('DeleteAccessKey', { UserName: name, AccessKeyId });
        throw error;
      });
    }
  } finally {
    prompts.close();
  }
}

/** The profile with the access key. The other one assumes the role from it. */
function keyProfile(profile: string): string {
  return `${profile}-key`;
}

async function refuseProfiles(names: readonly string[]): Promise<void> {
  for (const name of names) {
    if (!(await hasProfile(name))) continue;
    const { config, credentials } = profileFiles();
    const text = `the profile '${name}' exists already in ${config} or ${credentials}`;
    throw new CliError('profile-invalid', `${text}; name another with --profile, or remove it`);
  }
}

/** The access key is created last, so a user with one is complete. */
async function refuseFinished(iam: IamCalls, UserName: string): Promise<void> {
  const keys = await iam.unless('NoSuchEntity', 'ListAccessKeys', { UserName });
  if (keys === undefined || membersAt(keys, 'AccessKeyMetadata').length === 0) return;
  const text = `the user '${UserName}' exists already and has an access key`;
  throw new CliError('administrator-exists', `${text}; choose another name. Nothing was changed`);
}

async function newPassword(prompts: Prompts, isPiped: boolean): Promise<string> {
  if (isPiped) return prompts.line('');
  const password = await prompts.secret('Password of the new administrator: ');
  if ((await prompts.secret('Again: ')) === password) return password;
  throw new CliError('input-invalid', 'the passwords differ. Nothing was changed');
}

async function setPassword(iam: IamCalls, UserName: string, Password: string): Promise<void> {
  const made = await iam.create('CreateLoginProfile', { UserName, Password });
  if (made === undefined) await iam.call('UpdateLoginProfile', { UserName, Password });
}

function printKey(key: Element): void {
  console.log(`AWS_ACCESS_KEY_ID=${textAt(key, 'AccessKey', 'AccessKeyId')}`);
  console.log(`AWS_SECRET_ACCESS_KEY=${textAt(key, 'AccessKey', 'SecretAccessKey')}`);
  console.log('This secret is not shown again.');
}

/** What the profiles name. */
interface Place {
  readonly endpoint_url: string;
  readonly region: string;
  readonly ca_bundle: string;
  readonly accountId: string;
  readonly serial: string;
}

async function writeProfiles(
  profile: string,
  key: Element,
  { accountId, serial, ...place }: Place,
): Promise<void> {
  const source = keyProfile(profile);
  await appendProfile('credentials', source, {
    aws_access_key_id: textAt(key, 'AccessKey', 'AccessKeyId'),
    aws_secret_access_key: textAt(key, 'AccessKey', 'SecretAccessKey'),
  });
  await appendProfile('config', source, place);
  await appendProfile('config', profile, {
    ...place,
    role_arn: administratorRoleArn(accountId),
    source_profile: source,
    mfa_serial: serial,
  });
  const { config, credentials } = profileFiles();
  console.log(`The profile '${profile}' is in ${config}, its access key in ${credentials}.`);
  console.log('Each use asks for a code of the MFA device:');
  console.log(`  aws --profile ${profile} sts get-caller-identity`);
  console.log(`  waxwing advise --profile ${profile}`);
}
