import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AddUserToGroupCommand,
  AttachGroupPolicyCommand,
  AttachRolePolicyCommand,
  AttachUserPolicyCommand,
  CreateGroupCommand,
  CreateLoginProfileCommand,
  CreatePolicyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  CreateVirtualMFADeviceCommand,
  DeactivateMFADeviceCommand,
  DeleteAccessKeyCommand,
  DeleteGroupCommand,
  DeleteGroupPolicyCommand,
  DeleteLoginProfileCommand,
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  DeleteUserCommand,
  DeleteUserPolicyCommand,
  DetachGroupPolicyCommand,
  DetachRolePolicyCommand,
  DetachUserPolicyCommand,
  EnableMFADeviceCommand,
  GetGroupPolicyCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  GetUserCommand,
  GetUserPolicyCommand,
  ListAttachedGroupPoliciesCommand,
  ListAttachedRolePoliciesCommand,
  ListAttachedUserPoliciesCommand,
  ListGroupPoliciesCommand,
  ListGroupsCommand,
  ListPoliciesCommand,
  ListRolePoliciesCommand,
  ListRolesCommand,
  ListUserPoliciesCommand,
  ListVirtualMFADevicesCommand,
  PutGroupPolicyCommand,
  PutRolePolicyCommand,
  PutUserPolicyCommand,
  RemoveUserFromGroupCommand,
} from '@aws-sdk/client-iam';
import { decodeSeed, stepAt, totpCode } from '../../../src/identity/accounts/mfa/totp.ts';
import { listBrokers, newUser, policyText, testAccounts, trust } from '../../support/callers.ts';
import { accountId } from '../../support/control-plane.ts';

// Operations of IAM by the rows of their table: what the other files of this folder do not show.

const { plane, callers, iam } = await testAccounts();

const PolicyDocument = policyText(listBrokers);
const AssumeRolePolicyDocument = policyText(trust(`arn:aws:iam::${accountId}:root`));

async function newPolicy(PolicyName: string): Promise<string> {
  const { Policy } = await iam.send(new CreatePolicyCommand({ PolicyName, PolicyDocument }));
  return Policy?.Arn ?? '';
}

/** Gives a user an MFA device, and returns its serial number. */
async function enableDevice(UserName: string): Promise<string> {
  const { VirtualMFADevice: made } = await iam.send(
    new CreateVirtualMFADeviceCommand({ VirtualMFADeviceName: UserName }),
  );
  const seed = Buffer.from(made?.Base32StringSeed ?? []).toString('ascii');
  const step = stepAt(plane.machine.clock.nowMs());
  const SerialNumber = made?.SerialNumber ?? '';
  const code = (at: number) => totpCode(decodeSeed(seed), at);
  const codes = { AuthenticationCode1: code(step - 1), AuthenticationCode2: code(step) };
  await iam.send(new EnableMFADeviceCommand({ UserName, SerialNumber, ...codes }));
  return SerialNumber;
}

test('GetUser: without a name it is the caller, and tags and the boundary are shown', async () => {
  const own = await newUser(iam, 'anna', {
    statements: [{ Effect: 'Allow', Action: 'iam:GetUser', Resource: '*' }],
  });
  const PermissionsBoundary = await newPolicy('limits');
  const Tags = [{ Key: 'team', Value: 'orders' }];
  await iam.send(new CreateUserCommand({ UserName: 'bert', PermissionsBoundary, Tags }));
  assert.equal((await callers.as(own).iam.send(new GetUserCommand({}))).User?.UserName, 'anna');
  const { User } = await iam.send(new GetUserCommand({ UserName: 'bert' }));
  assert.equal(User?.PermissionsBoundary?.PermissionsBoundaryArn, PermissionsBoundary);
  assert.deepEqual(User?.Tags, Tags);
});

