// The policies, groups and the role that administrators need. What exists already stays as it is.

import type { ApiAccess } from '../access/call-api.ts';
import { callQuery, type Element, RefusedCall, textAt } from '../access/call-query.ts';
import {
  administratorRole,
  documentOf,
  type ExamplePolicy,
  exampleGroups,
  examplePolicies,
} from './example-policies.ts';

const administratorAccess = 'arn:aws:iam::aws:policy/AdministratorAccess';

/** Calls operations of IAM with the same access. */
export class IamCalls {
  readonly #access: ApiAccess;

  constructor(access: ApiAccess) {
    this.#access = access;
  }

  call(action: string, parameters: Readonly<Record<string, string>>): Promise<Element> {
    return callQuery(this.#access, 'iam', action, parameters);
  }

  /** Calls an operation that creates something; undefined if it exists already. */
  create(
    action: string,
    parameters: Readonly<Record<string, string>>,
  ): Promise<Element | undefined> {
    return this.unless('EntityAlreadyExists', action, parameters);
  }

  /** Calls an operation; undefined if it is refused with an AWS error code. */
  async unless(
    awsCode: string,
    action: string,
    parameters: Readonly<Record<string, string>>,
  ): Promise<Element | undefined> {
    try {
      return await this.call(action, parameters);
    } catch (error) {
      if (error instanceof RefusedCall && error.awsCode === awsCode) return undefined;
      throw error;
    }
  }

  /** The account id, 12 digits. */
  async accountId(): Promise<string> {
    return textAt(await callQuery(this.#access, 'sts', 'GetCallerIdentity', {}), 'Account');
  }
}

/** Creates the example policies as customer managed policies, the groups, and the role. */
export async function setUpAccount(iam: IamCalls, accountId: string): Promise<void> {
  for (const policy of examplePolicies) {
    await iam.create('CreatePolicy', {
      PolicyName: policy.name,
      PolicyDocument: await documentOf(policy),
      Description: policy.description,
    });
  }
  for (const [GroupName, policies] of Object.entries(exampleGroups)) {
    await iam.create('CreateGroup', { GroupName });
    for (const policy of policies) {
      const PolicyArn = arnOf(accountId, policy);
      await iam.call('AttachGroupPolicy', { GroupName, PolicyArn });
    }
  }
  const role = { RoleName: administratorRole };
  await iam.create('CreateRole', {
    ...role,
    AssumeRolePolicyDocument: trustOf(accountId),
    Description: 'Administers the account, with a second factor.',
  });
  await iam.call('AttachRolePolicy', { ...role, PolicyArn: administratorAccess });
}

/** The ARN of the administrator's role. */
export function administratorRoleArn(accountId: string): string {
  return `arn:aws:iam::${accountId}:role/${administratorRole}`;
}

function arnOf(accountId: string, { name }: ExamplePolicy): string {
  return `arn:aws:iam::${accountId}:policy/${name}`;
}

/** Users of the account with the permission may assume the role if they prove a second factor. */
function trustOf(accountId: string): string {
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${accountId}:root` },
        Action: 'sts:AssumeRole',
        Condition: { Bool: { 'aws:MultiFactorAuthPresent': 'true' } },
      },
    ],
  });
}
