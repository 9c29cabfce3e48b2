// The IAM operations on users.

import { list, required, structure } from '../../../aws/shapes/shape.ts';
import { answer, done, iamOperation, pageMembers } from '../declare.ts';
import type { IamParts } from '../parts.ts';
import {
  arn,
  existingUserName,
  nothing,
  pageInput,
  pageOutput,
  path,
  pathPrefix,
  tags,
  user,
  userName,
} from '../shapes/common.ts';
import { listedUserView, userView } from '../views.ts';

/** Creates a user. */
export const createUser = ({ iam }: IamParts) =>
  iamOperation('CreateUser', {
    input: structure({
      Path: path,
      UserName: required(userName),
      PermissionsBoundary: arn,
      Tags: tags,
    }),
    output: structure({ User: user }),
    resources: (input) => [iam.arnNamed('user', input.UserName, input.Path)],
    handle: (input, call) =>
      answer(iam.users.create(input, call), (record) => ({ User: userView(iam, record) })),
  });

/** Returns a user, or the caller. */
export const getUser = ({ iam, identity }: IamParts) =>
  iamOperation('GetUser', {
    input: structure({ UserName: existingUserName }),
    output: structure({ User: required(user) }),
    resources: ({ UserName }, { caller }) => {
      const name = UserName ?? caller.userName;
      return [name === undefined ? caller.arn : iam.arnNamed('user', name)];
    },
    handle: ({ UserName }, call) => {
      const { caller } = call;
      if (UserName !== undefined || caller.type !== 'root') {
        const record = iam.users.require(iam.users.nameOr(UserName, call));
        return { output: { User: userView(iam, record) } };
      }
      // The root user has no record. AWS shows its account in its place.
      const { alias } = iam.settings;
      const root = {
        Path: '/',
        UserName: alias ?? 'root',
        UserId: caller.accountId,
        Arn: caller.arn,
        CreateDate: identity.createdMs,
      };
      return { output: { User: root } };
    },
  });

/** Lists users. */
export const listUsers = ({ iam }: IamParts) =>
  iamOperation('ListUsers', {
    input: structure({ PathPrefix: pathPrefix, ...pageInput }),
    output: structure({ Users: required(list(user)), ...pageOutput }),
    resources: ({ PathPrefix = '/' }) => [`arn:aws:iam::${iam.accountId()}:user${PathPrefix}`],
    handle: (input) => {
      const page = iam.users.list(input);
      const Users = page.items.map((record) => listedUserView(iam, record));
      return { output: { Users, ...pageMembers(page) } };
    },
  });

/** Changes the name or path of a user. */
export const updateUser = ({ iam }: IamParts) =>
  iamOperation('UpdateUser', {
    input: structure({
      UserName: required(existingUserName),
      NewPath: path,
      NewUserName: userName,
    }),
    output: nothing,
    // A name or path that a policy does not cover must not be reached by a change either.
    resources: ({ UserName, NewUserName, NewPath }) => {
      const before = iam.journal.users.named(UserName);
      const after = {
        name: NewUserName ?? before?.name ?? UserName,
        path: NewPath ?? before?.path ?? '/',
      };
      return [...new Set([iam.arnNamed('user', UserName), iam.arnOf('user', after)])];
    },
    handle: ({ UserName, NewUserName, NewPath }) =>
      done(iam.users.update(UserName, NewUserName, NewPath)),
  });

/** Deletes a user. */
export const deleteUser = ({ iam }: IamParts) =>
  iamOperation('DeleteUser', {
    input: structure({ UserName: required(existingUserName) }),
    output: nothing,
    resources: ({ UserName }) => [iam.arnNamed('user', UserName)],
    handle: ({ UserName }) => done(iam.users.delete(UserName)),
  });
