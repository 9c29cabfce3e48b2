// The shapes of the operations on users.

import { boolean, integer, list, required, string, structure } from '../../../aws/shapes/shape.ts';
import { groups, password, text } from './common.ts';

const members = { consoleAccess: boolean(), groups, replicationUser: boolean() };

/** DescribeUser and DeleteUser, request. */
export const userPath = structure({ brokerId: required(text), username: required(text) });

/** CreateUser, request. */
export const createUserRequest = structure({
  brokerId: required(text),
  username: required(text),
  password: required(password),
  ...members,
});

/** UpdateUser, request. */
export const updateUserRequest = structure({
  brokerId: required(text),
  username: required(text),
  password,
  ...members,
});

/** DescribeUser, response. */
export const describeUserResponse = structure({
  brokerId: string(),
  username: string(),
  ...members,
  pending: structure({ pendingChange: string(), consoleAccess: boolean(), groups }),
});

/** ListUsers, response. */
export const listUsersResponse = structure({
  brokerId: string(),
  users: list(structure({ username: string(), pendingChange: string() })),
  maxResults: integer(),
  nextToken: string(),
});