test('DeleteUser, DeleteLoginProfile: conflicts while keys, policies, groups, devices or a login profile remain', async () => {
  const UserName = 'carl';
  const { accessKeyId: AccessKeyId } = await newUser(iam, UserName);
  const PolicyArn = await newPolicy('of-carl');
  const inline = { UserName, PolicyName: 'own' };
  const membership = { UserName, GroupName: 'of-carl' };
  await iam.send(new PutUserPolicyCommand({ ...inline, PolicyDocument }));
  await iam.send(new AttachUserPolicyCommand({ UserName, PolicyArn }));
  await iam.send(new CreateGroupCommand({ GroupName: 'of-carl' }));
  await iam.send(new AddUserToGroupCommand(membership));
  await iam.send(new CreateLoginProfileCommand({ UserName, Password: 'Correct-horse-1' }));
  const SerialNumber = await enableDevice(UserName);
  const removals: readonly (readonly [what: string, remove: () => Promise<unknown>])[] = [
    ['an access key', () => iam.send(new DeleteAccessKeyCommand({ UserName, AccessKeyId }))],
    ['an inline policy', () => iam.send(new DeleteUserPolicyCommand(inline))],
    ['a policy', () => iam.send(new DetachUserPolicyCommand({ UserName, PolicyArn }))],
    ['a group', () => iam.send(new RemoveUserFromGroupCommand(membership))],
    ['a profile', () => iam.send(new DeleteLoginProfileCommand({ UserName }))],
    ['a device', () => iam.send(new DeactivateMFADeviceCommand({ UserName, SerialNumber }))],
  ];
  for (const [what, remove] of removals) {
    const refused = { name: 'DeleteConflictException' };
    await assert.rejects(iam.send(new DeleteUserCommand({ UserName })), refused, what);
    await remove();
  }
  await iam.send(new DeleteUserCommand({ UserName }));
});

test('Put/Get/List/DeleteUserPolicy, and the same for Role and Group', async () => {
  const PolicyName = 'own';
  const [UserName, RoleName, GroupName] = ['dora', 'dora', 'dora'];
  await iam.send(new CreateUserCommand({ UserName }));
  await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }));
  await iam.send(new CreateGroupCommand({ GroupName }));
  const named = { PolicyName, PolicyDocument };
  await iam.send(new PutUserPolicyCommand({ UserName, ...named }));
  await iam.send(new PutRolePolicyCommand({ RoleName, ...named }));
  await iam.send(new PutGroupPolicyCommand({ GroupName, ...named }));
  const lists = () =>
    Promise.all([
      iam.send(new ListUserPoliciesCommand({ UserName })),
      iam.send(new ListRolePoliciesCommand({ RoleName })),
      iam.send(new ListGroupPoliciesCommand({ GroupName })),
    ]);
  for (const { PolicyNames } of await lists()) assert.deepEqual(PolicyNames, [PolicyName]);
  const gets = () => [
    iam.send(new GetUserPolicyCommand({ UserName, PolicyName })),
    iam.send(new GetRolePolicyCommand({ RoleName, PolicyName })),
    iam.send(new GetGroupPolicyCommand({ GroupName, PolicyName })),
  ];
  for (const found of await Promise.all(gets())) {
    assert.match(found.PolicyDocument ?? '', /^%7B%22/);
    assert.equal(decodeURIComponent(found.PolicyDocument ?? ''), PolicyDocument);
  }
  await iam.send(new DeleteUserPolicyCommand({ UserName, PolicyName }));
  await iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName }));
  await iam.send(new DeleteGroupPolicyCommand({ GroupName, PolicyName }));
  for (const { PolicyNames } of await lists()) assert.deepEqual(PolicyNames, []);
  for (const get of gets()) await assert.rejects(get, { name: 'NoSuchEntityException' });
});

