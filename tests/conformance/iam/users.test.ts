import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AddUserToGroupCommand,
  CreateAccessKeyCommand,
  CreateGroupCommand,
  CreateUserCommand,
  DeleteAccessKeyCommand,
  DeleteGroupCommand,
  DeleteUserCommand,
  GetAccessKeyLastUsedCommand,
  GetGroupCommand,
  GetUserCommand,
  ListAccessKeysCommand,
  ListGroupsForUserCommand,
  ListUsersCommand,
  ListUserTagsCommand,
  PutGroupPolicyCommand,
  RemoveUserFromGroupCommand,
  TagUserCommand,
  UntagUserCommand,
  UpdateAccessKeyCommand,
  UpdateGroupCommand,
  UpdateUserCommand,
} from '@aws-sdk/client-iam';
import { ListBrokersCommand } from '@aws-sdk/client-mq';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { newUser, policyText, testAccounts } from '../../support/callers.ts';
import { accountId } from '../../support/control-plane.ts';
import { eventsNamed } from '../../support/trail-events.ts';

const accounts = await testAccounts();
let { plane, callers, iam } = accounts;

const arnOf = (path: string) => `arn:aws:iam::${accountId}:user${path}`;

test('CreateUser: a user has an id, a path and an ARN, and the trail records its creation', async () => {
  const Tags = [{ Key: 'team', Value: 'orders' }];
  const { User } = await iam.send(new CreateUserCommand({ UserName: 'anna', Path: '/dev/', Tags }));
  assert.match(User?.UserId ?? '', /^AIDA[A-Z2-7]{17}$/);
  assert.deepEqual(
    [User?.UserName, User?.Path, User?.Arn, User?.Tags],
    ['anna', '/dev/', arnOf('/dev/anna'), Tags],
  );
  assert.equal(User?.CreateDate?.getTime(), plane.machine.clock.nowMs());
  const found = await iam.send(new GetUserCommand({ UserName: 'ANNA' }));
  assert.deepEqual(found.User, User);
  const [event] = await eventsNamed(plane, 'CreateUser');
  assert.equal(event?.eventSource, 'iam.amazonaws.com');
  assert.equal(event?.userIdentity.type, 'Root');
  assert.deepEqual(
    (event?.responseElements as { user: { userName: string } } | undefined)?.user.userName,
    'anna',
  );
});

test('names are case-insensitively unique, and their characters and lengths are checked', async () => {
  await iam.send(new CreateUserCommand({ UserName: 'Bert' }));
  await assert.rejects(iam.send(new CreateUserCommand({ UserName: 'BERT' })), {
    name: 'EntityAlreadyExistsException',
    message: 'User with name BERT already exists.',
  });
  for (const UserName of ['a b', 'ä', 'x'.repeat(65)]) {
    await assert.rejects(iam.send(new CreateUserCommand({ UserName })), {
      name: 'ValidationError',
      message: /'userName' failed to satisfy constraint/,
    });
  }
  await assert.rejects(iam.send(new CreateUserCommand({ UserName: 'c', Path: 'dev' })), {
    name: 'ValidationError',
  });
});

test('an operation on a user that does not exist fails with NoSuchEntity', async () => {
  const error = {
    name: 'NoSuchEntityException',
    message: 'The user with name nobody cannot be found.',
  };
  await assert.rejects(iam.send(new GetUserCommand({ UserName: 'nobody' })), error);
  await assert.rejects(iam.send(new DeleteUserCommand({ UserName: 'nobody' })), error);
});

test('UpdateUser: a user keeps its id, keys and permissions when its name or path changes', async () => {
  const credentials = await newUser(iam, 'carl', {
    statements: [{ Effect: 'Allow', Action: 'iam:GetUser', Resource: '*' }],
  });
  await iam.send(
    new UpdateUserCommand({ UserName: 'carl', NewUserName: 'karl', NewPath: '/new/' }),
  );
  const { sts, iam: own } = callers.as(credentials);
  const { Arn } = await sts.send(new GetCallerIdentityCommand({}));
  assert.equal(Arn, arnOf('/new/karl'));
  const { User } = await own.send(new GetUserCommand({}));
  assert.equal(User?.UserName, 'karl');
  await assert.rejects(iam.send(new UpdateUserCommand({ UserName: 'karl', NewUserName: 'bert' })), {
    name: 'EntityAlreadyExistsException',
  });
});

