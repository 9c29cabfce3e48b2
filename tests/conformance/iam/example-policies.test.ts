import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import {
  documentOf,
  examplePolicies,
  policiesFolder,
} from '../../../src/cli/administrator/example-policies.ts';
import { sizeOf } from '../../../src/identity/accounts/policies/documents.ts';
import { quotas } from '../../../src/identity/accounts/quotas.ts';
import { findAction } from '../../../src/identity/actions/catalogue.ts';
import { compilePolicy } from '../../../src/identity/policies/compile-policy.ts';
import { evaluate } from '../../../src/identity/policies/evaluate.ts';
import type { ContextValue } from '../../../src/identity/policies/scope.ts';

// What the example policies allow and what they do not.

const account = '111122223333';
const broker = `arn:aws:mq:us-east-1:${account}:broker:orders:b-1`;
const key = `arn:aws:kms:us-east-1:${account}:key/k`;
const user = `arn:aws:iam::${account}:user/anna`;

async function outcome(
  file: string,
  action: string,
  resource: string,
  values: Readonly<Record<string, ContextValue>> = {},
) {
  const policy = examplePolicies.find((each) => each.file === file);
  assert.ok(policy !== undefined, file);
  assert.ok(findAction(action) !== undefined, action);
  const identity = [compilePolicy(await documentOf(policy), 'identity')];
  const folded = Object.entries(values).map(
    ([name, value]) => [name.toLowerCase(), value] as const,
  );
  const principal = { accountId: account, arn: user, isRoot: false };
  const request = { principal, action, resource, values: new Map(folded) };
  return evaluate(request, { identity, isAccountRoot: false }).outcome;
}

test('every file in the folder of policies is an example policy with a name', () => {
  const files = readdirSync(policiesFolder).map((file) => file.replace('.json', ''));
  assert.deepEqual(files.sort(), examplePolicies.map(({ file }) => file).sort());
});

for (const policy of examplePolicies) {
  test(`${policy.name} is valid and names only actions that exist`, async () => {
    const text = await documentOf(policy);
    compilePolicy(text, 'identity');
    assert.ok(sizeOf(text) <= quotas.managedPolicySize);
    const { Statement } = JSON.parse(text) as {
      Statement: { Action?: string[]; NotAction?: string[] }[];
    };
    const named = Statement.flatMap(({ Action = [], NotAction = [] }) => [...Action, ...NotAction]);
    const unknown = named.filter((each) => !each.includes('*') && findAction(each) === undefined);
    assert.deepEqual(unknown, []);
  });
}

const viaMq = {
  'kms:GrantIsForAWSResource': 'true',
  'kms:ViaService': 'mq.us-east-1.amazonaws.com',
};
const ofApp = { 'aws:ResourceTag/application': 'shop', 'aws:PrincipalTag/application': 'shop' };
const ofOther = { ...ofApp, 'aws:ResourceTag/application': 'bank' };
const own = { 'aws:username': 'anna' };

type Row = readonly [
  file: string,
  expected: 'allowed' | 'implicitDeny' | 'explicitDeny',
  action: string,
  resource: string,
  values?: Readonly<Record<string, ContextValue>>,
];

const rows: readonly Row[] = [
  ['operator', 'allowed', 'mq:CreateBroker', '*'],
  ['operator', 'allowed', 'mq:CreateTags', '*', { 'aws:TagKeys': ['team'] }],
  ['operator', 'implicitDeny', 'mq:CreateTags', '*'],
  ['operator', 'allowed', 'mq:RebootBroker', broker],
  ['operator', 'implicitDeny', 'mq:DeleteBroker', broker],
  ['operator', 'allowed', 'kms:CreateGrant', key, viaMq],
  ['operator', 'implicitDeny', 'kms:CreateGrant', key],
  ['operator', 'implicitDeny', 'kms:Decrypt', key],
  ['operator', 'implicitDeny', 'iam:CreateUser', user],
  ['operator', 'implicitDeny', 'waxwing:RotateMetricsToken', '*'],
  ['key-administrator', 'allowed', 'kms:CreateKey', '*'],
  ['key-administrator', 'allowed', 'kms:ScheduleKeyDeletion', key],
  ['key-administrator', 'implicitDeny', 'kms:Decrypt', key],
  ['key-administrator', 'implicitDeny', 'kms:GenerateDataKey', key],
  ['key-administrator', 'implicitDeny', 'kms:CreateGrant', key],
  ['key-administrator', 'implicitDeny', 'mq:ListBrokers', '*'],
  ['auditor', 'allowed', 'cloudtrail:LookupEvents', '*'],
  ['auditor', 'allowed', 'waxwing:ListAdvice', '*'],
  ['auditor', 'allowed', 'iam:GetUser', user],
  ['auditor', 'allowed', 'kms:GetKeyPolicy', key],
  ['auditor', 'implicitDeny', 'kms:Decrypt', key],
  ['auditor', 'implicitDeny', 'mq:UpdateBroker', broker],
  ['auditor', 'implicitDeny', 'iam:CreateAccessKey', user],
  ['auditor', 'implicitDeny', 'waxwing:DiscoverSensitiveData', broker],
  ['application', 'allowed', 'mq:DescribeBroker', broker, ofApp],
  ['application', 'allowed', 'kms:Decrypt', key, ofApp],
  ['application', 'implicitDeny', 'kms:Decrypt', key, ofOther],
  ['application', 'implicitDeny', 'kms:Decrypt', key, { 'aws:ResourceTag/application': 'shop' }],
  ['application', 'implicitDeny', 'mq:DescribeBroker', broker, ofOther],
  ['own-credentials', 'allowed', 'iam:CreateAccessKey', user, own],
  ['own-credentials', 'implicitDeny', 'iam:CreateAccessKey', user, { 'aws:username': 'eve' }],
  ['own-credentials', 'implicitDeny', 'iam:DeactivateMFADevice', user, own],
  [
    'assume-administrator',
    'allowed',
    'sts:AssumeRole',
    `arn:aws:iam::${account}:role/waxwing-administrator`,
  ],
  ['assume-administrator', 'implicitDeny', 'sts:AssumeRole', `arn:aws:iam::${account}:role/other`],
  ['require-mfa', 'explicitDeny', 'mq:ListBrokers', '*'],
  ['require-mfa', 'explicitDeny', 'iam:CreateAccessKey', user],
  ['require-mfa', 'implicitDeny', 'mq:ListBrokers', '*', { 'aws:MultiFactorAuthPresent': 'true' }],
  ['require-mfa', 'implicitDeny', 'iam:EnableMFADevice', user],
  ['require-mfa', 'implicitDeny', 'sts:GetSessionToken', '*'],
];

for (const [file, expected, action, resource, values] of rows) {
  const shown = values === undefined ? '' : ` with ${JSON.stringify(values)}`;
  test(`${file}: ${action} on ${resource}${shown} is ${expected}`, async () => {
    assert.equal(await outcome(file, action, resource, values), expected);
  });
}
