// The condition keys of IAM's actions.

import {
  mapPermissions,
  NoPermission,
  type Operation,
  type Permission,
  type Permissions,
} from '../../aws/service.ts';
import { assert } from '../../base/assert.ts';
import type { CallContext } from '../../calls/call-context.ts';
import type { Iam } from '../../identity/accounts/iam.ts';
import type { TagRecord } from '../../identity/accounts/records.ts';
import type { TagInput } from '../../identity/accounts/tags.ts';
import type { IamParts } from './parts.ts';

// biome-ignore lint/suspicious/noExplicitAny: operations differ in input and output; each is checked where it is declared.
type AnyOperation = Operation<any, any>;

type Values = NonNullable<Permission['values']>;

/** The members of inputs that condition keys come from. */
interface Named {
  readonly UserName?: string;
  readonly GroupName?: string;
  readonly RoleName?: string;
  readonly PolicyArn?: string;
  readonly SerialNumber?: string;
  readonly OpenIDConnectProviderArn?: string;
  readonly PermissionsBoundary?: string;
  readonly AWSServiceName?: string;
  readonly Tags?: readonly TagInput[];
  readonly TagKeys?: readonly string[];
}

/** Something with tags, and perhaps with a permissions boundary. */
interface Target {
  readonly tags: readonly TagRecord[];
  readonly boundary?: string;
}

/** Operations whose resource does not exist yet, with the action that tags at creation need too. */
const creations: ReadonlyMap<string, string> = new Map([
  ['CreateUser', 'iam:TagUser'],
  ['CreateRole', 'iam:TagRole'],
  ['CreatePolicy', 'iam:TagPolicy'],
  ['CreateVirtualMFADevice', 'iam:TagMFADevice'],
  ['CreateOpenIDConnectProvider', 'iam:TagOpenIDConnectProvider'],
]);

/**
 * Adds the condition keys of an operation to its permissions. They come from the members that all
 * operations name alike.
 */
export function withConditionValues(
  { iam }: IamParts,
  name: string,
  operation: AnyOperation,
): AnyOperation {
  const { permissions, input: shape } = operation;
  assert(permissions !== undefined && !(permissions instanceof NoPermission), name);
  const isForSelf = shape.node.kind === 'structure' && 'UserName' in shape.node.members;
  return {
    ...operation,
    permissions: (input: Named, call: CallContext): Permissions => {
      const user = input.UserName ?? (isForSelf ? call.caller.userName : undefined);
      const named = user === undefined ? input : { ...input, UserName: user };
      const target = creations.has(name) ? undefined : targetOf(iam, named);
      const values = {
        ...requestValues(name, input, target),
        ...tagValues('aws:ResourceTag', target?.tags ?? []),
        ...tagValues('iam:ResourceTag', target?.tags ?? []),
      };
      const asked = mapPermissions(permissions(input, call), (each) => ({ ...each, values }));
      const tagging = creations.get(name);
      if (tagging === undefined || (input.Tags ?? []).length === 0) return asked;
      return [...asked, ...asked.map((each) => ({ ...each, action: tagging }))];
    },
  };
}

/** The object that an operation is performed on. Groups have no tags. */
function targetOf(iam: Iam, input: Named): Target | undefined {
  const { UserName, GroupName, RoleName, PolicyArn, SerialNumber } = input;
  if (GroupName !== undefined) return undefined;
  if (RoleName !== undefined) return iam.journal.roles.named(RoleName);
  const { OpenIDConnectProviderArn: provider } = input;
  if (provider !== undefined) return iam.providers.find(provider);
  if (SerialNumber !== undefined && UserName === undefined) return iam.devices.find(SerialNumber);
  if (UserName !== undefined) return iam.journal.users.named(UserName);
  return PolicyArn === undefined ? undefined : iam.managed.find(PolicyArn);
}

function requestValues(name: string, input: Named, target: Target | undefined): Values {
  const { Tags, TagKeys, PolicyArn, PermissionsBoundary, AWSServiceName } = input;
  const tags = (Tags ?? []).map(({ Key, Value }) => ({ key: Key, value: Value }));
  const keys = [...tags.map(({ key }) => key), ...(TagKeys ?? [])];
  return {
    ...tagValues('aws:RequestTag', tags),
    'aws:TagKeys': keys.length > 0 ? keys : undefined,
    'iam:PolicyARN': /^(Attach|Detach)/.test(name) ? PolicyArn : undefined,
    'iam:PermissionsBoundary': PermissionsBoundary ?? target?.boundary,
    'iam:AWSServiceName': AWSServiceName,
  };
}

function tagValues(prefix: string, tags: readonly TagRecord[]): Values {
  return Object.fromEntries(tags.map(({ key, value }) => [`${prefix}/${key}`, value]));
}
