import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AddUserToGroupCommand,
  CreateGroupCommand,
  GetContextKeysForCustomPolicyCommand,
  GetContextKeysForPrincipalPolicyCommand,
  PutGroupPolicyCommand,
  PutUserPermissionsBoundaryCommand,
  SimulateCustomPolicyCommand,
  SimulatePrincipalPolicyCommand,
} from '@aws-sdk/client-iam';
import { newUser, policyText, testAccounts } from '../../support/callers.ts';
import { accountId } from '../../support/control-plane.ts';

const { iam } = await testAccounts();

const allow = (Action: string, more: object = {}) => ({
  Effect: 'Allow',
  Action,
  Resource: '*',
  ...more,
});
const deny = (Action: string) => ({ Effect: 'Deny', Action, Resource: '*' });

test('SimulateCustomPolicy: a simulation returns the decision and the matched statements', async () => {
  const { EvaluationResults } = await iam.send(
    new SimulateCustomPolicyCommand({
      PolicyInputList: [policyText(allow('mq:*')), policyText(deny('mq:DeleteBroker'))],
      ActionNames: ['mq:ListBrokers', 'mq:DeleteBroker', 'kms:ListKeys'],
    }),
  );
  const found = EvaluationResults?.map((each) => [
    each.EvalActionName,
    each.EvalResourceName,
    each.EvalDecision,
    each.MatchedStatements?.map(({ SourcePolicyId }) => SourcePolicyId),
  ]);
  assert.deepEqual(found, [
    ['mq:ListBrokers', '*', 'allowed', ['PolicyInputList.1']],
    ['mq:DeleteBroker', '*', 'explicitDeny', ['PolicyInputList.2']],
    ['kms:ListKeys', '*', 'implicitDeny', []],
  ]);
  const [first] = EvaluationResults?.[0]?.MatchedStatements ?? [];
  const text = policyText(allow('mq:*'));
  const begin = text.indexOf('{"Effect"');
  assert.deepEqual(first?.StartPosition, { Line: 1, Column: begin + 1 });
  assert.ok((first?.EndPosition?.Column ?? 0) > begin);
});

test('a simulation lists missing condition keys', async () => {
  const Condition = { StringEquals: { 'aws:RequestTag/team': 'orders' } };
  const simulate = (ContextKeyValues?: string[]) =>
    iam.send(
      new SimulateCustomPolicyCommand({
        PolicyInputList: [policyText(allow('mq:CreateBroker', { Condition }))],
        ActionNames: ['mq:CreateBroker'],
        ...(ContextKeyValues && {
          ContextEntries: [
            {
              ContextKeyName: 'aws:RequestTag/team',
              ContextKeyType: 'string' as const,
              ContextKeyValues,
            },
          ],
        }),
      }),
    );
  const without = (await simulate()).EvaluationResults?.[0];
  assert.deepEqual(
    [without?.EvalDecision, without?.MissingContextValues],
    ['implicitDeny', ['aws:requesttag/team']],
  );
  assert.equal((await simulate(['orders'])).EvaluationResults?.[0]?.EvalDecision, 'allowed');
  assert.equal((await simulate(['other'])).EvaluationResults?.[0]?.EvalDecision, 'implicitDeny');
});

test("SimulatePrincipalPolicy: a simulation evaluates a user's policies, group policies and permissions boundary", async () => {
  await newUser(iam, 'anna', { statements: [allow('mq:ListBrokers'), allow('kms:ListKeys')] });
  await iam.send(new CreateGroupCommand({ GroupName: 'team' }));
  await iam.send(
    new PutGroupPolicyCommand({
      GroupName: 'team',
      PolicyName: 'more',
      PolicyDocument: policyText(allow('mq:DescribeBroker')),
    }),
  );
  await iam.send(new AddUserToGroupCommand({ GroupName: 'team', UserName: 'anna' }));
  await iam.send(
    new PutUserPermissionsBoundaryCommand({
      UserName: 'anna',
      PermissionsBoundary: 'arn:aws:iam::aws:policy/AmazonMQFullAccess',
    }),
  );
  const { EvaluationResults } = await iam.send(
    new SimulatePrincipalPolicyCommand({
      PolicySourceArn: `arn:aws:iam::${accountId}:user/anna`,
      ActionNames: ['mq:ListBrokers', 'mq:DescribeBroker', 'kms:ListKeys'],
    }),
  );
  assert.deepEqual(
    EvaluationResults?.map((each) => [
      each.EvalDecision,
      each.MatchedStatements?.map(({ SourcePolicyId }) => SourcePolicyId).includes(
        'user_anna_rights',
      ),
      each.PermissionsBoundaryDecisionDetail?.AllowedByPermissionsBoundary,
    ]),
    [
      ['allowed', true, true],
      ['allowed', false, true],
      ['implicitDeny', true, false],
    ],
  );
  await assert.rejects(
    iam.send(
      new SimulatePrincipalPolicyCommand({
        PolicySourceArn: `arn:aws:iam::${accountId}:user/nobody`,
        ActionNames: ['mq:ListBrokers'],
      }),
    ),
    { name: 'NoSuchEntityException' },
  );
});

