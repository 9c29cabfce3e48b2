// The IAM operations on access keys, of users and of the root user.

import type { Change, Result } from '../../../aws/service.ts';
import {
  enumeration,
  list,
  required,
  sensitive,
  string,
  structure,
  timestamp,
} from '../../../aws/shapes/shape.ts';
import type { CallContext } from '../../../calls/call-context.ts';
import { IamError, noSuchEntity, quotaExceeded } from '../../../identity/accounts/errors.ts';
import { pageOf } from '../../../identity/accounts/pages.ts';
import { quotas } from '../../../identity/accounts/quotas.ts';
import type { KeyUseRecord } from '../../../identity/accounts/records.ts';
import { asChange } from '../../../identity/accounts/result.ts';
import type { IdentityChange, RootAccessKey } from '../../../identity/identity.ts';
import { answer, done, iamOperation, pageMembers } from '../declare.ts';
import type { IamParts } from '../parts.ts';
import { accessKeyId, existingUserName, nothing, pageInput, pageOutput } from '../shapes/common.ts';

const status = enumeration(['Active', 'Inactive']);
const metadata = structure({
  UserName: existingUserName,
  AccessKeyId: accessKeyId,
  Status: status,
  CreateDate: timestamp(),
});

/** Whether a call is about the root user itself: it names no user. */
function isOfRoot(name: string | undefined, { caller }: CallContext): boolean {
  return name === undefined && caller.type === 'root';
}

/** The ARN of the user that a request names, or of the caller. */
function ownerArn({ iam }: IamParts, name: string | undefined, { caller }: CallContext): string {
  const own = name ?? caller.userName;
  return own === undefined ? caller.arn : iam.arnNamed('user', own);
}

function ofIdentity(change: IdentityChange): Change {
  return { journal: 'identity', change };
}

function requireRootKey({ identity }: IamParts, id: string): RootAccessKey {
  const found = identity.rootAccessKeys.find((key) => key.accessKeyId === id);
  if (found) return found;
  throw noSuchEntity(`The Access Key with id ${id} cannot be found.`);
}

/** The root user has no other way to sign in, so its last active access key stays. */
function requireOtherRootKey({ identity }: IamParts, { accessKeyId }: RootAccessKey): void {
  const isOther = (key: RootAccessKey) => key.isActive && key.accessKeyId !== accessKeyId;
  if (identity.rootAccessKeys.some(isOther)) return;
  throw new IamError(
    'DeleteConflict',
    'This is the last active access key of the root user. Create another one first.',
  );
}

function createOfRoot({ identity, random }: IamParts, { nowMs }: CallContext) {
  if (identity.rootAccessKeys.length >= quotas.accessKeysPerUser) {
    throw quotaExceeded('AccessKeysPerUser', quotas.accessKeysPerUser);
  }
  const made = identity.newRootAccessKey(random, nowMs);
  const AccessKey = {
    UserName: 'root',
    AccessKeyId: made.accessKeyId,
    Status: 'Active',
    SecretAccessKey: made.secret,
    CreateDate: made.createdMs,
  } as const;
  return { output: { AccessKey }, changes: [ofIdentity(made.change)] };
}

/** Creates an access key of a user, or of the caller. */
export const createAccessKey = (parts: IamParts) =>
  iamOperation('CreateAccessKey', {
    input: structure({ UserName: existingUserName }),
    output: structure({
      AccessKey: required(
        structure({
          UserName: required(existingUserName),
          AccessKeyId: required(accessKeyId),
          Status: required(status),
          SecretAccessKey: required(sensitive(string())),
          CreateDate: timestamp(),
        }),
      ),
    }),
    resources: ({ UserName }, call) => [ownerArn(parts, UserName, call)],
    handle: ({ UserName }, call) => {
      if (isOfRoot(UserName, call)) return createOfRoot(parts, call);
      const { iam } = parts;
      const user = iam.users.require(iam.users.nameOr(UserName, call));
      return answer(iam.accessKeys.create(user, call), ({ record, secret }) => ({
        AccessKey: {
          UserName: user.name,
          AccessKeyId: record.accessKeyId,
          Status: record.status,
          SecretAccessKey: secret,
          CreateDate: record.createdMs,
        },
      }));
    },
  });

/** Lists the access keys of a user, or of the caller. */
export const listAccessKeys = (parts: IamParts) =>
  iamOperation('ListAccessKeys', {
    input: structure({ UserName: existingUserName, ...pageInput }),
    output: structure({ AccessKeyMetadata: required(list(metadata)), ...pageOutput }),
    resources: ({ UserName }, call) => [ownerArn(parts, UserName, call)],
    handle: (input, call) => {
      const page = pageOf(keysOf(parts, input.UserName, call), (key) => key.AccessKeyId, input);
      return { output: { AccessKeyMetadata: page.items, ...pageMembers(page) } };
    },
  });