test('ListPolicies: the scope selects policies of AWS, or those of the account', async () => {
  const own = await newPolicy('local');
  const listed = async (Scope: 'AWS' | 'Local' | 'All') => {
    const { Policies } = await iam.send(new ListPoliciesCommand({ Scope, MaxItems: 1000 }));
    return Policies?.map(({ Arn = '' }) => Arn) ?? [];
  };
  const isProvided = (arn: string) => arn.startsWith('arn:aws:iam::aws:policy/');
  assert.ok((await listed('AWS')).every(isProvided));
  assert.ok(!(await listed('Local')).some(isProvided));
  assert.ok((await listed('Local')).includes(own));
  const all = await listed('All');
  assert.deepEqual(all.sort(), [...(await listed('AWS')), ...(await listed('Local'))].sort());
});

test('Attach/Detach{User,Group,Role}Policy: attaching twice is a no-op, detaching twice an error', async () => {
  const PolicyArn = await newPolicy('shared');
  const [UserName, RoleName, GroupName] = ['emil', 'emil', 'emil'];
  await iam.send(new CreateUserCommand({ UserName }));
  await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }));
  await iam.send(new CreateGroupCommand({ GroupName }));
  for (let time = 0; time < 2; time++) {
    await iam.send(new AttachUserPolicyCommand({ UserName, PolicyArn }));
    await iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn }));
    await iam.send(new AttachGroupPolicyCommand({ GroupName, PolicyArn }));
  }
  const attached = [{ PolicyName: 'shared', PolicyArn }];
  const lists = await Promise.all([
    iam.send(new ListAttachedUserPoliciesCommand({ UserName })),
    iam.send(new ListAttachedRolePoliciesCommand({ RoleName })),
    iam.send(new ListAttachedGroupPoliciesCommand({ GroupName })),
  ]);
  for (const { AttachedPolicies } of lists) assert.deepEqual(AttachedPolicies, attached);
  const detach = [
    () => iam.send(new DetachUserPolicyCommand({ UserName, PolicyArn })),
    () => iam.send(new DetachRolePolicyCommand({ RoleName, PolicyArn })),
    () => iam.send(new DetachGroupPolicyCommand({ GroupName, PolicyArn })),
  ];
  for (const each of detach) {
    await each();
    await assert.rejects(each(), { name: 'NoSuchEntityException' });
  }
});

test('ListGroups, DeleteGroup: groups are listed by path, and deleted when they are empty', async () => {
  await iam.send(new CreateGroupCommand({ GroupName: 'one', Path: '/teams/' }));
  const list = async () => {
    const { Groups } = await iam.send(new ListGroupsCommand({ PathPrefix: '/teams/' }));
    return Groups?.map(({ GroupName }) => GroupName);
  };
  assert.deepEqual(await list(), ['one']);
  await iam.send(new DeleteGroupCommand({ GroupName: 'one' }));
  assert.deepEqual(await list(), []);
});

test('CreateRole: the document is URL-encoded, and sessions last from one to twelve hours', async () => {
  const request = { RoleName: 'frida', AssumeRolePolicyDocument };
  for (const MaxSessionDuration of [3599, 43_201]) {
    await assert.rejects(iam.send(new CreateRoleCommand({ ...request, MaxSessionDuration })), {
      name: 'ValidationError',
    });
  }
  const { Role } = await iam.send(
    new CreateRoleCommand({
      ...request,
      Path: '/duties/',
      Description: 'A duty.',
      MaxSessionDuration: 43_200,
      Tags: [{ Key: 'team', Value: 'orders' }],
    }),
  );
  assert.match(Role?.RoleId ?? '', /^AROA[A-Z2-7]{17}$/);
  assert.equal(Role?.Arn, `arn:aws:iam::${accountId}:role/duties/frida`);
  assert.equal(decodeURIComponent(Role?.AssumeRolePolicyDocument ?? ''), AssumeRolePolicyDocument);
  assert.match(Role?.AssumeRolePolicyDocument ?? '', /^%7B%22/);
  const found = (await iam.send(new GetRoleCommand({ RoleName: 'FRIDA' }))).Role;
  assert.deepEqual(
    [found?.MaxSessionDuration, found?.Description, found?.Tags],
    [43_200, 'A duty.', [{ Key: 'team', Value: 'orders' }]],
  );
});

