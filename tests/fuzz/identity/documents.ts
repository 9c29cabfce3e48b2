// Random policies in the form that the second evaluator reads.

import type { Document, Principal, Statement } from '../../policies/slow-evaluator.ts';
import { accountId, region } from '../../support/control-plane.ts';
import type { SeededRandom } from '../../support/seeded-random.ts';

const iam = `arn:aws:iam::${accountId}`;

const actions = [
  '*',
  'iam:*',
  'kms:*',
  'sts:*',
  'mq:*',
  'cloudtrail:*',
  'waxwing:*',
  'iam:Get*',
  'iam:List*',
  'iam:*User*',
  'iam:*Policy',
  'iam:*PolicyVersion',
  'IAM:creategroup',
  'iam:*AccessKey*',
  'kms:*crypt',
  'kms:Describe*',
  'kms:*Grant*',
  'kms:ReEncrypt*',
  'sts:AssumeRole',
  'mq:List?rokers',
];

const resources = [
  '*',
  '*',
  'arn:*',
  `${iam}:user/\${aws:username}`,
  `${iam}:user/*`,
  `${iam}:*/a*`,
  `${iam}:group/*`,
  `${iam}:group/OPS`,
  `${iam}:role/reader`,
  `${iam}:policy/*`,
  `${iam}:mfa/\${aws:username}`,
  `arn:aws:kms:${region}:${accountId}:key/*`,
  'arn:aws:kms:*:*:alias/*',
  'arn:aws:mq:*',
  'arn:aws:sts::*:federated-user/*',
  `arn:aws:iam::*:user/\${aws:PrincipalTag/team, 'anna'}`,
];

const conditions: readonly NonNullable<Statement['Condition']>[] = [
  { StringEquals: { 'aws:username': ['anna', 'bert'] } },
  { StringNotEquals: { 'AWS:USERNAME': ['anna'] } },
  { StringLikeIfExists: { 'aws:username': ['*a'] } },
  { Null: { 'aws:username': ['true'] } },
  { Null: { 'aws:TokenIssueTime': ['true'] } },
  { Bool: { 'aws:MultiFactorAuthPresent': ['false'] } },
  { BoolIfExists: { 'aws:MultiFactorAuthPresent': ['false'] } },
  { NumericLessThan: { 'aws:MultiFactorAuthAge': ['300'] } },
  { IpAddress: { 'aws:SourceIp': ['192.0.2.0/24'] } },
  { NotIpAddress: { 'aws:SourceIp': ['192.0.2.1', '::/0'] } },
  { ArnLike: { 'aws:PrincipalArn': [`${iam}:user/*`] } },
  { ArnNotEquals: { 'aws:PrincipalArn': [`${iam}:role/reader`] } },
  { StringEquals: { 'aws:PrincipalTag/team': ['orders'] } },
  { StringNotEquals: { 'aws:PrincipalTag/team': ['orders'] } },
  { StringEquals: { 'aws:PrincipalType': ['User', 'AssumedRole'] } },
  { StringEquals: { 'aws:RequestedRegion': [region] } },
  { 'ForAllValues:StringEquals': { 'aws:CalledVia': ['mq.amazonaws.com'] } },
  { 'ForAnyValue:StringEquals': { 'aws:CalledVia': ['mq.amazonaws.com'] } },
  { Bool: { 'aws:SecureTransport': ['true'], 'aws:ViaAWSService': ['false'] } },
];

const principals: readonly Principal[] = [
  '*',
  { AWS: [`${iam}:root`] },
  { AWS: [accountId] },
  { AWS: [`${iam}:user/anna`] },
  { AWS: [`${iam}:user/bert`, `${iam}:role/reader`] },
  { AWS: [`${iam}:role/writer`] },
  { AWS: [`arn:aws:sts::${accountId}:assumed-role/reader/s1`] },
  { Service: ['mq.amazonaws.com'] },
];

function several<T>(random: SeededRandom, from: readonly T[]): readonly T[] {
  return Array.from({ length: 1 + random.below(3) }, () => random.pick(from));
}

/** A random policy of a user, group, role or session. */
export function policyOfPrincipal(random: SeededRandom): Document {
  return document(random, () => ({
    ...(random.oneIn(10)
      ? { NotAction: several(random, actions.slice(1)) }
      : { Action: several(random, actions) }),
    ...targets(random),
  }));
}

/** A random key policy. The root user can change most of them again. */
export function keyPolicy(random: SeededRandom): Document {
  const own = { Effect: 'Allow', Principal: { AWS: [`${iam}:root`] } } as const;
  const manage = { ...own, Action: ['kms:PutKeyPolicy', 'kms:DescribeKey'], Resource: ['*'] };
  const made = document(random, () => ({
    ...principal(random, 'NotPrincipal'),
    Action: several(random, actions),
    Resource: random.oneIn(8) ? several(random, resources) : ['*'],
  }));
  return random.oneIn(8) ? made : { ...made, Statement: [manage, ...made.Statement] };
}

/** A random trust policy. */
export function trustPolicy(random: SeededRandom): Document {
  const names = ['sts:AssumeRole', 'sts:*', 'sts:TagSession', 'STS:assume*'];
  return document(random, () => ({
    ...principal(random, 'Principal'),
    Action: several(random, names),
  }));
}

function targets(random: SeededRandom): Partial<Statement> {
  const names = several(random, resources);
  return random.oneIn(10) ? { NotResource: names } : { Resource: names };
}

function principal(
  random: SeededRandom,
  other: 'Principal' | 'NotPrincipal',
): Pick<Statement, 'Principal' | 'NotPrincipal'> {
  return { [random.oneIn(10) ? other : 'Principal']: random.pick(principals) };
}

function document(random: SeededRandom, make: () => Omit<Statement, 'Effect'>): Document {
  const Statement = Array.from({ length: 1 + random.below(3) }, () => ({
    Effect: random.oneIn(4) ? ('Deny' as const) : ('Allow' as const),
    ...make(),
    ...(random.oneIn(3) && { Condition: random.pick(conditions) }),
  }));
  return { Version: '2012-10-17', Statement };
}
