import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AttachUserPolicyCommand,
  CreatePolicyCommand,
  CreatePolicyVersionCommand,
  CreateRoleCommand,
  CreateUserCommand,
  DeletePolicyCommand,
  DeletePolicyVersionCommand,
  DeleteUserPermissionsBoundaryCommand,
  DeleteUserPolicyCommand,
  DetachUserPolicyCommand,
  GetPolicyCommand,
  GetPolicyVersionCommand,
  GetUserCommand,
  GetUserPolicyCommand,
  ListAttachedUserPoliciesCommand,
  ListEntitiesForPolicyCommand,
  ListPoliciesCommand,
  ListPolicyVersionsCommand,
  ListUserPoliciesCommand,
  PutUserPermissionsBoundaryCommand,
  PutUserPolicyCommand,
  SetDefaultPolicyVersionCommand,
} from '@aws-sdk/client-iam';
import { ListBrokersCommand } from '@aws-sdk/client-mq';
import { newUser, policyText, testAccounts } from '../../support/callers.ts';
import { accountId } from '../../support/control-plane.ts';

const { callers, iam } = await testAccounts();

const listBrokers = { Effect: 'Allow', Action: 'mq:ListBrokers', Resource: '*' };
const arnOf = (name: string) => `arn:aws:iam::${accountId}:policy/${name}`;

async function newPolicy(PolicyName: string, ...statements: object[]): Promise<string> {
  const PolicyDocument = policyText(...statements);
  const { Policy } = await iam.send(new CreatePolicyCommand({ PolicyName, PolicyDocument }));
  return Policy?.Arn ?? '';
}

test('an inline policy is returned URL-encoded and unchanged, and takes effect immediately', async () => {
  const credentials = await newUser(iam, 'anna');
  const own = callers.as(credentials).mq;
  await assert.rejects(own.send(new ListBrokersCommand({})), { name: 'ForbiddenException' });
  const PolicyDocument = JSON.stringify(
    { Version: '2012-10-17', Statement: [listBrokers] },
    undefined,
    2,
  );
  const named = { UserName: 'anna', PolicyName: 'see' };
  await iam.send(new PutUserPolicyCommand({ ...named, PolicyDocument }));
  await own.send(new ListBrokersCommand({}));
  const found = await iam.send(new GetUserPolicyCommand(named));
  assert.match(found.PolicyDocument ?? '', /^%7B%0A/);
  assert.equal(decodeURIComponent(found.PolicyDocument ?? ''), PolicyDocument);
  const { PolicyNames } = await iam.send(new ListUserPoliciesCommand({ UserName: 'anna' }));
  assert.deepEqual(PolicyNames, ['see']);
  await iam.send(new DeleteUserPolicyCommand(named));
  await assert.rejects(own.send(new ListBrokersCommand({})), { name: 'ForbiddenException' });
  await assert.rejects(iam.send(new GetUserPolicyCommand(named)), {
    name: 'NoSuchEntityException',
    message: 'The user policy with name see cannot be found.',
  });
});

const malformed: readonly [title: string, document: string][] = [
  ['text that is not JSON', 'x'],
  ['a statement without an effect', policyText({ Action: 'mq:*', Resource: '*' })],
  ['a statement without an action', policyText({ Effect: 'Allow', Resource: '*' })],
  ['a statement without a resource', policyText({ Effect: 'Allow', Action: 'mq:*' })],
  ['a principal', policyText({ ...listBrokers, Principal: '*' })],
  ['an unknown version', JSON.stringify({ Version: '2020-01-01', Statement: [listBrokers] })],
  ['an unknown operator', policyText({ ...listBrokers, Condition: { Same: { a: 'b' } } })],
];
for (const [title, PolicyDocument] of malformed) {
  test(`a policy with ${title} is refused`, async () => {
    const error = { name: 'MalformedPolicyDocumentException' };
    await assert.rejects(
      iam.send(new CreatePolicyCommand({ PolicyName: 'wrong', PolicyDocument })),
      error,
    );
    await iam.send(new CreateUserCommand({ UserName: 'wrong' })).catch(() => {});
    await assert.rejects(
      iam.send(
        new PutUserPolicyCommand({ UserName: 'wrong', PolicyName: 'wrong', PolicyDocument }),
      ),
      error,
    );
  });
}

