// The example policies that ship with the program, and their groups.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packageFolder } from '../../base/package-folder.ts';

/** The folder with the documents. */
export const policiesFolder = join(packageFolder, 'examples', 'policies');

/** An example policy. */
export interface ExamplePolicy {
  /** The name of its file, without the extension. */
  readonly file: string;
  /** The name of the customer managed policy. */
  readonly name: string;
  readonly description: string;
}

const own: ExamplePolicy = {
  file: 'own-credentials',
  name: 'WaxwingOwnCredentials',
  description: 'A user manages its own password, access keys and MFA device.',
};
const mfa: ExamplePolicy = {
  file: 'require-mfa',
  name: 'WaxwingRequireMfa',
  description: 'Denies everything without a second factor, except what is needed to prove one.',
};
const operator: ExamplePolicy = {
  file: 'operator',
  name: 'WaxwingOperator',
  description: 'Creates, changes and reboots brokers and configurations; deletes none.',
};
const keyAdministrator: ExamplePolicy = {
  file: 'key-administrator',
  name: 'WaxwingKeyAdministrator',
  description: 'Administers KMS keys without using them.',
};
const auditor: ExamplePolicy = {
  file: 'auditor',
  name: 'WaxwingAuditor',
  description: 'Reads the audit trail, the advice, and the settings of brokers, keys and users.',
};
const application: ExamplePolicy = {
  file: 'application',
  name: 'WaxwingApplication',
  description: 'Finds the brokers and uses the keys that have the tag application of the caller.',
};
const assumeAdministrator: ExamplePolicy = {
  file: 'assume-administrator',
  name: 'WaxwingAssumeAdministrator',
  description: 'Assumes the role of the administrator.',
};

/** All example policies. */
export const examplePolicies: readonly ExamplePolicy[] = [
  own,
  mfa,
  operator,
  keyAdministrator,
  auditor,
  application,
  assumeAdministrator,
];

/** The group of administrators. */
export const administratorsGroup = 'waxwing-administrators';

/** The role that administrators assume with a second factor. */
export const administratorRole = 'waxwing-administrator';

/** The groups with their policies. Programs cannot prove a second factor. */
export const exampleGroups: Readonly<Record<string, readonly ExamplePolicy[]>> = {
  [administratorsGroup]: [own, assumeAdministrator],
  'waxwing-operators': [operator, own, mfa],
  'waxwing-key-administrators': [keyAdministrator, own, mfa],
  'waxwing-auditors': [auditor, own, mfa],
  'waxwing-applications': [application],
};

/** The text of a policy. */
export function documentOf({ file }: ExamplePolicy): Promise<string> {
  return readFile(join(policiesFolder, `${file}.json`), 'utf8');
}
