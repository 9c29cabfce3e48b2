// The IAM operations that list the condition keys of policies.

import { setImmediate } from 'node:timers/promises';
import { list, required, string, structure } from '../../../aws/shapes/shape.ts';
import { partsOfArn } from '../../../identity/accounts/arns.ts';
import { IamError } from '../../../identity/accounts/errors.ts';
import type { Iam } from '../../../identity/accounts/iam.ts';
import type { EntityRecord } from '../../../identity/accounts/records.ts';
import { contextKeysOf } from '../../../identity/policies/context-keys.ts';
import { everything, iamOperation } from '../declare.ts';
import type { IamParts } from '../parts.ts';
import { arn } from '../shapes/common.ts';
import { policies } from '../shapes/simulation.ts';
import { inputPolicies } from '../simulation.ts';

const output = structure({ ContextKeyNames: list(string()) });

/** Lists the condition keys of the policies in the request. */
export const getContextKeysForCustomPolicy = (_parts: IamParts) =>
  iamOperation('GetContextKeysForCustomPolicy', {
    input: structure({ PolicyInputList: required(policies) }),
    output,
    resources: everything,
    handle: async ({ PolicyInputList }) => {
      await inputPolicies(PolicyInputList, 'identity', 'PolicyInputList');
      return { output: { ContextKeyNames: await keysOf(PolicyInputList) } };
    },
  });

/** Lists the condition keys of the policies of a user with its groups, of a group or of a role. */
export const getContextKeysForPrincipalPolicy = ({ iam }: IamParts) =>
  iamOperation('GetContextKeysForPrincipalPolicy', {
    input: structure({ PolicySourceArn: required(arn), PolicyInputList: policies }),
    output,
    resources: ({ PolicySourceArn }) => [PolicySourceArn],
    handle: async ({ PolicySourceArn, PolicyInputList = [] }) => {
      const own = documentsOf(iam, PolicySourceArn);
      await inputPolicies(PolicyInputList, 'identity', 'PolicyInputList');
      return { output: { ContextKeyNames: await keysOf([...own, ...PolicyInputList]) } };
    },
  });

/** The keys of documents, each document in a turn of its own. */
async function keysOf(documents: readonly string[]): Promise<string[]> {
  const keys = new Map<string, string>();
  for (const document of documents) {
    await setImmediate();
    for (const key of contextKeysOf(document)) {
      const folded = key.toLowerCase();
      if (!keys.has(folded)) keys.set(folded, key);
    }
  }
  return [...keys.values()];
}

/** @throws {IamError} 'NoSuchEntity', 'InvalidInput' */
function documentsOf(iam: Iam, source: string): readonly string[] {
  const { kind, name = '' } = partsOfArn(iam.accountId(), source) ?? {};
  if (kind === 'user') {
    const user = iam.users.require(name);
    return [user, ...iam.groups.allOf(user)].flatMap((entity) => documentsOfEntity(iam, entity));
  }
  if (kind === 'group') return documentsOfEntity(iam, iam.groups.require(name));
  if (kind === 'role') return documentsOfEntity(iam, iam.roles.require(name));
  throw new IamError('InvalidInput', `${source} is not the ARN of a user, group or role.`);
}

function documentsOfEntity({ journal, managed }: Iam, { id, attached }: EntityRecord): string[] {
  const inline = [...journal.inlineOf(id)].map(({ document }) => document);
  const found = attached.flatMap((policyArn) => managed.find(policyArn) ?? []);
  return [...inline, ...found.map((policy) => managed.documentOf(policy))];
}
