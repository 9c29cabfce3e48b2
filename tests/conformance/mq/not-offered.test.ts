import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  CreateUserCommand,
  DeleteUserCommand,
  DescribeUserCommand,
  ListUsersCommand,
  PromoteCommand,
  UpdateBrokerCommand,
  UpdateUserCommand,
} from '@aws-sdk/client-mq';
import { createBroker, password } from '../../support/broker-requests.ts';
import { ControlPlane, region } from '../../support/control-plane.ts';
import { signRequest } from '../../support/sign-request.ts';

// Amazon MQ's calls for unsupported features. Each is refused in AWS's form.

let plane: ControlPlane;
let BrokerId = '';
before(async () => {
  plane = await ControlPlane.start();
  BrokerId = await createBroker(plane);
});
after(() => plane.close());

const user = { Username: 'other' };
const ofUsers: Readonly<Record<string, (BrokerId: string) => Promise<unknown>>> = {
  CreateUser: (BrokerId) =>
    plane.mq.send(new CreateUserCommand({ BrokerId, ...user, Password: password })),
  DescribeUser: (BrokerId) => plane.mq.send(new DescribeUserCommand({ BrokerId, ...user })),
  UpdateUser: (BrokerId) =>
    plane.mq.send(new UpdateUserCommand({ BrokerId, ...user, ConsoleAccess: true })),
  DeleteUser: (BrokerId) => plane.mq.send(new DeleteUserCommand({ BrokerId, ...user })),
  ListUsers: (BrokerId) => plane.mq.send(new ListUsersCommand({ BrokerId })),
};
for (const [name, send] of Object.entries(ofUsers)) {
  test(`${name} explains where users of a RabbitMQ broker are managed`, async () => {
    await assert.rejects(send(BrokerId), {
      name: 'BadRequestException',
      ErrorAttribute: 'broker-id',
      message:
        'Users of a broker with engine type [RabbitMQ] cannot be managed here. To manage broker ' +
        'users, please use the RabbitMQ web console, or the management API.',
    });
    await assert.rejects(send('b-none'), {
      name: 'NotFoundException',
      message: "Can't find requested broker [b-none]. Make sure your broker exists.",
    });
  });
}

test('a broker without a replica cannot be promoted', async () => {
  await assert.rejects(plane.mq.send(new PromoteCommand({ BrokerId, Mode: 'SWITCHOVER' })), {
    name: 'BadRequestException',
    message: `Broker [${BrokerId}] has no data replication, so it cannot be promoted.`,
  });
});

test('a broker cannot be given shared resources', async () => {
  const body = JSON.stringify({ resourceShareArns: ['arn:aws:ram:us-west-2:1:resource-share/1'] });
  const plain = { method: 'PUT', path: `/v1/brokers/${BrokerId}`, headers: {}, body };
  const atMs = plane.machine.clock.nowMs();
  const signing = { ...plane.credentials, region, service: 'mq', atMs };
  const { status, body: answer } = await plane.answer(await signRequest(plain, signing));
  assert.equal(status, 400);
  assert.equal(JSON.parse(answer).errorAttribute, 'resourceShareArns');
});

const updates: readonly [ConstructorParameters<typeof UpdateBrokerCommand>[0], string][] = [
  [{ BrokerId: '', Configuration: { Id: 'c-1' } }, 'configuration'],
  [{ BrokerId: '', AuthenticationStrategy: 'LDAP' }, 'authenticationStrategy'],
  [{ BrokerId: '', Logs: { Audit: true } }, 'audit'],
  [{ BrokerId: '', DataReplicationMode: 'CRDR' }, 'dataReplicationMode'],
  [{ BrokerId: '', AutoMinorVersionUpgrade: false }, 'autoMinorVersionUpgrade'],
  [{ BrokerId: '', EngineVersion: '3.8.6' }, 'engineVersion'],
];
for (const [update, ErrorAttribute] of updates) {
  test(`a setting that is refused at creation is refused on update: ${ErrorAttribute}`, async () => {
    await assert.rejects(plane.mq.send(new UpdateBrokerCommand({ ...update, BrokerId })), {
      name: 'BadRequestException',
      ErrorAttribute,
    });
  });
}
