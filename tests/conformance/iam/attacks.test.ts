import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ChangePasswordCommand,
  CreateAccessKeyCommand,
  CreateLoginProfileCommand,
  CreateUserCommand,
  DeleteAccessKeyCommand,
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  DeleteUserCommand,
  DeleteUserPolicyCommand,
  GetRoleCommand,
  PutUserPolicyCommand,
  SimulatePrincipalPolicyCommand,
  UpdateAccountPasswordPolicyCommand,
  UpdateUserCommand,
} from '@aws-sdk/client-iam';
import {
  CreateGrantCommand,
  CreateKeyCommand,
  DescribeKeyCommand,
  EncryptCommand,
  GetKeyPolicyCommand,
  ListGrantsCommand,
  RetireGrantCommand,
} from '@aws-sdk/client-kms';
import { GetFederationTokenCommand, GetSessionTokenCommand } from '@aws-sdk/client-sts';
import {
  assume,
  type Credentials,
  credentialsOf,
  newRole,
  newUser,
  policyText,
  roleArn,
  testAccounts,
  trust,
  userArn,
} from '../../support/callers.ts';
import { accountId } from '../../support/control-plane.ts';

// Ways to more rights than the policies give, each of which must fail.

const accounts = await testAccounts();
let { callers, iam } = accounts;

const rootArn = `arn:aws:iam::${accountId}:root`;
const Plaintext = Buffer.from('x');

/** Deletes a user that `newUser` made, and makes another one with its name. */
async function replaced(UserName: string, { accessKeyId }: Credentials): Promise<Credentials> {
  await iam.send(new DeleteAccessKeyCommand({ UserName, AccessKeyId: accessKeyId }));
  await iam.send(new DeleteUserPolicyCommand({ UserName, PolicyName: 'rights' })).catch(() => {});
  await iam.send(new DeleteUserCommand({ UserName }));
  return newUser(iam, UserName);
}

const kmsStatement = (AWS: string, Action: string | string[]) => ({
  Effect: 'Allow',
  Principal: { AWS },
  Action,
  Resource: '*',
});

async function newKey(...statements: readonly object[]): Promise<string> {
  const Policy = policyText(kmsStatement(rootArn, 'kms:*'), ...statements);
  const { KeyMetadata } = await callers.as().kms.send(new CreateKeyCommand({ Policy }));
  return KeyMetadata?.Arn ?? '';
}

const deniedKey = { name: 'AccessDeniedException' };

test('a new user with the name of a deleted one has none of its rights on a key', async () => {
  const old = await newUser(iam, 'anna');
  const KeyId = await newKey(kmsStatement(userArn('anna'), 'kms:Encrypt'));
  const encrypt = (credentials: Credentials) =>
    callers.as(credentials).kms.send(new EncryptCommand({ KeyId, Plaintext }));
  const policyOf = async () => {
    const { Policy = '' } = await callers.as().kms.send(new GetKeyPolicyCommand({ KeyId }));
    return JSON.parse(Policy).Statement[1].Principal.AWS;
  };
  await encrypt(old);
  const { User } = await iam.send(new CreateUserCommand({ UserName: 'other' }));
  assert.ok(User);
  assert.equal(await policyOf(), userArn('anna'));
  await iam.send(new UpdateUserCommand({ UserName: 'anna', NewUserName: 'hanna' }));
  await encrypt(old);
  assert.equal(await policyOf(), userArn('hanna'), 'the policy follows the user');
  await assert.rejects(encrypt(await newUser(iam, 'anna')), deniedKey);
  await assert.rejects(encrypt(await replaced('hanna', old)), deniedKey);
  assert.match(await policyOf(), /^AIDA[A-Z2-7]{17}$/, 'AWS shows the id of a deleted user');
  ({ callers, iam } = await accounts.restart());
  assert.match(await policyOf(), /^AIDA/);
});

