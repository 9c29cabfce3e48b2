// The Amazon MQ operations on users.

import { operation } from '../../../aws/service.ts';
import { type UserState, usersOf } from '../../../control/users/user-decisions.ts';
import { keyedPage } from '../paging.ts';
import { type MqParts, touched } from '../parts.ts';
import { onBroker } from '../permissions.ts';
import { brokerPageRequest } from '../shapes/brokers.ts';
import { nothing } from '../shapes/common.ts';
import {
  createUserRequest,
  describeUserResponse,
  listUsersResponse,
  updateUserRequest,
  userPath,
} from '../shapes/users.ts';

const path = '/v1/brokers/{brokerId}/users';
const pathOfOne = `${path}/{username}`;

/** The operations on users of ActiveMQ brokers. RabbitMQ brokers manage their own users. */
export function userOperations(parts: MqParts) {
  return {
    CreateUser: createUser(parts),
    DescribeUser: describeUser(parts),
    UpdateUser: updateUser(parts),
    DeleteUser: deleteUser(parts),
    ListUsers: listUsers(parts),
  };
}

function createUser(parts: MqParts) {
  return operation({
    action: 'mq:CreateUser',
    readOnly: false,
    http: { method: 'POST', path: pathOfOne },
    input: createUserRequest,
    output: nothing,
    permissions: onBroker('mq:CreateUser', parts),
    handle: async ({ brokerId, ...user }) => {
      const decide = await parts.control.userDecisions.create(brokerId, user);
      return () => {
        const { value, changes } = decide();
        return { output: {}, changes, resources: touched(value) };
      };
    },
  });
}

function describeUser(parts: MqParts) {
  return operation({
    action: 'mq:DescribeUser',
    readOnly: true,
    http: { method: 'GET', path: pathOfOne },
    input: userPath,
    output: describeUserResponse,
    permissions: onBroker('mq:DescribeUser', parts),
    handle: ({ brokerId, username }) => {
      const user = parts.control.userDecisions.require(brokerId, username);
      const resources = touched(parts.control.brokers.require(brokerId));
      return { output: { brokerId, ...description(user) }, resources };
    },
  });
}

/** The current state of a user, and the pending state if it differs. */
function description({ username, current, next, pendingChange }: UserState) {
  const now = {
    username,
    // A user with a pending creation has no permissions yet.
    consoleAccess: current?.consoleAccess ?? false,
    groups: current?.groups ?? [],
    replicationUser: (current ?? next)?.replicationUser ?? false,
  };
  if (pendingChange === undefined) return now;
  const { consoleAccess = false, groups = [] } = next ?? {};
  const pending = next === undefined ? { pendingChange } : { pendingChange, consoleAccess, groups };
  return { ...now, pending };
}

function updateUser(parts: MqParts) {
  return operation({
    action: 'mq:UpdateUser',
    readOnly: false,
    http: { method: 'PUT', path: pathOfOne },
    input: updateUserRequest,
    output: nothing,
    permissions: onBroker('mq:UpdateUser', parts),
    handle: async ({ brokerId, username, ...request }) => {
      const decide = await parts.control.userDecisions.update(brokerId, username, request);
      return () => {
        const { value, changes } = decide();
        return { output: {}, changes, resources: touched(value) };
      };
    },
  });
}

function deleteUser(parts: MqParts) {
  return operation({
    action: 'mq:DeleteUser',
    readOnly: false,
    http: { method: 'DELETE', path: pathOfOne },
    input: userPath,
    output: nothing,
    permissions: onBroker('mq:DeleteUser', parts),
    handle: ({ brokerId, username }) => {
      const { value, changes } = parts.control.userDecisions.delete(brokerId, username);
      return { output: {}, changes, resources: touched(value) };
    },
  });
}

function listUsers(parts: MqParts) {
  return operation({
    action: 'mq:ListUsers',
    readOnly: true,
    http: { method: 'GET', path },
    input: brokerPageRequest,
    output: listUsersResponse,
    permissions: onBroker('mq:ListUsers', parts),
    handle: ({ brokerId, ...request }) => {
      const broker = parts.control.userDecisions.requireBroker(brokerId);
      const { items, maxResults, nextToken } = keyedPage(
        'users',
        usersOf(broker),
        request,
        ({ username }) => username,
      );
      const users = items.map(({ username, pendingChange }) => ({ username, pendingChange }));
      return { output: { brokerId, users, maxResults, nextToken }, resources: touched(broker) };
    },
  });
}
