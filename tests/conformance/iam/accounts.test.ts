import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ChangePasswordCommand,
  CreateAccountAliasCommand,
  CreateLoginProfileCommand,
  CreateUserCommand,
  DeleteAccountAliasCommand,
  DeleteAccountPasswordPolicyCommand,
  DeleteLoginProfileCommand,
  DeleteUserCommand,
  GenerateCredentialReportCommand,
  GetAccountAuthorizationDetailsCommand,
  GetAccountPasswordPolicyCommand,
  GetAccountSummaryCommand,
  GetCredentialReportCommand,
  GetLoginProfileCommand,
  ListAccountAliasesCommand,
  PutUserPolicyCommand,
  UpdateAccountPasswordPolicyCommand,
  UpdateLoginProfileCommand,
} from '@aws-sdk/client-iam';
import { newUser, policyText, testAccounts } from '../../support/callers.ts';
import { accountId } from '../../support/control-plane.ts';
import { eventsNamed } from '../../support/trail-events.ts';

const { plane, callers, iam } = await testAccounts();

const changePassword = {
  Effect: 'Allow',
  Action: 'iam:ChangePassword',
  Resource: 'arn:aws:iam::*:user/${aws:username}',
};

test('CreateLoginProfile, UpdateLoginProfile, ChangePassword: an administrator sets a password, the user changes it', async () => {
  const credentials = await newUser(iam, 'anna', { statements: [changePassword] });
  const UserName = 'anna';
  const profile = { UserName, Password: 'First-secret-1', PasswordResetRequired: true };
  const { LoginProfile } = await iam.send(new CreateLoginProfileCommand(profile));
  assert.deepEqual([LoginProfile?.UserName, LoginProfile?.PasswordResetRequired], ['anna', true]);
  await assert.rejects(iam.send(new CreateLoginProfileCommand(profile)), {
    name: 'EntityAlreadyExistsException',
    message: 'Login Profile for user anna already exists.',
  });
  const own = callers.as(credentials).iam;
  const change = (OldPassword: string, NewPassword: string) =>
    own.send(new ChangePasswordCommand({ OldPassword, NewPassword }));
  await assert.rejects(change('wrong', 'Second-secret-2'), {
    name: 'AccessDenied',
    message: 'The old password is incorrect.',
  });
  await change('First-secret-1', 'Second-secret-2');
  const found = await iam.send(new GetLoginProfileCommand({ UserName }));
  assert.equal(found.LoginProfile?.PasswordResetRequired, false);
  await assert.rejects(change('First-secret-1', 'Third-secret-3'), { name: 'AccessDenied' });
  await assert.rejects(iam.send(new DeleteUserCommand({ UserName })), {
    name: 'DeleteConflictException',
  });
  for (const secret of ['First-secret-1', 'Second-secret-2', 'Third-secret-3']) {
    assert.ok(!plane.written.includes(secret));
  }
  const event = (await eventsNamed(plane, 'ChangePassword')).at(-1);
  assert.equal(event?.requestParameters, null);
  await iam.send(new DeleteLoginProfileCommand({ UserName }));
  await assert.rejects(iam.send(new GetLoginProfileCommand({ UserName })), {
    name: 'NoSuchEntityException',
    message: 'Login Profile for User anna cannot be found.',
  });
});

test("UpdateAccountPasswordPolicy: passwords must satisfy the account's password policy", async () => {
  const UserName = 'bert';
  const credentials = await newUser(iam, UserName);
  const set = (Password: string) => iam.send(new UpdateLoginProfileCommand({ UserName, Password }));
  const violation = (message: string) => ({ name: 'PasswordPolicyViolationException', message });
  await assert.rejects(
    iam.send(new CreateLoginProfileCommand({ UserName, Password: 'Short-1' })),
    violation('Password should have a minimum length of 8'),
  );
  await iam.send(new CreateLoginProfileCommand({ UserName, Password: 'Long-enough-1' }));
  await assert.rejects(iam.send(new GetAccountPasswordPolicyCommand({})), {
    name: 'NoSuchEntityException',
    message: `The Password Policy with domain name ${accountId} cannot be found.`,
  });
  await iam.send(
    new UpdateAccountPasswordPolicyCommand({
      MinimumPasswordLength: 10,
      RequireNumbers: true,
      RequireSymbols: true,
      RequireUppercaseCharacters: true,
      RequireLowercaseCharacters: true,
      PasswordReusePrevention: 2,
      MaxPasswordAge: 90,
      AllowUsersToChangePassword: true,
    }),
  );
  const { PasswordPolicy } = await iam.send(new GetAccountPasswordPolicyCommand({}));
  assert.deepEqual(
    [PasswordPolicy?.MinimumPasswordLength, PasswordPolicy?.ExpirePasswords],
    [10, true],
  );
  const wrong: readonly [password: string, message: string][] = [
    ['Sh0rt-one', 'Password should have a minimum length of 10'],
    ['no-uppercase-1', 'Password should have at least one uppercase letter'],
    ['NO-LOWERCASE-1', 'Password should have at least one lowercase letter'],
    ['No-Number-At-All', 'Password should have at least one number'],
  ];
  for (const [password, message] of wrong) {
    await assert.rejects(set(password), violation(message));
  }
  await assert.rejects(set('NoSymbolAtAll1'), { name: 'PasswordPolicyViolationException' });
  await assert.rejects(set('Long-enough-1'), violation('Password has been used before.'));
  await set('Another-one-2');
  await assert.rejects(set('Long-enough-1'), violation('Password has been used before.'));
  // The rules let users change their own password without a policy.
  await callers
    .as(credentials)
    .iam.send(
      new ChangePasswordCommand({ OldPassword: 'Another-one-2', NewPassword: 'A-third-one-3' }),
    );
  await set('Long-enough-1');
  await iam.send(new DeleteAccountPasswordPolicyCommand({}));
  await assert.rejects(iam.send(new DeleteAccountPasswordPolicyCommand({})), {
    name: 'NoSuchEntityException',
  });
});

