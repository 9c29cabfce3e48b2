import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  GetRoleCommand,
  ListUsersCommand,
  PutRolePolicyCommand,
} from '@aws-sdk/client-iam';
import { ListKeysCommand } from '@aws-sdk/client-kms';
import { ListBrokersCommand } from '@aws-sdk/client-mq';
import { type AssumeRoleCommandInput, GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { decodeSeed, stepAt, totpCode } from '../../../src/identity/accounts/mfa/totp.ts';
import {
  assume,
  type Callers,
  type Credentials,
  credentialsOf,
  listBrokers,
  newRole,
  newUser,
  policyText,
  roleArn,
  testAccounts,
  trust,
  userArn,
} from '../../support/callers.ts';
import { accountId } from '../../support/control-plane.ts';
import { eventsNamed } from '../../support/trail-events.ts';

const accounts = await testAccounts();
let { plane, callers, iam } = accounts;

const rootArn = `arn:aws:iam::${accountId}:root`;

function denied(caller: string, name: string, action = 'sts:AssumeRole') {
  return {
    name: 'AccessDenied',
    message: `User: ${caller} is not authorized to perform: ${action} on resource: ${roleArn(name)}`,
  };
}

test('AssumeRole: a principal in the trust policy can assume the role and has only its permissions', async () => {
  const credentials = await newUser(iam, 'anna', {
    statements: [{ Effect: 'Allow', Action: 'iam:ListUsers', Resource: '*' }],
  });
  await newRole(iam, 'operator', trust(userArn('anna')));
  const { sts } = callers.as(credentials);
  const issued = await assume(sts, 'operator');
  const { Role } = await iam.send(new GetRoleCommand({ RoleName: 'operator' }));
  assert.match(Role?.RoleId ?? '', /^AROA[A-Z2-7]{17}$/);
  const Arn = `arn:aws:sts::${accountId}:assumed-role/operator/shift`;
  assert.deepEqual(issued.AssumedRoleUser, { AssumedRoleId: `${Role?.RoleId}:shift`, Arn });
  assert.match(issued.Credentials?.AccessKeyId ?? '', /^ASIA[A-Z2-7]{16}$/);
  assert.equal(issued.Credentials?.Expiration?.getTime(), plane.machine.clock.nowMs() + 3_600_000);
  const own = callers.as(credentialsOf(issued.Credentials));
  await own.mq.send(new ListBrokersCommand({}));
  await assert.rejects(own.iam.send(new ListUsersCommand({})), { name: 'AccessDenied' });
  const { Arn: caller, UserId } = await own.sts.send(new GetCallerIdentityCommand({}));
  assert.deepEqual([caller, UserId], [Arn, `${Role?.RoleId}:shift`]);
  const event = (await eventsNamed(plane, 'ListBrokers')).at(-1);
  assert.deepEqual(event?.userIdentity, {
    type: 'AssumedRole',
    principalId: `${Role?.RoleId}:shift`,
    arn: Arn,
    accountId,
    accessKeyId: issued.Credentials?.AccessKeyId,
    sessionContext: {
      sessionIssuer: {
        type: 'Role',
        principalId: Role?.RoleId,
        arn: roleArn('operator'),
        accountId,
        userName: 'operator',
      },
      webIdFederationData: {},
      attributes: {
        creationDate: new Date(plane.machine.clock.nowMs()).toISOString().replace('.000Z', 'Z'),
        mfaAuthenticated: 'false',
      },
    },
  });
});

test('the trail records who received credentials, but neither secret keys nor session tokens', async () => {
  const credentials = await newUser(iam, 'bert');
  await newRole(iam, 'traced', trust(userArn('bert')));
  const { Credentials: issued } = await assume(callers.as(credentials).sts, 'traced');
  const event = (await eventsNamed(plane, 'AssumeRole')).at(-1);
  assert.ok(event !== undefined);
  const { credentials: shown, assumedRoleUser } = event.responseElements as {
    credentials: object;
    assumedRoleUser: object;
  };
  assert.deepEqual(Object.keys(shown).sort(), ['accessKeyId', 'expiration']);
  assert.deepEqual(Object.keys(assumedRoleUser).sort(), ['arn', 'assumedRoleId']);
  assert.deepEqual(event?.resources, [
    { accountId, type: 'AWS::IAM::Role', ARN: roleArn('traced') },
  ]);
  for (const secret of [issued?.SecretAccessKey, issued?.SessionToken]) {
    assert.ok(secret !== undefined && !plane.written.includes(secret));
  }
});

test('the user’s policies decide if the trust policy names the account', async () => {
  const mayAssume = { Effect: 'Allow', Action: 'sts:AssumeRole', Resource: roleArn('shared') };
  await newRole(iam, 'shared', trust(rootArn));
  const allowed = await newUser(iam, 'carl', { statements: [mayAssume] });
  const other = await newUser(iam, 'dora');
  await assume(callers.as(allowed).sts, 'shared');
  await assert.rejects(assume(callers.as(other).sts, 'shared'), denied(userArn('dora'), 'shared'));
});

test('a principal not in the trust policy is refused, including for a role that does not exist', async () => {
  const mayAssume = { Effect: 'Allow', Action: 'sts:*', Resource: '*' };
  const { sts } = callers.as(await newUser(iam, 'emil', { statements: [mayAssume] }));
  await newRole(iam, 'closed', trust(userArn('anna')));
  for (const name of ['closed', 'missing']) {
    await assert.rejects(assume(sts, name), denied(userArn('emil'), name));
  }
  await assert.rejects(assume(callers.as().sts, 'closed'), {
    name: 'AccessDenied',
    message: 'Roles may not be assumed by root accounts.',
  });
});

test('a role that requires an external id can be assumed only with that id', async () => {
  const Condition = { StringEquals: { 'sts:ExternalId': 'agreed-4711' } };
  const { sts } = callers.as(await newUser(iam, 'frida'));
  await newRole(iam, 'partner', trust(userArn('frida'), { Condition }));
  await assert.rejects(assume(sts, 'partner'), denied(userArn('frida'), 'partner'));
  await assert.rejects(assume(sts, 'partner', { ExternalId: 'other' }), { name: 'AccessDenied' });
  await assume(sts, 'partner', { ExternalId: 'agreed-4711' });
});

test('a role that requires MFA can be assumed with a code, and each code works only once', async () => {
  const { CreateVirtualMFADeviceCommand, EnableMFADeviceCommand } = await import(
    '@aws-sdk/client-iam'
  );
  const Condition = { Bool: { 'aws:MultiFactorAuthPresent': 'true' } };
  const { sts } = callers.as(await newUser(iam, 'gerd'));
  await newRole(iam, 'careful', trust(userArn('gerd'), { Condition }));
  const { VirtualMFADevice: made } = await iam.send(
    new CreateVirtualMFADeviceCommand({ VirtualMFADeviceName: 'gerd' }),
  );
  const key = decodeSeed(Buffer.from(made?.Base32StringSeed ?? []).toString('ascii'));
  const code = (steps = 0) => totpCode(key, stepAt(plane.machine.clock.nowMs()) + steps);
  const SerialNumber = made?.SerialNumber ?? '';
  await iam.send(
    new EnableMFADeviceCommand({
      UserName: 'gerd',
      SerialNumber,
      AuthenticationCode1: code(-1),
      AuthenticationCode2: code(),
    }),
  );
  await plane.advance(30_000);
  await assert.rejects(assume(sts, 'careful'), denied(userArn('gerd'), 'careful'));
  const factor = { SerialNumber, TokenCode: code() };
  const issued = await assume(sts, 'careful', factor);
  await assert.rejects(assume(sts, 'careful', factor), { name: 'AccessDenied' });
  await callers.as(credentialsOf(issued.Credentials)).sts.send(new GetCallerIdentityCommand({}));
  const event = (await eventsNamed(plane, 'GetCallerIdentity')).at(-1);
  assert.ok(event !== undefined);
  const { attributes } = event.userIdentity.sessionContext as { attributes: object };
  assert.deepEqual(
    { ...attributes, creationDate: '' },
    { creationDate: '', mfaAuthenticated: 'true' },
  );
});

test('a session policy and managed session policies limit a session', async () => {
  const { sts } = callers.as(await newUser(iam, 'hanna'));
  await newRole(iam, 'limited', trust(userArn('hanna')), [
    listBrokers,
    { Effect: 'Allow', Action: 'kms:ListKeys', Resource: '*' },
  ]);
  const both = async ({ mq, kms }: ReturnType<Callers['as']>) => [
    await mq.send(new ListBrokersCommand({})).then(
      () => 'yes',
      () => 'no',
    ),
    await kms.send(new ListKeysCommand({})).then(
      () => 'yes',
      () => 'no',
    ),
  ];
  const rights = async (more: Partial<AssumeRoleCommandInput>) => {
    const { Credentials: issued } = await assume(sts, 'limited', more);
    return both(callers.as(credentialsOf(issued)));
  };
  assert.deepEqual(await rights({}), ['yes', 'yes']);
  assert.deepEqual(await rights({ Policy: policyText(listBrokers) }), ['yes', 'no']);
  const arn = 'arn:aws:iam::aws:policy/AmazonMQReadOnlyAccess';
  assert.deepEqual(await rights({ PolicyArns: [{ arn }] }), ['yes', 'no']);
  const everything = policyText({ Effect: 'Allow', Action: '*', Resource: '*' });
  assert.deepEqual(await rights({ Policy: everything }), ['yes', 'yes']);
  const none = policyText({ Effect: 'Allow', Action: 's3:*', Resource: '*' });
  assert.deepEqual(await rights({ Policy: none }), ['no', 'no']);
  const sized = await assume(sts, 'limited', { Policy: everything });
  assert.ok((sized.PackedPolicySize ?? 0) >= 1 && (sized.PackedPolicySize ?? 0) <= 100);
  await assert.rejects(assume(sts, 'limited', { Policy: '{}' }), {
    name: 'MalformedPolicyDocumentException',
  });
  await assert.rejects(
    assume(sts, 'limited', { PolicyArns: [{ arn: `arn:aws:iam::${accountId}:policy/none` }] }),
    { name: 'MalformedPolicyDocumentException' },
  );
});

test('session tags require a permission and affect the session’s permissions', async () => {
  const { sts } = callers.as(await newUser(iam, 'ida'));
  const onTeam = { StringEquals: { 'aws:PrincipalTag/team': 'orders' } };
  const rights = [{ ...listBrokers, Condition: onTeam }];
  await newRole(iam, 'tagless', trust(userArn('ida')), rights);
  await newRole(
    iam,
    'tagged',
    trust(userArn('ida'), {}, ['sts:AssumeRole', 'sts:TagSession']),
    rights,
  );
  const Tags = [{ Key: 'team', Value: 'orders' }];
  await assert.rejects(
    assume(sts, 'tagless', { Tags }),
    denied(userArn('ida'), 'tagless', 'sts:TagSession'),
  );
  const list = async (more: Partial<AssumeRoleCommandInput>) => {
    const { Credentials: issued } = await assume(sts, 'tagged', more);
    return callers.as(credentialsOf(issued)).mq.send(new ListBrokersCommand({}));
  };
  await list({ Tags });
  await assert.rejects(list({}), { name: 'ForbiddenException' });
  const twice = [...Tags, { Key: 'TEAM', Value: 'x' }];
  await assert.rejects(assume(sts, 'tagged', { Tags: twice }), { name: 'InvalidParameterValue' });
});

test('a chained role session lasts at most one hour and keeps transitive tags and the source', async () => {
  const { sts } = callers.as(await newUser(iam, 'jan'));
  const first = ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'];
  const mayAssume = { Effect: 'Allow', Action: first, Resource: '*' };
  const onTeam = { StringEquals: { 'aws:PrincipalTag/team': 'orders' } };
  await newRole(iam, 'first', trust(userArn('jan'), {}, first), [mayAssume], {
    MaxSessionDuration: 7200,
  });
  await newRole(iam, 'second', trust(roleArn('first'), {}, first), [
    { ...listBrokers, Condition: onTeam },
  ]);
  const issued = await assume(sts, 'first', {
    DurationSeconds: 7200,
    Tags: [
      { Key: 'team', Value: 'orders' },
      { Key: 'shift', Value: 'late' },
    ],
    TransitiveTagKeys: ['team'],
    SourceIdentity: 'jan',
  });
  assert.equal(issued.SourceIdentity, 'jan');
  await assert.rejects(assume(sts, 'first', { DurationSeconds: 7201 }), {
    name: 'ValidationError',
    message: 'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
  });
  const chained = callers.as(credentialsOf(issued.Credentials)).sts;
  await assert.rejects(assume(chained, 'second', { DurationSeconds: 3601 }), {
    name: 'ValidationError',
    message: /1 hour session limit for roles assumed by role chaining/,
  });
  await assert.rejects(assume(chained, 'second', { Tags: [{ Key: 'team', Value: 'billing' }] }), {
    name: 'InvalidParameterValue',
  });
  await assert.rejects(assume(chained, 'second', { SourceIdentity: 'anna' }), {
    name: 'AccessDenied',
  });
  const next = await assume(chained, 'second');
  assert.equal(next.SourceIdentity, 'jan');
  await callers.as(credentialsOf(next.Credentials)).mq.send(new ListBrokersCommand({}));
  const event = (await eventsNamed(plane, 'ListBrokers')).at(-1);
  assert.ok(event !== undefined);
  const { sourceIdentity } = event.userIdentity.sessionContext as { sourceIdentity: string };
  assert.equal(sourceIdentity, 'jan');
});

test('session expired: a session ends on expiry, on deletion of its role and on a change of its permissions', async () => {
  const { sts } = callers.as(await newUser(iam, 'kurt'));
  await newRole(iam, 'ending', trust(userArn('kurt')));
  const session = async () => {
    const { Credentials: issued } = await assume(sts, 'ending', { DurationSeconds: 900 });
    return credentialsOf(issued);
  };
  const list = (credentials: Credentials) =>
    callers.as(credentials).mq.send(new ListBrokersCommand({}));
  const early = await session();
  await plane.advance(899_000);
  await list(early);
  await plane.advance(1000);
  await assert.rejects(list(early), {
    name: 'ExpiredTokenException',
    message: 'The security token included in the request is expired',
  });
  const late = await session();
  await list(late);
  await iam.send(new DeleteRolePolicyCommand({ RoleName: 'ending', PolicyName: 'rights' }));
  await assert.rejects(list(late), { name: 'ForbiddenException' });
  await iam.send(new DeleteRoleCommand({ RoleName: 'ending' }));
  await assert.rejects(list(late), { name: 'UnrecognizedClientException' });
});

test('a policy can deny sessions issued before a given time', async () => {
  const { sts } = callers.as(await newUser(iam, 'lena'));
  await newRole(iam, 'revoked', trust(userArn('lena')));
  const before = credentialsOf((await assume(sts, 'revoked')).Credentials);
  await plane.advance(1000);
  const atTime = new Date(plane.machine.clock.nowMs()).toISOString();
  const PolicyDocument = policyText({
    Effect: 'Deny',
    Action: '*',
    Resource: '*',
    Condition: { DateLessThan: { 'aws:TokenIssueTime': atTime } },
  });
  await iam.send(
    new PutRolePolicyCommand({
      RoleName: 'revoked',
      PolicyName: 'AWSRevokeOlderSessions',
      PolicyDocument,
    }),
  );
  const later = credentialsOf((await assume(sts, 'revoked')).Credentials);
  await assert.rejects(callers.as(before).mq.send(new ListBrokersCommand({})), {
    name: 'ForbiddenException',
  });
  await callers.as(later).mq.send(new ListBrokersCommand({}));
});

test('a session token is valid only with its access key, and an altered token is refused', async () => {
  const { sts } = callers.as(await newUser(iam, 'max'));
  await newRole(iam, 'sealed', trust(userArn('max')));
  const one = credentialsOf((await assume(sts, 'sealed')).Credentials);
  const other = credentialsOf((await assume(sts, 'sealed')).Credentials);
  const token = one.sessionToken ?? '';
  const changed = `${token.slice(0, 40)}${token[40] === 'A' ? 'B' : 'A'}${token.slice(41)}`;
  const tokens = [other.sessionToken ?? '', changed, token.slice(4), 'x'];
  for (const sessionToken of tokens) {
    await assert.rejects(
      callers.as({ ...one, sessionToken }).sts.send(new GetCallerIdentityCommand({})),
      { name: 'InvalidClientTokenId' },
      sessionToken,
    );
  }
  const { accessKeyId, secretAccessKey } = one;
  await assert.rejects(
    callers.as({ accessKeyId, secretAccessKey }).sts.send(new GetCallerIdentityCommand({})),
    { name: 'InvalidClientTokenId' },
  );
  await callers.as(one).sts.send(new GetCallerIdentityCommand({}));
});

test('sessions survive a restart', async () => {
  const { sts } = callers.as(await newUser(iam, 'nora'));
  await newRole(iam, 'lasting', trust(userArn('nora')));
  const session = credentialsOf((await assume(sts, 'lasting')).Credentials);
  ({ plane, callers, iam } = await accounts.restart());
  await callers.as(session).mq.send(new ListBrokersCommand({}));
});
