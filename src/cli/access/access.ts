// Who a command calls the API as: the root user, or a profile of the AWS CLI.

import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { askEnvironment } from '../../server/environment.ts';
import { CliError } from '../errors.ts';
import { type ApiAccess, rootAccess } from './call-api.ts';
import { callQuery, textAt } from './call-query.ts';
import { type Profile, readProfile } from './profiles.ts';
import { Prompts } from './prompts.ts';

/** The options of commands that call the API. */
export interface AccessOptions {
  readonly data: string;
  /** The profile to call as; undefined for the root user. */
  readonly profile?: string | undefined;
}

/**
 * Returns the access of a command. A profile with a role or an MFA device gets temporary credentials
 * from STS, and the code of the device is asked for.
 *
 * @throws {ServerError} `not-running`, `not-private`, `answer-invalid`
 * @throws {CliError} `profile-invalid`, `call-failed`
 */
export async function accessOf({ data, profile: name }: AccessOptions): Promise<ApiAccess> {
  if (name === undefined) return rootAccess(await askEnvironment(resolve(data)));
  const profile = await readProfile(name);
  const source =
    profile.source_profile === undefined
      ? profile
      : { ...(await readProfile(profile.source_profile)), ...onlyPlace(profile) };
  const access = await longTermAccess(name, source);
  if (profile.role_arn === undefined && profile.mfa_serial === undefined) return access;
  return temporaryAccess(access, name, profile);
}

/** A profile names its place itself, or leaves it to its source. */
function onlyPlace({ endpoint_url, region, ca_bundle }: Profile): Profile {
  return {
    ...(endpoint_url !== undefined && { endpoint_url }),
    ...(region !== undefined && { region }),
    ...(ca_bundle !== undefined && { ca_bundle }),
  };
}

async function longTermAccess(name: string, profile: Profile): Promise<ApiAccess> {
  const required = (key: keyof Profile): string => {
    const value = profile[key];
    if (value !== undefined) return value;
    throw new CliError('profile-invalid', `the profile '${name}' has no ${key}`);
  };
  const bundle = required('ca_bundle');
  const authority = await readFile(bundle, 'utf8').catch((cause: Error) => {
    throw new CliError('profile-invalid', `${bundle} cannot be read: ${cause.message}`, { cause });
  });
  return {
    endpoint: required('endpoint_url'),
    region: required('region'),
    authority,
    authorityFile: resolve(bundle),
    accessKeyId: required('aws_access_key_id'),
    secretAccessKey: required('aws_secret_access_key'),
    sessionToken: profile.aws_session_token,
  };
}

async function temporaryAccess(
  access: ApiAccess,
  name: string,
  { role_arn, mfa_serial }: Profile,
): Promise<ApiAccess> {
  const factor: Readonly<Record<string, string>> =
    mfa_serial === undefined
      ? {}
      : { SerialNumber: mfa_serial, TokenCode: await askCode(mfa_serial) };
  const RoleSessionName = `waxwing-${name.replace(/[^\w+=,.@-]/g, '-')}`.slice(0, 64);
  const issued =
    role_arn === undefined
      ? await callQuery(access, 'sts', 'GetSessionToken', factor)
      : await callQuery(access, 'sts', 'AssumeRole', {
          RoleArn: role_arn,
          RoleSessionName,
          ...factor,
        });
  return {
    ...access,
    accessKeyId: textAt(issued, 'Credentials', 'AccessKeyId'),
    secretAccessKey: textAt(issued, 'Credentials', 'SecretAccessKey'),
    sessionToken: textAt(issued, 'Credentials', 'SessionToken'),
  };
}

async function askCode(serial: string): Promise<string> {
  const prompts = new Prompts();
  try {
    return await prompts.line(`Enter MFA code for ${serial}: `);
  } finally {
    prompts.close();
  }
}