test('ListUsers: the list has pages, is sorted by name and filtered by path prefix', async () => {
  for (let i = 10; i < 25; i += 1) {
    await iam.send(new CreateUserCommand({ UserName: `page-${i}`, Path: '/pages/' }));
  }
  const names: (string | undefined)[] = [];
  let Marker: string | undefined;
  do {
    const page = await iam.send(
      new ListUsersCommand({ PathPrefix: '/pages/', MaxItems: 4, ...(Marker && { Marker }) }),
    );
    names.push(...(page.Users ?? []).map(({ UserName }) => UserName));
    assert.equal(page.IsTruncated, page.Marker !== undefined);
    Marker = page.Marker;
  } while (Marker !== undefined);
  assert.deepEqual(
    names,
    Array.from({ length: 15 }, (_, i) => `page-${i + 10}`),
  );
  await assert.rejects(iam.send(new ListUsersCommand({ Marker: 'x' })), {
    name: 'ValidationError',
    message: 'Invalid Marker: x',
  });
});

test('a user with an access key, a policy or a group cannot be deleted', async () => {
  const { accessKeyId } = await newUser(iam, 'doris');
  const remove = () => iam.send(new DeleteUserCommand({ UserName: 'doris' }));
  const conflict = (message: string) => ({ name: 'DeleteConflictException', message });
  await assert.rejects(remove(), conflict('Cannot delete entity, must delete access keys first.'));
  await iam.send(new DeleteAccessKeyCommand({ UserName: 'doris', AccessKeyId: accessKeyId }));
  await iam.send(new CreateGroupCommand({ GroupName: 'doris-group' }));
  await iam.send(new AddUserToGroupCommand({ UserName: 'doris', GroupName: 'doris-group' }));
  await assert.rejects(
    remove(),
    conflict('Cannot delete entity, must remove users from group first.'),
  );
  await assert.rejects(iam.send(new DeleteGroupCommand({ GroupName: 'doris-group' })), {
    name: 'DeleteConflictException',
  });
  const membership = { UserName: 'doris', GroupName: 'doris-group' };
  await iam.send(new RemoveUserFromGroupCommand(membership));
  await remove();
  await iam.send(new DeleteGroupCommand({ GroupName: 'doris-group' }));
});

test('CreateGroup, AddUserToGroup, RemoveUserFromGroup, GetGroup, ListGroupsForUser: members have the permissions of the group', async () => {
  const credentials = await newUser(iam, 'emil');
  const own = callers.as(credentials).iam;
  await assert.rejects(own.send(new ListUsersCommand({})), { name: 'AccessDenied' });
  await iam.send(new CreateGroupCommand({ GroupName: 'readers', Path: '/teams/' }));
  const PolicyDocument = policyText({ Effect: 'Allow', Action: 'iam:List*', Resource: '*' });
  await iam.send(
    new PutGroupPolicyCommand({ GroupName: 'readers', PolicyName: 'list', PolicyDocument }),
  );
  const membership = { UserName: 'emil', GroupName: 'readers' };
  await iam.send(new AddUserToGroupCommand(membership));
  await iam.send(new AddUserToGroupCommand(membership));
  await own.send(new ListUsersCommand({}));
  const { Group, Users } = await iam.send(new GetGroupCommand({ GroupName: 'readers' }));
  assert.match(Group?.GroupId ?? '', /^AGPA[A-Z2-7]{17}$/);
  assert.equal(Group?.Arn, `arn:aws:iam::${accountId}:group/teams/readers`);
  assert.deepEqual(
    Users?.map(({ UserName }) => UserName),
    ['emil'],
  );
  await iam.send(new UpdateGroupCommand({ GroupName: 'readers', NewGroupName: 'lookers' }));
  const { Groups } = await iam.send(new ListGroupsForUserCommand({ UserName: 'emil' }));
  assert.deepEqual(
    Groups?.map(({ GroupName }) => GroupName),
    ['lookers'],
  );
  await own.send(new ListUsersCommand({}));
  await iam.send(new RemoveUserFromGroupCommand({ UserName: 'emil', GroupName: 'lookers' }));
  await assert.rejects(own.send(new ListUsersCommand({})), {
    name: 'AccessDenied',
    message: `User: ${arnOf('/emil')} is not authorized to perform: iam:ListUsers on resource: ${arnOf('/')} because no identity-based policy allows the iam:ListUsers action`,
  });
});

