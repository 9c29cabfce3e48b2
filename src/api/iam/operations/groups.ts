// The IAM operations on groups.

import { list, required, structure } from '../../../aws/shapes/shape.ts';
import { answer, done, iamOperation, pageMembers } from '../declare.ts';
import type { IamParts } from '../parts.ts';
import {
  existingUserName,
  group,
  groupName,
  newGroupName,
  nothing,
  pageInput,
  pageOutput,
  path,
  pathPrefix,
  user,
} from '../shapes/common.ts';
import { groupView, listedUserView } from '../views.ts';

const named = structure({ GroupName: required(groupName) });
const membership = structure({
  GroupName: required(groupName),
  UserName: required(existingUserName),
});

/** Creates a group. */
export const createGroup = ({ iam }: IamParts) =>
  iamOperation('CreateGroup', {
    input: structure({ Path: path, GroupName: required(newGroupName) }),
    output: structure({ Group: required(group) }),
    resources: ({ GroupName, Path }) => [iam.arnNamed('group', GroupName, Path)],
    handle: ({ GroupName, Path = '/' }, call) =>
      answer(iam.groups.create(GroupName, Path, call), (record) => ({
        Group: groupView(iam, record),
      })),
  });

/** Returns a group and its users. */
export const getGroup = ({ iam }: IamParts) =>
  iamOperation('GetGroup', {
    input: structure({ GroupName: required(groupName), ...pageInput }),
    output: structure({ Group: required(group), Users: required(list(user)), ...pageOutput }),
    resources: ({ GroupName }) => [iam.arnNamed('group', GroupName)],
    handle: (input) => {
      const record = iam.groups.require(input.GroupName);
      const page = iam.groups.members(record, input);
      const Users = page.items.map((member) => listedUserView(iam, member));
      return { output: { Group: groupView(iam, record), Users, ...pageMembers(page) } };
    },
  });

/** Lists groups. */
export const listGroups = ({ iam }: IamParts) =>
  iamOperation('ListGroups', {
    input: structure({ PathPrefix: pathPrefix, ...pageInput }),
    output: structure({ Groups: required(list(group)), ...pageOutput }),
    resources: ({ PathPrefix = '/' }) => [`arn:aws:iam::${iam.accountId()}:group${PathPrefix}`],
    handle: (input) => {
      const page = iam.groups.list(input);
      const Groups = page.items.map((record) => groupView(iam, record));
      return { output: { Groups, ...pageMembers(page) } };
    },
  });

/** Lists the groups of a user. */
export const listGroupsForUser = ({ iam }: IamParts) =>
  iamOperation('ListGroupsForUser', {
    input: structure({ UserName: required(existingUserName), ...pageInput }),
    output: structure({ Groups: required(list(group)), ...pageOutput }),
    resources: ({ UserName }) => [iam.arnNamed('user', UserName)],
    handle: (input) => {
      const page = iam.groups.ofUser(iam.users.require(input.UserName), input);
      const Groups = page.items.map((record) => groupView(iam, record));
      return { output: { Groups, ...pageMembers(page) } };
    },
  });

/** Adds a user to a group. */
export const addUserToGroup = ({ iam }: IamParts) =>
  iamOperation('AddUserToGroup', {
    input: membership,
    output: nothing,
    resources: ({ GroupName }) => [iam.arnNamed('group', GroupName)],
    handle: ({ GroupName, UserName }) => done(iam.groups.addUser(GroupName, UserName)),
  });

/** Removes a user from a group. */
export const removeUserFromGroup = ({ iam }: IamParts) =>
  iamOperation('RemoveUserFromGroup', {
    input: membership,
    output: nothing,
    resources: ({ GroupName }) => [iam.arnNamed('group', GroupName)],
    handle: ({ GroupName, UserName }) => done(iam.groups.removeUser(GroupName, UserName)),
  });

/** Changes the name or path of a group. */
export const updateGroup = ({ iam }: IamParts) =>
  iamOperation('UpdateGroup', {
    input: structure({ GroupName: required(groupName), NewPath: path, NewGroupName: newGroupName }),
    output: nothing,
    resources: ({ GroupName, NewGroupName, NewPath }) => {
      const before = iam.journal.groups.named(GroupName);
      const after = {
        name: NewGroupName ?? before?.name ?? GroupName,
        path: NewPath ?? before?.path ?? '/',
      };
      return [...new Set([iam.arnNamed('group', GroupName), iam.arnOf('group', after)])];
    },
    handle: ({ GroupName, NewGroupName, NewPath }) =>
      done(iam.groups.update(GroupName, NewGroupName, NewPath)),
  });

/** Deletes a group. */
export const deleteGroup = ({ iam }: IamParts) =>
  iamOperation('DeleteGroup', {
    input: named,
    output: nothing,
    resources: ({ GroupName }) => [iam.arnNamed('group', GroupName)],
    handle: ({ GroupName }) => done(iam.groups.delete(GroupName)),
  });