test('a new user or role with the name of a deleted one does not inherit a grant', async () => {
  const KeyId = await newKey();
  const old = await newUser(iam, 'bert');
  const grant = (GranteePrincipal: string, more: object = {}) =>
    callers
      .as()
      .kms.send(
        new CreateGrantCommand({ KeyId, GranteePrincipal, Operations: ['Encrypt'], ...more }),
      );
  const { GrantId } = await grant(userArn('bert'), { RetiringPrincipal: userArn('bert') });
  const encrypt = (credentials: Credentials) =>
    callers.as(credentials).kms.send(new EncryptCommand({ KeyId, Plaintext }));
  await encrypt(old);
  const next = await replaced('bert', old);
  await assert.rejects(encrypt(next), deniedKey);
  const retire = new RetireGrantCommand({ KeyId, GrantId });
  await assert.rejects(callers.as(next).kms.send(retire), deniedKey);
  const { Grants } = await callers.as().kms.send(new ListGrantsCommand({ KeyId }));
  assert.match(Grants?.[0]?.GranteePrincipal ?? '', /^AIDA/);

  const clerk = await newUser(iam, 'clerk');
  await newRole(iam, 'ciphering', trust(userArn('clerk')));
  await grant(roleArn('ciphering'));
  const session = async () => {
    const { Credentials: issued } = await assume(callers.as(clerk).sts, 'ciphering');
    return credentialsOf(issued);
  };
  await encrypt(await session());
  await iam.send(new DeleteRolePolicyCommand({ RoleName: 'ciphering', PolicyName: 'rights' }));
  await iam.send(new DeleteRoleCommand({ RoleName: 'ciphering' }));
  await newRole(iam, 'ciphering', trust(userArn('clerk')));
  await assert.rejects(encrypt(await session()), deniedKey);
});

