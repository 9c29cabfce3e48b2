import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  AddUserToGroupCommand,
  AttachGroupPolicyCommand,
  CreateGroupCommand,
  type IAMClient,
} from '@aws-sdk/client-iam';
import { Callers, type Credentials, newUser } from '../../support/callers.ts';
import { ControlPlane, region } from '../../support/control-plane.ts';
import { requestFor } from '../../support/shape-requests.ts';
import { signRequest } from '../../support/sign-request.ts';
import { serviceNamed } from '../../support/signed-calls.ts';
import { eventsNamed } from '../../support/trail-events.ts';

// Calls of the root user are warned about once there is an administrator.

const header = 'x-waxwing-caller-warning';
const GroupName = 'administrators';

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

/** The warning in the answer to a call, and in its event. */
async function warnings(name: string, input: object, credentials?: Credentials) {
  const service = serviceNamed(plane, 'kms');
  const operation = service.operations[name];
  assert.ok(operation !== undefined);
  const plain = requestFor(service, name, operation, { ...input });
  const atMs = plane.machine.clock.nowMs();
  const signing = { ...(credentials ?? plane.credentials), region, service: 'kms', atMs };
  const { headers } = await plane.answer(await signRequest(plain, signing));
  const event = (await eventsNamed(plane, name)).at(-1);
  const additional = event?.additionalEventData as { callerWarning?: string } | undefined;
  return [headers[header], additional?.callerWarning];
}

const none = [undefined, undefined];
const text = 'An administrator exists: use it instead of the root user.';

test('the root user is not warned about before there is an administrator', async () => {
  assert.deepEqual(await warnings('ListKeys', {}), none);
  await iam.send(new CreateGroupCommand({ GroupName }));
  const PolicyArn = 'arn:aws:iam::aws:policy/AdministratorAccess';
  await iam.send(new AttachGroupPolicyCommand({ GroupName, PolicyArn }));
  // A group without a member is nobody.
  assert.deepEqual(await warnings('ListKeys', {}), none);
});

test('calls of the root user are warned about in the answer and the trail', async () => {
  const credentials = await newUser(iam, 'anna');
  await iam.send(new AddUserToGroupCommand({ GroupName, UserName: 'anna' }));
  assert.deepEqual(await warnings('ListKeys', {}), [text, text]);
  // Refused calls, too.
  assert.deepEqual(await warnings('DescribeKey', { KeyId: 'alias/none' }), [text, text]);
  assert.deepEqual(await warnings('ListKeys', {}, credentials), none);
});