function keysOf({ iam, identity }: IamParts, name: string | undefined, call: CallContext) {
  if (isOfRoot(name, call)) {
    return identity.rootAccessKeys.map((key) => ({
      UserName: 'root',
      AccessKeyId: key.accessKeyId,
      Status: key.isActive ? ('Active' as const) : ('Inactive' as const),
      CreateDate: key.createdMs,
    }));
  }
  const user = iam.users.require(iam.users.nameOr(name, call));
  return iam.accessKeys.of(user).map((key) => ({
    UserName: user.name,
    AccessKeyId: key.accessKeyId,
    Status: key.status,
    CreateDate: key.createdMs,
  }));
}

/** Activates or deactivates an access key. It takes effect before the answer. */
export const updateAccessKey = (parts: IamParts) =>
  iamOperation('UpdateAccessKey', {
    input: structure({
      UserName: existingUserName,
      AccessKeyId: required(accessKeyId),
      Status: required(status),
    }),
    output: nothing,
    resources: ({ UserName }, call) => [ownerArn(parts, UserName, call)],
    handle: ({ UserName, AccessKeyId, Status }, call): Result<object> => {
      const { iam } = parts;
      if (isOfRoot(UserName, call)) {
        const key = requireRootKey(parts, AccessKeyId);
        if (Status === 'Inactive') requireOtherRootKey(parts, key);
        const isActive = Status === 'Active';
        const change = {
          type: 'root-access-key-status',
          accessKeyId: AccessKeyId,
          isActive,
        } as const;
        return { output: {}, changes: [ofIdentity(change)] };
      }
      const user = iam.users.require(iam.users.nameOr(UserName, call));
      return done(iam.accessKeys.setStatus(user, AccessKeyId, Status));
    },
  });

/** Deletes an access key. It takes effect before the answer. */
export const deleteAccessKey = (parts: IamParts) =>
  iamOperation('DeleteAccessKey', {
    input: structure({ UserName: existingUserName, AccessKeyId: required(accessKeyId) }),
    output: nothing,
    resources: ({ UserName }, call) => [ownerArn(parts, UserName, call)],
    handle: ({ UserName, AccessKeyId }, call): Result<object> => {
      const { iam } = parts;
      if (isOfRoot(UserName, call)) {
        requireOtherRootKey(parts, requireRootKey(parts, AccessKeyId));
        const change = { type: 'root-access-key-deleted', accessKeyId: AccessKeyId } as const;
        const forgotten = asChange({ delete: 'key', id: AccessKeyId });
        return { output: {}, changes: [ofIdentity(change), forgotten] };
      }
      const user = iam.users.require(iam.users.nameOr(UserName, call));
      return done(iam.accessKeys.delete(user, AccessKeyId));
    },
  });

function useView(use: KeyUseRecord | undefined) {
  if (use === undefined) return { ServiceName: 'N/A', Region: 'N/A' };
  return { LastUsedDate: use.atMs, ServiceName: use.service, Region: use.region };
}

/** Returns when, and for which service, an access key was last used. */
export const getAccessKeyLastUsed = (parts: IamParts) =>
  iamOperation('GetAccessKeyLastUsed', {
    input: structure({ AccessKeyId: required(accessKeyId) }),
    output: structure({
      UserName: existingUserName,
      AccessKeyLastUsed: structure({
        LastUsedDate: timestamp(),
        ServiceName: required(string()),
        Region: required(string()),
      }),
    }),
    resources: ({ AccessKeyId }, { caller }) => {
      const found = parts.iam.accessKeys.lastUse(AccessKeyId);
      return [found ? parts.iam.arnOf('user', found.user) : caller.arn];
    },
    handle: ({ AccessKeyId }, { caller }) => {
      const { iam, identity } = parts;
      const found = iam.accessKeys.lastUse(AccessKeyId);
      if (found) {
        const output = { UserName: found.user.name, AccessKeyLastUsed: useView(found.use) };
        return { output };
      }
      const isRoots = identity.rootAccessKeys.some((key) => key.accessKeyId === AccessKeyId);
      if (caller.type !== 'root' || !isRoots) {
        throw new IamError('AccessDenied', `The access key ${AccessKeyId} is not of this account.`);
      }
      const use = iam.journal.lastUse(AccessKeyId);
      return { output: { UserName: 'root', AccessKeyLastUsed: useView(use) } };
    },
  });
