// The Amazon MQ operations on users.

import { refusal } from '../../../aws/service.ts';
import type { Shape } from '../../../aws/shapes/shape.ts';
import { ControlError } from '../../../control/errors.ts';
import { type MqParts, onBroker } from '../parts.ts';
import { brokerPageRequest, nothing, userPath, userRequest } from '../shapes.ts';

const userPathPattern = '/v1/brokers/{brokerId}/users/{username}';

/** The operations on users of ActiveMQ brokers. RabbitMQ brokers manage their own users. */
export function userOperations(parts: MqParts) {
  const refused = <Input extends { readonly brokerId: string }>(
    name: string,
    readOnly: boolean,
    input: Shape<Input>,
    http: { readonly method: string; readonly path: string },
  ) =>
    refusal({
      action: `mq:${name}`,
      readOnly,
      http,
      input,
      output: nothing,
      permissions: onBroker(`mq:${name}`, parts),
      requires: ({ brokerId }) => {
        parts.control.brokers.require(brokerId);
      },
      refuse: () =>
        new ControlError(
          'bad-request',
          'Users of a broker with engine type [RabbitMQ] cannot be managed here. To manage ' +
            'broker users, please use the RabbitMQ web console, or the management API.',
          'broker-id',
        ),
    });
  return {
    CreateUser: refused('CreateUser', false, userRequest, {
      method: 'POST',
      path: userPathPattern,
    }),
    DescribeUser: refused('DescribeUser', true, userPath, {
      method: 'GET',
      path: userPathPattern,
    }),
    UpdateUser: refused('UpdateUser', false, userRequest, {
      method: 'PUT',
      path: userPathPattern,
    }),
    DeleteUser: refused('DeleteUser', false, userPath, {
      method: 'DELETE',
      path: userPathPattern,
    }),
    ListUsers: refused('ListUsers', true, brokerPageRequest, {
      method: 'GET',
      path: '/v1/brokers/{brokerId}/users',
    }),
  };
}