test('a user can be in at most ten groups', async () => {
  await iam.send(new CreateUserCommand({ UserName: 'frida' }));
  for (let i = 0; i < 11; i += 1) {
    await iam.send(new CreateGroupCommand({ GroupName: `many-${i}` }));
  }
  const add = (i: number) =>
    iam.send(new AddUserToGroupCommand({ UserName: 'frida', GroupName: `many-${i}` }));
  for (let i = 0; i < 10; i += 1) await add(i);
  await assert.rejects(add(10), {
    name: 'LimitExceededException',
    message: 'Cannot exceed quota for GroupsPerUser: 10',
  });
});

test('tags are added, replaced and removed case-insensitively', async () => {
  await iam.send(new CreateUserCommand({ UserName: 'gerd' }));
  const tag = (...Tags: { Key: string; Value: string }[]) =>
    iam.send(new TagUserCommand({ UserName: 'gerd', Tags }));
  await tag({ Key: 'Team', Value: 'a' }, { Key: 'cost', Value: '' });
  await tag({ Key: 'team', Value: 'b' });
  const { Tags } = await iam.send(new ListUserTagsCommand({ UserName: 'gerd' }));
  assert.deepEqual(Tags, [
    { Key: 'cost', Value: '' },
    { Key: 'team', Value: 'b' },
  ]);
  await assert.rejects(tag({ Key: 'x', Value: '1' }, { Key: 'X', Value: '2' }), {
    name: 'InvalidInputException',
    message: 'Duplicate tag keys found. Please note that Tag keys are case insensitive.',
  });
  await iam.send(new UntagUserCommand({ UserName: 'gerd', TagKeys: ['TEAM'] }));
  const many = Array.from({ length: 50 }, (_, i) => ({ Key: `k${i}`, Value: '' }));
  await assert.rejects(tag(...many), { name: 'LimitExceededException' });
});

test('CreateAccessKey, ListAccessKeys, UpdateAccessKey, DeleteAccessKey: inactive keys have no effect', async () => {
  const first = await newUser(iam, 'hanna');
  const whoAmI = (credentials: typeof first) =>
    callers.as(credentials).sts.send(new GetCallerIdentityCommand({}));
  assert.equal((await whoAmI(first)).Arn, arnOf('/hanna'));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'hanna' }));
  await assert.rejects(iam.send(new CreateAccessKeyCommand({ UserName: 'hanna' })), {
    name: 'LimitExceededException',
    message: 'Cannot exceed quota for AccessKeysPerUser: 2',
  });
  const second = {
    accessKeyId: AccessKey?.AccessKeyId ?? '',
    secretAccessKey: AccessKey?.SecretAccessKey ?? '',
  };
  assert.match(second.accessKeyId, /^AKIA[A-Z2-7]{16}$/);
  assert.match(second.secretAccessKey, /^[A-Za-z0-9/+]{40}$/);
  const setFirst = (Status: 'Active' | 'Inactive') =>
    iam.send(
      new UpdateAccessKeyCommand({ UserName: 'hanna', AccessKeyId: first.accessKeyId, Status }),
    );
  await setFirst('Inactive');
  const invalid = {
    name: 'InvalidClientTokenId',
    message: 'The security token included in the request is invalid',
  };
  await assert.rejects(whoAmI(first), invalid);
  await whoAmI(second);
  await setFirst('Active');
  await whoAmI(first);
  const listed = await iam.send(new ListAccessKeysCommand({ UserName: 'hanna' }));
  assert.deepEqual(
    listed.AccessKeyMetadata?.map(({ AccessKeyId, Status }) => [AccessKeyId, Status]).sort(),
    [
      [first.accessKeyId, 'Active'],
      [second.accessKeyId, 'Active'],
    ].sort(),
  );
  await iam.send(new DeleteAccessKeyCommand({ UserName: 'hanna', AccessKeyId: first.accessKeyId }));
  await assert.rejects(whoAmI(first), invalid);
  await assert.rejects(
    iam.send(new DeleteAccessKeyCommand({ UserName: 'anna', AccessKeyId: second.accessKeyId })),
    {
      name: 'NoSuchEntityException',
      message: `The Access Key with id ${second.accessKeyId} cannot be found.`,
    },
  );
});

