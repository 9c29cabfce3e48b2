import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  DeleteServiceLinkedRoleCommand,
  GetRoleCommand,
  GetServiceLinkedRoleDeletionStatusCommand,
  type IAMClient,
} from '@aws-sdk/client-iam';
import { DeleteBrokerCommand } from '@aws-sdk/client-mq';
import { brokerRequest, createBroker } from '../../support/broker-requests.ts';
import { Callers, newUser } from '../../support/callers.ts';
import { accountId, ControlPlane } from '../../support/control-plane.ts';
import { eventsNamed } from '../../support/trail-events.ts';

// The service-linked role, which the first broker creates and which lasts as long as brokers do.

const RoleName = 'AWSServiceRoleForAmazonMQ';
const roleArn = `arn:aws:iam::${accountId}:role/aws-service-role/mq.amazonaws.com/${RoleName}`;

let plane: ControlPlane;
let callers: Callers;
let iam: IAMClient;
before(async () => {
  plane = await ControlPlane.start();
  callers = new Callers(plane);
  ({ iam } = callers.as());
});
after(async () => {
  callers.close();
  await plane.close();
});

const missing = { name: 'NoSuchEntityException' };
const role = () => iam.send(new GetRoleCommand({ RoleName }));

async function deletion() {
  const { DeletionTaskId } = await iam.send(new DeleteServiceLinkedRoleCommand({ RoleName }));
  return iam.send(new GetServiceLinkedRoleDeletionStatusCommand({ DeletionTaskId }));
}

test('the first broker needs iam:CreateServiceLinkedRole, and the refusal is recorded', async () => {
  await assert.rejects(role(), missing);
  const statements = [{ Effect: 'Allow', Action: ['mq:*', 'kms:*'], Resource: '*' }];
  const { mq } = callers.as(await newUser(iam, 'without', { statements }));
  await assert.rejects(mq.send(brokerRequest()), {
    name: 'ForbiddenException',
    message:
      /not authorized to perform: iam:CreateServiceLinkedRole on resource: .*mq\.amazonaws\.com/,
  });
  await assert.rejects(role(), missing);
  const event = (await eventsNamed(plane, 'CreateServiceLinkedRole')).at(-1);
  assert.equal(event?.errorCode, 'AccessDenied');
  assert.equal(event?.userIdentity.userName, 'without');
  assert.equal(plane.control.brokers.withName('orders-1'), undefined);
});

test('the first broker creates the role as its caller, with an event, and the second does not', async () => {
  const statements = [
    { Effect: 'Allow', Action: 'mq:*', Resource: '*' },
    {
      Effect: 'Allow',
      Action: 'iam:CreateServiceLinkedRole',
      Resource: '*',
      Condition: { StringEquals: { 'iam:AWSServiceName': 'mq.amazonaws.com' } },
    },
  ];
  const { mq } = callers.as(await newUser(iam, 'with', { statements }));
  const before = (await eventsNamed(plane, 'CreateServiceLinkedRole')).length;
  await Promise.all([mq.send(brokerRequest()), mq.send(brokerRequest())]);
  const { Role } = await role();
  assert.equal(Role?.Arn, roleArn);
  await plane.settled();
  const made = (await eventsNamed(plane, 'CreateServiceLinkedRole'))
    .slice(before)
    .filter(({ errorCode }) => errorCode === undefined);
  assert.equal(made.length, 1);
  assert.equal(made[0]?.userIdentity.userName, 'with');
  assert.equal(made[0]?.userIdentity.invokedBy, 'mq.amazonaws.com');
  assert.deepEqual(made[0]?.requestParameters, { aWSServiceName: 'mq.amazonaws.com' });
});

test('the role cannot be deleted while brokers exist, and the outcome names them', async () => {
  const id = await createBroker(plane);
  const { Status, Reason } = await deletion();
  assert.equal(Status, 'FAILED');
  const arns = Reason?.RoleUsageList?.flatMap(({ Resources = [] }) => Resources) ?? [];
  assert.ok(arns.some((arn) => arn.endsWith(`:${id}`)));
  await role();
});

test('the role is deleted after the last broker, and the next broker creates it again', async () => {
  for (const { id } of [...plane.control.brokers.all()]) {
    await plane.mq.send(new DeleteBrokerCommand({ BrokerId: id }));
  }
  await plane.settled();
  assert.equal((await deletion()).Status, 'SUCCEEDED');
  await assert.rejects(role(), missing);
  await createBroker(plane);
  await role();
});

test('a user without permission can neither delete the role nor see the outcome', async () => {
  const own = callers.as(await newUser(iam, 'nothing')).iam;
  await assert.rejects(own.send(new DeleteServiceLinkedRoleCommand({ RoleName })), {
    name: 'AccessDenied',
  });
  const { DeletionTaskId } = await iam.send(new DeleteServiceLinkedRoleCommand({ RoleName }));
  const status = new GetServiceLinkedRoleDeletionStatusCommand({ DeletionTaskId });
  await assert.rejects(own.send(status), { name: 'AccessDenied' });
  const unknown = 'task/aws-service-role/mq.amazonaws.com/AWSServiceRoleForAmazonMQ/0';
  const command = new GetServiceLinkedRoleDeletionStatusCommand({ DeletionTaskId: unknown });
  await assert.rejects(iam.send(command), missing);
});