test('the inline policies of a user are limited to 2,048 characters without whitespace', async () => {
  await iam.send(new CreateUserCommand({ UserName: 'bert' }));
  const of = (length: number) => {
    const text = policyText({ ...listBrokers, Sid: '' });
    return policyText({ ...listBrokers, Sid: 'x'.repeat(length - text.length) });
  };
  const put = (PolicyName: string, PolicyDocument: string) =>
    iam.send(new PutUserPolicyCommand({ UserName: 'bert', PolicyName, PolicyDocument }));
  await put('a', of(1024));
  await put('b', `\n${' '.repeat(1000)}${of(1024)}`);
  await assert.rejects(put('c', of(200)), {
    name: 'LimitExceededException',
    message: 'Maximum policy size of 2048 bytes exceeded for user bert',
  });
  await put('b', of(824));
  await put('c', of(200));
});

test('CreatePolicy, CreatePolicyVersion, SetDefaultPolicyVersion, DeletePolicyVersion, GetPolicyVersion: one version is the default', async () => {
  const Arn = await newPolicy('brokers', listBrokers);
  assert.equal(Arn, arnOf('brokers'));
  const credentials = await newUser(iam, 'carl', { attached: [Arn] });
  const own = callers.as(credentials).mq;
  await own.send(new ListBrokersCommand({}));
  const PolicyDocument = policyText({ ...listBrokers, Action: 'mq:DescribeBroker' });
  const second = await iam.send(new CreatePolicyVersionCommand({ PolicyArn: Arn, PolicyDocument }));
  assert.deepEqual(
    [second.PolicyVersion?.VersionId, second.PolicyVersion?.IsDefaultVersion],
    ['v2', false],
  );
  await own.send(new ListBrokersCommand({}));
  await iam.send(new SetDefaultPolicyVersionCommand({ PolicyArn: Arn, VersionId: 'v2' }));
  await assert.rejects(own.send(new ListBrokersCommand({})), { name: 'ForbiddenException' });
  const { PolicyVersion } = await iam.send(
    new GetPolicyVersionCommand({ PolicyArn: Arn, VersionId: 'v2' }),
  );
  assert.equal(decodeURIComponent(PolicyVersion?.Document ?? ''), PolicyDocument);
  await assert.rejects(
    iam.send(new DeletePolicyVersionCommand({ PolicyArn: Arn, VersionId: 'v2' })),
    {
      name: 'DeleteConflictException',
      message: 'Cannot delete the default version of a policy.',
    },
  );
  await iam.send(new DeletePolicyVersionCommand({ PolicyArn: Arn, VersionId: 'v1' }));
  // The numbers of deleted versions are not used again.
  for (const expected of ['v3', 'v4', 'v5', 'v6']) {
    const made = await iam.send(new CreatePolicyVersionCommand({ PolicyArn: Arn, PolicyDocument }));
    assert.equal(made.PolicyVersion?.VersionId, expected);
  }
  await assert.rejects(
    iam.send(new CreatePolicyVersionCommand({ PolicyArn: Arn, PolicyDocument })),
    {
      name: 'LimitExceededException',
      message:
        'A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version.',
    },
  );
  // So a client knows that another version is deleted for a document that is accepted.
  const refused = { PolicyArn: Arn, PolicyDocument: '{"Version": "2012-10-17"}' };
  await assert.rejects(iam.send(new CreatePolicyVersionCommand(refused)), {
    name: 'MalformedPolicyDocumentException',
  });
  const { Versions } = await iam.send(new ListPolicyVersionsCommand({ PolicyArn: Arn }));
  assert.deepEqual(
    Versions?.map(({ VersionId }) => VersionId),
    ['v6', 'v5', 'v4', 'v3', 'v2'],
  );
});