test('GetAccessKeyLastUsed: the last use has a date, a region and a service', async () => {
  const credentials = await newUser(iam, 'ida');
  const lastUsed = async () => {
    const { accessKeyId: AccessKeyId } = credentials;
    const found = await iam.send(new GetAccessKeyLastUsedCommand({ AccessKeyId }));
    assert.equal(found.UserName, 'ida');
    return found.AccessKeyLastUsed;
  };
  assert.deepEqual(await lastUsed(), { ServiceName: 'N/A', Region: 'N/A' });
  const { mq, sts } = callers.as(credentials);
  const atMs = plane.machine.clock.nowMs();
  // A refused call is a use, too.
  await assert.rejects(mq.send(new ListBrokersCommand({})), { name: 'ForbiddenException' });
  const use = await lastUsed();
  assert.deepEqual(
    [use?.ServiceName, use?.Region, use?.LastUsedDate?.getTime()],
    ['mq', 'us-west-2', atMs],
  );
  await plane.advance(59_000);
  await sts.send(new GetCallerIdentityCommand({}));
  assert.equal((await lastUsed())?.ServiceName, 'mq');
  await plane.advance(1000);
  await sts.send(new GetCallerIdentityCommand({}));
  assert.equal((await lastUsed())?.ServiceName, 'sts');
});

test('the trail and the disk contain no secret in clear text', async () => {
  const { secretAccessKey, accessKeyId } = await newUser(iam, 'jan');
  assert.ok(!plane.written.includes(secretAccessKey));
  assert.ok(!plane.written.includes(Buffer.from(secretAccessKey).toString('base64')));
  const event = (await eventsNamed(plane, 'CreateAccessKey')).at(-1);
  const shown = event?.responseElements as { accessKey: object } | undefined;
  assert.deepEqual(Object.keys(shown?.accessKey ?? {}).sort(), [
    'accessKeyId',
    'createDate',
    'status',
    'userName',
  ]);
  assert.ok(JSON.stringify(event).includes(accessKeyId));
});

test("the root user's access key can be rotated, but the last one cannot be deleted", async () => {
  const before = plane.credentials;
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({}));
  const next = {
    accessKeyId: AccessKey?.AccessKeyId ?? '',
    secretAccessKey: AccessKey?.SecretAccessKey ?? '',
  };
  const root = callers.as(next);
  assert.match((await root.sts.send(new GetCallerIdentityCommand({}))).Arn ?? '', /:root$/);
  await root.iam.send(
    new UpdateAccessKeyCommand({ AccessKeyId: before.accessKeyId, Status: 'Inactive' }),
  );
  await assert.rejects(callers.as(before).sts.send(new GetCallerIdentityCommand({})), {
    name: 'InvalidClientTokenId',
  });
  await assert.rejects(
    root.iam.send(new DeleteAccessKeyCommand({ AccessKeyId: next.accessKeyId })),
    { name: 'DeleteConflictException' },
  );
  await root.iam.send(
    new UpdateAccessKeyCommand({ AccessKeyId: before.accessKeyId, Status: 'Active' }),
  );
  await iam.send(new DeleteAccessKeyCommand({ AccessKeyId: next.accessKeyId }));
});

test('users, access keys and groups survive a restart', async () => {
  const credentials = await newUser(iam, 'kurt', {
    statements: [{ Effect: 'Allow', Action: 'iam:GetUser', Resource: '*' }],
  });
  ({ plane, callers, iam } = await accounts.restart());
  const { User } = await callers.as(credentials).iam.send(new GetUserCommand({}));
  assert.equal(User?.UserName, 'kurt');
});
