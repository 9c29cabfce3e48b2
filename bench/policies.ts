// Measures the evaluation of policies: processor time of a decision. Run by hand, on a quiet machine.

import type { Caller } from '../src/calls/caller.ts';
import { providedDocuments } from '../src/identity/actions/managed-policies.ts';
import { CallValues, foldedValues } from '../src/identity/policies/call-values.ts';
import { compilePolicy } from '../src/identity/policies/compile-policy.ts';
import type { CompiledPolicy } from '../src/identity/policies/compiled-policy.ts';
import { type ApplicablePolicies, evaluate } from '../src/identity/policies/evaluate.ts';
import { policyPrincipal } from '../src/identity/policies/principals.ts';

const accountId = '111122223333';
const arn = `arn:aws:iam::${accountId}:user/anna`;
const caller: Caller = {
  type: 'user',
  accountId,
  arn,
  principalId: 'AIDAANNA',
  userName: 'anna',
  tags: { team: 'orders' },
  temporary: { issuedMs: 1_789_999_000_000, mfaAtMs: 1_789_999_000_000 },
};
const broker = `arn:aws:mq:eu-central-1:${accountId}:broker:orders:b-1`;
const key = `arn:aws:kms:eu-central-1:${accountId}:key/k-1`;

const managed = (name: string): CompiledPolicy[] =>
  providedDocuments
    .filter((policy) => policy.name === name)
    .map(({ document }) => compilePolicy(document, 'identity'));

const inline = (...Statement: readonly object[]) =>
  compilePolicy(JSON.stringify({ Version: '2012-10-17', Statement }), 'identity');

const operator = inline(
  {
    Effect: 'Allow',
    Action: ['mq:DescribeBroker', 'mq:RebootBroker', 'mq:UpdateBroker', 'mq:ListTags'],
    Resource: `arn:aws:mq:*:${accountId}:broker:*`,
    Condition: { StringEquals: { 'aws:ResourceTag/team': '${aws:PrincipalTag/team}' } },
  },
  {
    Effect: 'Allow',
    Action: ['iam:ChangePassword', 'iam:GetUser', 'iam:ListMFADevices'],
    Resource: 'arn:aws:iam::*:user/${aws:username}',
  },
  {
    Effect: 'Deny',
    NotAction: ['iam:*', 'sts:GetSessionToken'],
    Resource: '*',
    Condition: { BoolIfExists: { 'aws:MultiFactorAuthPresent': 'false' } },
  },
  {
    Effect: 'Deny',
    Action: '*',
    Resource: '*',
    Condition: { NotIpAddress: { 'aws:SourceIp': ['192.0.2.0/24', '2001:db8::/32'] } },
  },
);
const keyPolicy = compilePolicy(
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${accountId}:root` },
        Action: 'kms:*',
        Resource: '*',
      },
    ],
  }),
  'resource',
);
const ofUser = { identity: [...managed('AmazonMQReadOnlyAccess'), operator], isAccountRoot: false };
const mayUseKeys = { ...ofUser, identity: [...managed('AdministratorAccess'), operator] };

const scenarios: readonly (readonly [string, string, string, ApplicablePolicies])[] = [
  ['a user describes a broker', 'mq:DescribeBroker', broker, ofUser],
  ['a user is refused', 'mq:DeleteBroker', broker, ofUser],
  [
    'a user with a boundary decrypts, through the key policy',
    'kms:Decrypt',
    key,
    {
      ...mayUseKeys,
      boundary: compilePolicy(
        '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["mq:*","kms:*"],"Resource":"*"}}',
        'boundary',
      ),
      resource: keyPolicy,
      isResourcePolicyRequired: true,
    },
  ],
];

/** Processor time of one decision with the values of its call, nanoseconds. */
function measure(action: string, resource: string, policies: ApplicablePolicies, count: number) {
  const origin = { invokedBy: undefined, region: 'eu-central-1', sourceIp: '192.0.2.7' };
  let allowed = 0;
  const before = process.cpuUsage();
  for (let index = 0; index < count; index += 1) {
    const call = { caller, ...origin, userAgent: 'bench', nowMs: 1_790_000_000_000 + index };
    const values = new CallValues(call, foldedValues({ 'aws:ResourceTag/team': 'orders' }));
    const request = { principal: policyPrincipal(caller), action, resource, values };
    if (evaluate(request, policies).outcome === 'allowed') allowed += 1;
  }
  const { user, system } = process.cpuUsage(before);
  return { ns: ((user + system) * 1000) / count, allowed };
}

for (const [title, action, resource, policies] of scenarios) {
  measure(action, resource, policies, 50_000);
  const { ns, allowed } = measure(action, resource, policies, 500_000);
  console.log(`${title}: ${ns.toFixed(0)} ns (${allowed === 0 ? 'denied' : 'allowed'})`);
}