test('the account has at most one alias', async () => {
  const aliases = async () => (await iam.send(new ListAccountAliasesCommand({}))).AccountAliases;
  assert.deepEqual(await aliases(), []);
  await iam.send(new CreateAccountAliasCommand({ AccountAlias: 'orders-eu' }));
  await assert.rejects(iam.send(new CreateAccountAliasCommand({ AccountAlias: 'orders-eu' })), {
    name: 'EntityAlreadyExistsException',
    message: 'The account alias orders-eu already exists.',
  });
  await iam.send(new CreateAccountAliasCommand({ AccountAlias: 'orders' }));
  assert.deepEqual(await aliases(), ['orders']);
  await assert.rejects(iam.send(new CreateAccountAliasCommand({ AccountAlias: 'a--b' })), {
    name: 'ValidationError',
  });
  await iam.send(new DeleteAccountAliasCommand({ AccountAlias: 'orders' }));
  await assert.rejects(iam.send(new DeleteAccountAliasCommand({ AccountAlias: 'orders' })), {
    name: 'NoSuchEntityException',
  });
});

test('GetAccountSummary: the summary counts the existing resources', async () => {
  const before = (await iam.send(new GetAccountSummaryCommand({}))).SummaryMap ?? {};
  await iam.send(new CreateUserCommand({ UserName: 'carl' }));
  const after = (await iam.send(new GetAccountSummaryCommand({}))).SummaryMap ?? {};
  assert.equal(after.Users, (before.Users ?? 0) + 1);
  assert.deepEqual(
    [after.UsersQuota, after.AccessKeysPerUserQuota, after.AccountAccessKeysPresent],
    [5000, 2, 1],
  );
});

test('GenerateCredentialReport: the report has one row per user', async () => {
  await assert.rejects(iam.send(new GetCredentialReportCommand({})), {
    name: 'CredentialReportNotPresentException',
  });
  await newUser(iam, 'comma,name');
  const first = await iam.send(new GenerateCredentialReportCommand({}));
  assert.equal(first.State, 'STARTED');
  const second = await iam.send(new GenerateCredentialReportCommand({}));
  assert.equal(second.State, 'COMPLETE');
  const report = await iam.send(new GetCredentialReportCommand({}));
  assert.equal(report.ReportFormat, 'text/csv');
  const [head = '', root = '', ...users] = Buffer.from(report.Content ?? [])
    .toString('utf8')
    .split('\n');
  assert.equal(head.split(',').length, 22);
  assert.match(root, /^<root_account>,arn:aws:iam::\d{12}:root,.*,not_supported,/);
  assert.equal(root.split(',').length, 22);
  const quoted = users.find((row) => row.includes('comma,name'));
  assert.match(quoted ?? '', /^"comma,name","arn:aws:iam::\d{12}:user\/comma,name",.*,true,/);
  await plane.advance(4 * 3_600_000);
  await assert.rejects(iam.send(new GetCredentialReportCommand({})), {
    name: 'CredentialReportExpiredException',
  });
});

test('GetAccountAuthorizationDetails returns all users, groups, roles and policies in pages', async () => {
  for (let i = 0; i < 5; i += 1) {
    await newUser(iam, `detail-${i}`, {
      statements: [{ Effect: 'Allow', Action: 'mq:ListBrokers', Resource: '*' }],
      attached: ['arn:aws:iam::aws:policy/AmazonMQReadOnlyAccess'],
    });
  }
  const users: (string | undefined)[] = [];
  const policies: (string | undefined)[] = [];
  let Marker: string | undefined;
  do {
    const page = await iam.send(
      new GetAccountAuthorizationDetailsCommand({ MaxItems: 3, ...(Marker && { Marker }) }),
    );
    for (const user of page.UserDetailList ?? []) {
      users.push(user.UserName);
      if (!user.UserName?.startsWith('detail')) continue;
      assert.equal(user.UserPolicyList?.[0]?.PolicyName, 'rights');
      assert.equal(user.AttachedManagedPolicies?.[0]?.PolicyName, 'AmazonMQReadOnlyAccess');
    }
    policies.push(...(page.Policies ?? []).map(({ PolicyName }) => PolicyName));
    Marker = page.Marker;
  } while (Marker !== undefined);
  assert.equal(users.filter((name) => name?.startsWith('detail')).length, 5);
  assert.deepEqual(policies, ['AmazonMQReadOnlyAccess']);
});

test('a page contains at most one MiB of documents, including whitespace', async () => {
  const PolicyDocument = `${policyText({
    Effect: 'Allow',
    Action: 'mq:ListBrokers',
    Resource: '*',
  })}${' '.repeat(130_000)}`;
  for (let i = 0; i < 10; i += 1) {
    const UserName = `wide-${i}`;
    await iam.send(new CreateUserCommand({ UserName }));
    await iam.send(new PutUserPolicyCommand({ UserName, PolicyName: 'wide', PolicyDocument }));
  }
  const page = await iam.send(
    new GetAccountAuthorizationDetailsCommand({ Filter: ['User'], MaxItems: 1000 }),
  );
  assert.equal(page.IsTruncated, true);
});