test('a new user or role with the name of a deleted one is not trusted by a role', async () => {
  const old = await newUser(iam, 'carl');
  await newRole(iam, 'trusting', trust(userArn('carl')));
  await assume(callers.as(old).sts, 'trusting');
  const next = await replaced('carl', old);
  await assert.rejects(assume(callers.as(next).sts, 'trusting'), { name: 'AccessDenied' });
  const { Role } = await iam.send(new GetRoleCommand({ RoleName: 'trusting' }));
  assert.match(decodeURIComponent(Role?.AssumeRolePolicyDocument ?? ''), /"AWS":"AIDA/);
});

test('ChangePassword for all users obeys a Deny, and refuses a session without second factor', async () => {
  await iam.send(new UpdateAccountPasswordPolicyCommand({ AllowUsersToChangePassword: true }));
  const credentials = await newUser(iam, 'dora');
  const profile = { UserName: 'dora', Password: 'First-secret-1' };
  await iam.send(new CreateLoginProfileCommand(profile));
  const command = (from: string, to: string) =>
    new ChangePasswordCommand({ OldPassword: from, NewPassword: to });
  const { sts, iam: own } = callers.as(credentials);
  await own.send(command('First-secret-1', 'Second-secret-2'));
  const { Credentials: issued } = await sts.send(new GetSessionTokenCommand({}));
  await assert.rejects(
    callers.as(credentialsOf(issued)).iam.send(command('Second-secret-2', 'Third-secret-3')),
    { name: 'InvalidClientTokenId' },
  );
  const PolicyDocument = policyText({
    Effect: 'Deny',
    Action: 'iam:ChangePassword',
    Resource: '*',
  });
  const named = { UserName: 'dora', PolicyName: 'no', PolicyDocument };
  await iam.send(new PutUserPolicyCommand(named));
  await assert.rejects(own.send(command('Second-secret-2', 'Third-secret-3')), {
    name: 'AccessDenied',
    message: /with an explicit deny in an identity-based policy$/,
  });
});

test('tags at creation need the permission to tag', async () => {
  const rights = [{ Effect: 'Allow', Action: ['iam:CreateUser'], Resource: '*' }];
  const { iam: own } = callers.as(await newUser(iam, 'fred', { statements: rights }));
  await own.send(new CreateUserCommand({ UserName: 'plain' }));
  const Tags = [{ Key: 'team', Value: 'admins' }];
  await assert.rejects(own.send(new CreateUserCommand({ UserName: 'tagged', Tags })), {
    name: 'AccessDenied',
    message: /is not authorized to perform: iam:TagUser on resource: .*:user\/tagged/,
  });
});

test('tags of a federated user are values of condition keys', async () => {
  const ofAdmins = { StringEquals: { 'aws:RequestTag/team': 'admins' } };
  const { sts } = callers.as(
    await newUser(iam, 'gerd', {
      statements: [
        { Effect: 'Allow', Action: 'sts:*', Resource: '*' },
        { Effect: 'Deny', Action: 'sts:TagSession', Resource: '*', Condition: ofAdmins },
      ],
    }),
  );
  const federate = (Value: string) =>
    sts.send(new GetFederationTokenCommand({ Name: 'guest', Tags: [{ Key: 'team', Value }] }));
  await federate('orders');
  await assert.rejects(federate('admins'), { name: 'AccessDenied' });
});

test('a session passes its source identity on only to roles that permit it', async () => {
  const { sts } = callers.as(await newUser(iam, 'hans'));
  const actions = ['sts:AssumeRole', 'sts:SetSourceIdentity'];
  await newRole(iam, 'origin', trust(userArn('hans'), {}, actions), [
    { Effect: 'Allow', Action: 'sts:*', Resource: '*' },
  ]);
  await newRole(iam, 'open', trust(roleArn('origin'), {}, actions));
  await newRole(iam, 'shut', trust(roleArn('origin')));
  const { Credentials: issued } = await assume(sts, 'origin', { SourceIdentity: 'hans' });
  const chained = callers.as(credentialsOf(issued)).sts;
  assert.equal((await assume(chained, 'open')).SourceIdentity, 'hans');
  await assert.rejects(assume(chained, 'shut'), {
    name: 'AccessDenied',
    message: /sts:SetSourceIdentity/,
  });
});

test('a simulation for another path or case of a name is one for nobody', async () => {
  await iam.send(new CreateUserCommand({ UserName: 'secret', Path: '/hidden/' }));
  const allowed = { Effect: 'Allow', Action: 'iam:SimulatePrincipalPolicy', Resource: '*' };
  const hidden = {
    ...allowed,
    Effect: 'Deny',
    Resource: `arn:aws:iam::${accountId}:user/hidden/*`,
  };
  const { iam: own } = callers.as(await newUser(iam, 'ida', { statements: [allowed, hidden] }));
  const simulate = (PolicySourceArn: string) =>
    own.send(new SimulatePrincipalPolicyCommand({ PolicySourceArn, ActionNames: ['mq:*x'] }));
  await assert.rejects(simulate(userArn('hidden/secret')), { name: 'AccessDenied' });
  for (const name of ['secret', 'SECRET', 'other/secret']) {
    await assert.rejects(simulate(userArn(name)), { name: 'NoSuchEntityException' });
  }
});

test('a key of a user who has been replaced opens nothing', async () => {
  const old = await newUser(iam, 'jana');
  const { Credentials: issued } = await callers.as(old).sts.send(new GetSessionTokenCommand({}));
  await replaced('jana', old);
  for (const credentials of [old, credentialsOf(issued)]) {
    await assert.rejects(callers.as(credentials).sts.send(new GetSessionTokenCommand({})), {
      name: 'InvalidClientTokenId',
    });
  }
});

test('an access key of another user needs the permission on that user', async () => {
  const own = [{ Effect: 'Allow', Action: 'iam:*', Resource: userArn('${aws:username}') }];
  const { iam: client } = callers.as(await newUser(iam, 'karl', { statements: own }));
  await iam.send(new CreateUserCommand({ UserName: 'karla' }));
  await client.send(new CreateAccessKeyCommand({}));
  for (const UserName of ['karla', 'KARLA']) {
    await assert.rejects(client.send(new CreateAccessKeyCommand({ UserName })), {
      name: 'AccessDenied',
    });
  }
});

test('a user without rights on a key cannot have a service describe it', async () => {
  const KeyId = await newKey();
  const { kms } = callers.as(await newUser(iam, 'lars'));
  await assert.rejects(kms.send(new DescribeKeyCommand({ KeyId })), deniedKey);
});
