import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CreateServiceLinkedRoleCommand,
  DeleteRoleCommand,
  GetRoleCommand,
  ListUsersCommand,
  PutRolePolicyCommand,
  PutUserPolicyCommand,
  UpdateAssumeRolePolicyCommand,
  UpdateRoleCommand,
} from '@aws-sdk/client-iam';
import { CreateKeyCommand, ListKeysCommand } from '@aws-sdk/client-kms';
import { ListBrokersCommand } from '@aws-sdk/client-mq';
import {
  GetAccessKeyInfoCommand,
  GetCallerIdentityCommand,
  GetFederationTokenCommand,
  GetSessionTokenCommand,
} from '@aws-sdk/client-sts';
import {
  assume,
  credentialsOf,
  listBrokers,
  newRole,
  newUser,
  policyText,
  testAccounts,
  trust,
  userArn,
} from '../../support/callers.ts';
import { accountId } from '../../support/control-plane.ts';
import { eventsNamed } from '../../support/trail-events.ts';

const { plane, callers, iam } = await testAccounts();

const rootArn = `arn:aws:iam::${accountId}:root`;

test('GetSessionToken: a user session has the permissions of the user and cannot issue further sessions', async () => {
  const { sts } = callers.as(await newUser(iam, 'otto', { statements: [listBrokers] }));
  const { Credentials: issued } = await sts.send(
    new GetSessionTokenCommand({ DurationSeconds: 900 }),
  );
  const own = callers.as(credentialsOf(issued));
  await own.mq.send(new ListBrokersCommand({}));
  assert.equal((await own.sts.send(new GetCallerIdentityCommand({}))).Arn, userArn('otto'));
  await assert.rejects(own.sts.send(new GetSessionTokenCommand({})), {
    name: 'AccessDenied',
    message: 'Cannot call GetSessionToken with session credentials',
  });
  await assert.rejects(own.sts.send(new GetFederationTokenCommand({ Name: 'guest' })), {
    name: 'AccessDenied',
  });
});

test('GetSessionToken needs no permission, and a policy can deny it', async () => {
  const Statement = { Effect: 'Deny', Action: 'sts:GetSessionToken', Resource: '*' };
  const { sts } = callers.as(await newUser(iam, 'paul'));
  await sts.send(new GetSessionTokenCommand({}));
  await iam.send(
    new PutUserPolicyCommand({
      UserName: 'paul',
      PolicyName: 'no',
      PolicyDocument: policyText(Statement),
    }),
  );
  await assert.rejects(sts.send(new GetSessionTokenCommand({})), {
    name: 'AccessDenied',
    message: /with an explicit deny in an identity-based policy$/,
  });
});

test('GetCallerIdentity is answered for every principal, even if a policy denies it', async () => {
  const deny = { Effect: 'Deny', Action: '*', Resource: '*' };
  const { sts } = callers.as(await newUser(iam, 'quirin', { statements: [deny] }));
  assert.equal((await sts.send(new GetCallerIdentityCommand({}))).Arn, userArn('quirin'));
});

test("the root user's sessions last at most one hour", async () => {
  const { Credentials: issued } = await callers
    .as()
    .sts.send(new GetSessionTokenCommand({ DurationSeconds: 7200 }));
  assert.equal(issued?.Expiration?.getTime(), plane.machine.clock.nowMs() + 3_600_000);
  const { sts, kms } = callers.as(credentialsOf(issued));
  assert.equal((await sts.send(new GetCallerIdentityCommand({}))).Arn, rootArn);
  await kms.send(new CreateKeyCommand({}));
});