test('GetPolicy, DeletePolicy: a policy with attachments or extra versions cannot be deleted', async () => {
  const PolicyArn = await newPolicy('used', listBrokers);
  await iam.send(new CreateUserCommand({ UserName: 'dora' }));
  const attachment = { UserName: 'dora', PolicyArn };
  await iam.send(new AttachUserPolicyCommand(attachment));
  await iam.send(new AttachUserPolicyCommand(attachment));
  const { Policy } = await iam.send(new GetPolicyCommand({ PolicyArn }));
  assert.deepEqual([Policy?.AttachmentCount, Policy?.DefaultVersionId], [1, 'v1']);
  assert.match(Policy?.PolicyId ?? '', /^ANPA[A-Z2-7]{17}$/);
  const entities = await iam.send(new ListEntitiesForPolicyCommand({ PolicyArn }));
  assert.deepEqual(
    entities.PolicyUsers?.map(({ UserName }) => UserName),
    ['dora'],
  );
  assert.deepEqual([entities.PolicyGroups, entities.PolicyRoles], [[], []]);
  await assert.rejects(iam.send(new DeletePolicyCommand({ PolicyArn })), {
    name: 'DeleteConflictException',
    message: 'Cannot delete a policy attached to entities.',
  });
  await iam.send(new DetachUserPolicyCommand(attachment));
  await assert.rejects(iam.send(new DetachUserPolicyCommand(attachment)), {
    name: 'NoSuchEntityException',
    message: `Policy ${PolicyArn} was not found.`,
  });
  const PolicyDocument = policyText(listBrokers);
  await iam.send(new CreatePolicyVersionCommand({ PolicyArn, PolicyDocument }));
  await assert.rejects(iam.send(new DeletePolicyCommand({ PolicyArn })), {
    name: 'DeleteConflictException',
  });
  await iam.send(new DeletePolicyVersionCommand({ PolicyArn, VersionId: 'v2' }));
  await iam.send(new DeletePolicyCommand({ PolicyArn }));
  await assert.rejects(iam.send(new AttachUserPolicyCommand(attachment)), {
    name: 'NoSuchEntityException',
    message: `Policy ${PolicyArn} does not exist or is not attachable.`,
  });
});

test('at most ten managed policies can be attached to a user', async () => {
  await iam.send(new CreateUserCommand({ UserName: 'emil' }));
  const attach = async (i: number) => {
    const PolicyArn = await newPolicy(`many-${i}`, listBrokers);
    await iam.send(new AttachUserPolicyCommand({ UserName: 'emil', PolicyArn }));
  };
  for (let i = 0; i < 10; i += 1) await attach(i);
  await assert.rejects(attach(10), {
    name: 'LimitExceededException',
    message: 'Cannot exceed quota for PoliciesPerUser: 10',
  });
  const { AttachedPolicies } = await iam.send(
    new ListAttachedUserPoliciesCommand({ UserName: 'emil', MaxItems: 100 }),
  );
  assert.equal(AttachedPolicies?.length, 10);
});

test('AWS managed policies can be listed and attached, but not changed', async () => {
  const PolicyArn = 'arn:aws:iam::aws:policy/AmazonMQReadOnlyAccess';
  const credentials = await newUser(iam, 'frida', { attached: [PolicyArn] });
  await callers.as(credentials).mq.send(new ListBrokersCommand({}));
  const { Policies = [] } = await iam.send(new ListPoliciesCommand({ Scope: 'AWS' }));
  assert.ok(Policies.some(({ Arn }) => Arn === PolicyArn));
  assert.ok(Policies.every(({ Arn }) => Arn?.startsWith('arn:aws:iam::aws:policy/')));
  const PolicyDocument = policyText(listBrokers);
  await assert.rejects(iam.send(new CreatePolicyVersionCommand({ PolicyArn, PolicyDocument })), {
    name: 'AccessDenied',
  });
  const ofService = 'arn:aws:iam::aws:policy/aws-service-role/AmazonMQServiceRolePolicy';
  await assert.rejects(
    iam.send(new AttachUserPolicyCommand({ UserName: 'frida', PolicyArn: ofService })),
    { name: 'PolicyNotAttachableException' },
  );
  const local = await iam.send(new ListPoliciesCommand({ Scope: 'Local', OnlyAttached: true }));
  assert.ok(local.Policies?.every(({ AttachmentCount }) => (AttachmentCount ?? 0) > 0));
});

