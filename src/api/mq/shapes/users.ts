// The shapes of the operations on users.

import {
  boolean,
  freeText,
  integer,
  list,
  required,
  string,
  structure,
} from '../../../aws/shapes/shape.ts';
import { groups, password, text } from './common.ts';

const members = { consoleAccess: boolean(), groups, replicationUser: boolean() };

/** The request of DescribeUser and DeleteUser. */
export const userPath = structure({ brokerId: required(text), username: required(text) });

/** The request of CreateUser. */
export const createUserRequest = structure({
  brokerId: required(text),
  username: required(freeText('user name', text)),
  password: required(password),
  ...members,
});

/** The request of UpdateUser. */
export const updateUserRequest = structure({
  brokerId: required(text),
  username: required(text),
  password,
  ...members,
});

/** The response of DescribeUser. */
export const describeUserResponse = structure({
  brokerId: string(),
  username: string(),
  ...members,
  pending: structure({ pendingChange: string(), consoleAccess: boolean(), groups }),
});

/** The response of ListUsers. */
export const listUsersResponse = structure({
  brokerId: string(),
  users: list(structure({ username: string(), pendingChange: string() })),
  maxResults: integer(),
  nextToken: string(),
});