test('GetFederationToken: a federated user has only permissions allowed by both its user and its session policy', async () => {
  const mayFederate = { Effect: 'Allow', Action: 'sts:GetFederationToken', Resource: '*' };
  const listKeys = { Effect: 'Allow', Action: 'kms:ListKeys', Resource: '*' };
  const { sts } = callers.as(
    await newUser(iam, 'rosa', { statements: [mayFederate, listBrokers] }),
  );
  const federate = async (more: { Policy?: string } = {}) => {
    const issued = await sts.send(new GetFederationTokenCommand({ Name: 'guest', ...more }));
    assert.deepEqual(issued.FederatedUser, {
      FederatedUserId: `${accountId}:guest`,
      Arn: `arn:aws:sts::${accountId}:federated-user/guest`,
    });
    return callers.as(credentialsOf(issued.Credentials));
  };
  const guest = await federate({ Policy: policyText(listBrokers, listKeys) });
  await guest.mq.send(new ListBrokersCommand({}));
  await assert.rejects(guest.kms.send(new ListKeysCommand({})), {
    name: 'AccessDeniedException',
  });
  const { Arn, UserId } = await guest.sts.send(new GetCallerIdentityCommand({}));
  assert.deepEqual(
    [Arn, UserId],
    [`arn:aws:sts::${accountId}:federated-user/guest`, `${accountId}:guest`],
  );
  assert.equal(
    (await eventsNamed(plane, 'ListBrokers')).at(-1)?.userIdentity.type,
    'FederatedUser',
  );
  await assert.rejects(guest.iam.send(new ListUsersCommand({})), { name: 'InvalidClientTokenId' });
  await newRole(iam, 'open', trust(rootArn));
  await assert.rejects(assume(guest.sts, 'open'), { name: 'AccessDenied' });
  const bare = await federate();
  await assert.rejects(bare.mq.send(new ListBrokersCommand({})), { name: 'ForbiddenException' });
});

test('GetAccessKeyInfo returns the account of an access key to permitted callers', async () => {
  const { sts } = callers.as(
    await newUser(iam, 'sven', {
      statements: [{ Effect: 'Allow', Action: 'sts:GetAccessKeyInfo', Resource: '*' }],
    }),
  );
  const { accessKeyId: AccessKeyId } = plane.credentials;
  const found = await sts.send(new GetAccessKeyInfoCommand({ AccessKeyId }));
  assert.equal(found.Account, accountId);
  await assert.rejects(
    sts.send(new GetAccessKeyInfoCommand({ AccessKeyId: 'AKIAUNKNOWNUNKNOWN22' })),
    { name: 'ValidationError' },
  );
  const { sts: other } = callers.as(await newUser(iam, 'tina'));
  await assert.rejects(other.send(new GetAccessKeyInfoCommand({ AccessKeyId })), {
    name: 'AccessDenied',
  });
});

test('UpdateRole, UpdateAssumeRolePolicy: a role can be updated, and its last use is reported', async () => {
  const { sts } = callers.as(await newUser(iam, 'udo'));
  await newRole(iam, 'changing', trust(userArn('udo')));
  const changes = { RoleName: 'changing', Description: 'new', MaxSessionDuration: 7200 };
  await iam.send(new UpdateRoleCommand(changes));
  const session = credentialsOf(
    (await assume(sts, 'changing', { DurationSeconds: 7200 })).Credentials,
  );
  await callers.as(session).mq.send(new ListBrokersCommand({}));
  const { Role } = await iam.send(new GetRoleCommand({ RoleName: 'changing' }));
  assert.deepEqual([Role?.Description, Role?.MaxSessionDuration], ['new', 7200]);
  assert.equal(Role?.RoleLastUsed?.LastUsedDate?.getTime(), plane.machine.clock.nowMs());
  const PolicyDocument = policyText(trust(userArn('anna')));
  await iam.send(new UpdateAssumeRolePolicyCommand({ RoleName: 'changing', PolicyDocument }));
  await assert.rejects(assume(sts, 'changing'), { name: 'AccessDenied' });
});

test('CreateServiceLinkedRole: the role of Amazon MQ is created once and cannot be changed', async () => {
  const create = () =>
    iam.send(new CreateServiceLinkedRoleCommand({ AWSServiceName: 'mq.amazonaws.com' }));
  const { Role } = await create();
  assert.equal(Role?.Path, '/aws-service-role/mq.amazonaws.com/');
  assert.equal(Role?.RoleName, 'AWSServiceRoleForAmazonMQ');
  await assert.rejects(create(), { name: 'InvalidInputException' });
  const RoleName = 'AWSServiceRoleForAmazonMQ';
  await assert.rejects(iam.send(new DeleteRoleCommand({ RoleName })), {
    name: 'UnmodifiableEntityException',
  });
  const PolicyDocument = policyText(listBrokers);
  await assert.rejects(
    iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'x', PolicyDocument })),
    { name: 'UnmodifiableEntityException' },
  );
});