test('GetRole, ListRoles, DeleteRole: a role with policies cannot be deleted', async () => {
  const RoleName = 'gerd';
  await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument, Path: '/listed/' }));
  const { Roles } = await iam.send(new ListRolesCommand({ PathPrefix: '/listed/' }));
  assert.deepEqual(
    Roles?.map((role) => role.RoleName),
    [RoleName],
  );
  const inline = { RoleName, PolicyName: 'own' };
  await iam.send(new PutRolePolicyCommand({ ...inline, PolicyDocument }));
  await assert.rejects(iam.send(new DeleteRoleCommand({ RoleName })), {
    name: 'DeleteConflictException',
  });
  await iam.send(new DeleteRolePolicyCommand(inline));
  await iam.send(new DeleteRoleCommand({ RoleName }));
  await assert.rejects(iam.send(new GetRoleCommand({ RoleName })), {
    name: 'NoSuchEntityException',
  });
});

test('ListVirtualMFADevices: devices are listed by whether they are assigned', async () => {
  await iam.send(new CreateUserCommand({ UserName: 'hanna' }));
  const assigned = await enableDevice('hanna');
  const { VirtualMFADevice } = await iam.send(
    new CreateVirtualMFADeviceCommand({ VirtualMFADeviceName: 'free' }),
  );
  const free = VirtualMFADevice?.SerialNumber ?? '';
  const listed = async (AssignmentStatus: 'Assigned' | 'Unassigned' | 'Any') => {
    const found = await iam.send(new ListVirtualMFADevicesCommand({ AssignmentStatus }));
    const serials = found.VirtualMFADevices?.map(({ SerialNumber }) => SerialNumber) ?? [];
    return [serials.includes(assigned), serials.includes(free)];
  };
  assert.deepEqual(await listed('Assigned'), [true, false]);
  assert.deepEqual(await listed('Unassigned'), [false, true]);
  assert.deepEqual(await listed('Any'), [true, true]);
});

const idRows: readonly (readonly [row: string, form: RegExp, make: () => Promise<unknown>])[] = [
  ['access key id', /^AKIA[A-Z2-7]{16}$/, async () => (await newUser(iam, 'ida')).accessKeyId],
  ['secret', /^[A-Za-z0-9/+]{40}$/, async () => (await newUser(iam, 'jan')).secretAccessKey],
  [
    'user AIDA…',
    /^AIDA[A-Z2-7]{17}$/,
    async () => (await iam.send(new CreateUserCommand({ UserName: 'karl' }))).User?.UserId,
  ],
  [
    'role AROA…',
    /^AROA[A-Z2-7]{17}$/,
    async () => {
      const request = { RoleName: 'karl', AssumeRolePolicyDocument };
      return (await iam.send(new CreateRoleCommand(request))).Role?.RoleId;
    },
  ],
  [
    'group AGPA…',
    /^AGPA[A-Z2-7]{17}$/,
    async () => (await iam.send(new CreateGroupCommand({ GroupName: 'karl' }))).Group?.GroupId,
  ],
  [
    'managed policy ANPA…',
    /^ANPA[A-Z2-7]{17}$/,
    async () => {
      const request = { PolicyName: 'karl', PolicyDocument };
      return (await iam.send(new CreatePolicyCommand(request))).Policy?.PolicyId;
    },
  ],
  [
    'account',
    /^arn:aws:iam::\d{12}:user\/path\/lena$/,
    async () => {
      const request = { UserName: 'lena', Path: '/path/' };
      return (await iam.send(new CreateUserCommand(request))).User?.Arn;
    },
  ],
];

for (const [row, form, make] of idRows) {
  test(`${row}: the identifier has the form ${form.source}`, async () => {
    assert.match(String(await make()), form);
  });
}