test('a permissions boundary limits a user and cannot be deleted while in use', async () => {
  const boundary = await newPolicy('limit', { ...listBrokers, Action: 'kms:*' });
  const credentials = await newUser(iam, 'gerd', { statements: [listBrokers] });
  const own = callers.as(credentials).mq;
  await own.send(new ListBrokersCommand({}));
  const UserName = 'gerd';
  await iam.send(
    new PutUserPermissionsBoundaryCommand({ UserName, PermissionsBoundary: boundary }),
  );
  await assert.rejects(own.send(new ListBrokersCommand({})), {
    name: 'ForbiddenException',
    message: /because no permissions boundary allows the mq:ListBrokers action$/,
  });
  const { User } = await iam.send(new GetUserCommand({ UserName }));
  assert.deepEqual(User?.PermissionsBoundary, {
    PermissionsBoundaryType: 'Policy',
    PermissionsBoundaryArn: boundary,
  });
  await assert.rejects(iam.send(new DeletePolicyCommand({ PolicyArn: boundary })), {
    name: 'DeleteConflictException',
  });
  await iam.send(new DeleteUserPermissionsBoundaryCommand({ UserName }));
  await own.send(new ListBrokersCommand({}));
  await iam.send(new DeletePolicyCommand({ PolicyArn: boundary }));
});

test('a user who must set a boundary on new users cannot create users without it', async () => {
  const boundary = await newPolicy('needed', listBrokers);
  const mayCreate = { Effect: 'Allow', Action: 'iam:CreateUser', Resource: '*' };
  const Condition = { StringEquals: { 'iam:PermissionsBoundary': boundary } };
  const credentials = await newUser(iam, 'hanna', { statements: [{ ...mayCreate, Condition }] });
  const own = callers.as(credentials).iam;
  await assert.rejects(own.send(new CreateUserCommand({ UserName: 'free' })), {
    name: 'AccessDenied',
  });
  await own.send(new CreateUserCommand({ UserName: 'bound', PermissionsBoundary: boundary }));
});

test('a user allowed to attach one policy cannot attach any other', async () => {
  const mayAttach = { Effect: 'Allow', Action: 'iam:AttachUserPolicy', Resource: '*' };
  const reading = 'arn:aws:iam::aws:policy/AmazonMQReadOnlyAccess';
  const Condition = { ArnEquals: { 'iam:PolicyARN': reading } };
  const credentials = await newUser(iam, 'ida', { statements: [{ ...mayAttach, Condition }] });
  const own = callers.as(credentials).iam;
  const attach = (PolicyArn: string) =>
    own.send(new AttachUserPolicyCommand({ UserName: 'ida', PolicyArn }));
  await attach(reading);
  await assert.rejects(attach('arn:aws:iam::aws:policy/AdministratorAccess'), {
    name: 'AccessDenied',
  });
});

test('access to users can be limited to those with a tag', async () => {
  const onTeam = { StringEquals: { 'aws:ResourceTag/team': 'orders' } };
  const statements = [{ Effect: 'Allow', Action: 'iam:GetUser', Resource: '*', Condition: onTeam }];
  const credentials = await newUser(iam, 'jan', { statements });
  const Tags = [{ Key: 'team', Value: 'orders' }];
  await iam.send(new CreateUserCommand({ UserName: 'ours', Tags }));
  await iam.send(new CreateUserCommand({ UserName: 'theirs' }));
  const own = callers.as(credentials).iam;
  await own.send(new GetUserCommand({ UserName: 'ours' }));
  await assert.rejects(own.send(new GetUserCommand({ UserName: 'theirs' })), {
    name: 'AccessDenied',
  });
});

test('a role trust policy requires principals and has no resource', async () => {
  const create = (statement: object) =>
    iam.send(
      new CreateRoleCommand({
        RoleName: 'wrong',
        AssumeRolePolicyDocument: policyText(statement),
      }),
    );
  const assume = { Effect: 'Allow', Action: 'sts:AssumeRole' };
  const error = { name: 'MalformedPolicyDocumentException' };
  await assert.rejects(create(assume), error);
  await assert.rejects(create({ ...assume, Principal: '*', Resource: '*' }), error);
  await assert.rejects(create({ ...assume, Principal: '*', Action: 'mq:*' }), error);
});