test('results for many actions and resources are returned in pages, in request order', async () => {
  const ActionNames = ['mq:ListBrokers', 'mq:DescribeBroker', 'mq:RebootBroker'];
  const ResourceArns = Array.from({ length: 50 }, (_, i) => `arn:aws:mq:r:1:broker:b:${i}`);
  const found: (string | undefined)[] = [];
  let Marker: string | undefined;
  do {
    const page = await iam.send(
      new SimulateCustomPolicyCommand({
        PolicyInputList: [policyText(allow('mq:*'))],
        ActionNames,
        ResourceArns,
        MaxItems: 40,
        ...(Marker && { Marker }),
      }),
    );
    for (const { EvalActionName, EvalResourceName } of page.EvaluationResults ?? []) {
      found.push(`${EvalActionName} ${EvalResourceName}`);
    }
    Marker = page.Marker;
  } while (Marker !== undefined);
  assert.deepEqual(
    found,
    ActionNames.flatMap((action) => ResourceArns.map((arn) => `${action} ${arn}`)),
  );
});

test('a simulation names the invalid policy', async () => {
  await assert.rejects(
    iam.send(
      new SimulateCustomPolicyCommand({
        PolicyInputList: [policyText(allow('mq:*')), '{}'],
        ActionNames: ['mq:ListBrokers'],
      }),
    ),
    { name: 'InvalidInputException', message: /^PolicyInputList\.2: / },
  );
});

const withKeys = policyText(
  allow('iam:*', { Resource: 'arn:aws:iam::*:user/${aws:username}' }),
  allow('mq:*', { Condition: { StringEquals: { 'aws:ResourceTag/team': 'a' } } }),
);

test('the condition keys of policies in a request are listed', async () => {
  const { ContextKeyNames } = await iam.send(
    new GetContextKeysForCustomPolicyCommand({ PolicyInputList: [withKeys, withKeys] }),
  );
  assert.deepEqual(ContextKeyNames, ['aws:username', 'aws:ResourceTag/team']);
  const broken = { PolicyInputList: [withKeys, '{}'] };
  await assert.rejects(iam.send(new GetContextKeysForCustomPolicyCommand(broken)), {
    name: 'InvalidInputException',
    message: /PolicyInputList\.2/,
  });
});

test("the condition keys of a user's own, group and managed policies are listed", async () => {
  await newUser(iam, 'olga', {
    statements: [allow('mq:*', { Condition: { Bool: { 'aws:SecureTransport': 'true' } } })],
    attached: ['arn:aws:iam::aws:policy/AmazonMQFullAccess'],
  });
  await iam.send(new CreateGroupCommand({ GroupName: 'keyed' }));
  const inline = { GroupName: 'keyed', PolicyName: 'keys', PolicyDocument: withKeys };
  await iam.send(new PutGroupPolicyCommand(inline));
  await iam.send(new AddUserToGroupCommand({ GroupName: 'keyed', UserName: 'olga' }));
  const source = (PolicySourceArn: string) =>
    iam.send(new GetContextKeysForPrincipalPolicyCommand({ PolicySourceArn }));
  const { ContextKeyNames } = await source(`arn:aws:iam::${accountId}:user/olga`);
  assert.deepEqual(ContextKeyNames, [
    'aws:SecureTransport',
    'iam:AWSServiceName',
    'aws:username',
    'aws:ResourceTag/team',
  ]);
  await assert.rejects(source(`arn:aws:iam::${accountId}:user/nobody`), {
    name: 'NoSuchEntityException',
  });
  await assert.rejects(source(`arn:aws:iam::${accountId}:policy/any`), {
    name: 'InvalidInputException',
  });
});
