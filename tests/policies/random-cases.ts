// Random requests with policies, from few words, so that statements often match.

import type { SeededRandom } from '../support/seeded-random.ts';
import type { Document, Principal, SlowRequest, Statement } from './slow-evaluator.ts';

const account = '111122223333';
const otherAccount = '444455556666';
const iam = `arn:aws:iam::${account}`;
const role = `${iam}:role/ops`;

const callers: readonly SlowRequest['caller'][] = [
  { kind: 'root', account, arn: `${iam}:root` },
  { kind: 'user', account, arn: `${iam}:user/anna` },
  { kind: 'user', account: otherAccount, arn: `arn:aws:iam::${otherAccount}:user/otto` },
  { kind: 'session', account, arn: `arn:aws:sts::${account}:assumed-role/ops/s1`, role },
  { kind: 'service', account: '', arn: 'mq.amazonaws.com' },
];

const resources = [
  `arn:aws:kms:us-west-2:${account}:key/k-1`,
  `arn:aws:mq:us-west-2:${account}:broker:orders:b-1`,
  `${iam}:user/anna`,
  '*',
];
const resourcePatterns = [
  '*',
  '**',
  'arn:*',
  'arn:aws:kms',
  `arn:aws:kms:*:${account}:key/*`,
  `arn:aws:kms:us-west-?:${account}:key/k-1`,
  `arn:aws:mq:*:*:broker:*`,
  `arn:aws:mq:us-west-2:${account}:broker:${'$'}{aws:PrincipalTag/team, 'orders'}:b-?`,
  `${iam}:user/${'$'}{aws:username}`,
  `arn:aws:mq:us-west-2:${account}:broker:${'$'}{aws:PrincipalTag/team}:*`,
  `arn:aws:iam::*:user/a${'$'}{*}a`,
  `arn:*:mq:*:${account}:*b-1`,
];
const actions = ['kms:Decrypt', 'mq:DescribeBroker', 'iam:GetUser'];
const actionPatterns = [
  '*',
  '*:*',
  'kms:*',
  'KMS:decrypt',
  'kms:D?crypt',
  'mq:Describe*',
  'mq:*Broker',
  'iam:GetUser',
  'iam:*ser',
];

/** Values that condition keys have in requests, and those that policies compare them with. */
const keys: Readonly<Record<string, readonly (readonly string[] | string)[]>> = {
  'aws:username': ['anna', 'otto'],
  'aws:PrincipalTag/team': ['orders', 'billing', 'a*'],
  'aws:SourceIp': ['192.0.2.7', '198.51.100.1', '2001:db8::7', 'not-an-address'],
  'aws:CurrentTime': ['2026-11-28T12:00:00Z', '2026-01-01T00:00:00Z'],
  'aws:MultiFactorAuthPresent': ['true', 'false'],
  'aws:MultiFactorAuthAge': ['0', '300', '3600', 'x'],
  'aws:PrincipalArn': [`${iam}:user/anna`, role, 'short'],
  'aws:TagKeys': [[], ['team'], ['team', 'cost'], ['other']],
  'kms:EncryptionContextKeys': [['id'], ['id', 'team']],
  'aws:RequestTag/blob': ['aGVsbG8=', 'aGVsbG8'],
};

const operands: Readonly<Record<string, readonly string[]>> = {
  String: ['anna', 'ANNA', 'a*', '*', '?nna', 'team', 'orders', '${aws:username}', '${aws:nobody}'],
  StringMore: ["${aws:PrincipalTag/team, 'none'}", '${*}', 'a${*}', 'id', 'x${?}', ''],
  Numeric: ['0', '300', '300.0', '-5', '3600', '4000'],
  Date: ['2026-11-28T12:00:00Z', '2026-01-01', '1767225600', '2030-01-01T00:00:00+01:00'],
  Bool: ['true', 'false', 'True'],
  Binary: ['aGVsbG8=', ''],
  Ip: ['192.0.2.0/24', '198.51.100.1', '2001:db8::/32', '0.0.0.0/0', '::/0', '192.0.2.7/31'],
  Arn: [
    `${iam}:user/*`,
    role,
    'arn:aws:iam::*:role/o?s',
    '*',
    'arn:aws:iam::1*:user/${aws:username}',
    'arn:*:*:*:*:*',
  ],
};

const operatorsOf: Readonly<Record<string, readonly string[]>> = {
  String: ['StringEquals', 'StringNotEquals', 'StringLike', 'StringNotLike'],
  StringMore: [
    'StringEqualsIgnoreCase',
    'StringNotEqualsIgnoreCase',
    'StringLike',
    'StringNotLike',
  ],
  Numeric: [
    'NumericEquals',
    'NumericNotEquals',
    'NumericLessThan',
    'NumericLessThanEquals',
    'NumericGreaterThan',
    'NumericGreaterThanEquals',
  ],
  Date: [
    'DateEquals',
    'DateNotEquals',
    'DateLessThan',
    'DateLessThanEquals',
    'DateGreaterThan',
    'DateGreaterThanEquals',
  ],
  Bool: ['Bool'],
  Binary: ['BinaryEquals'],
  Ip: ['IpAddress', 'NotIpAddress'],
  Arn: ['ArnEquals', 'ArnLike', 'ArnNotEquals', 'ArnNotLike'],
};

const principals = [
  '*',
  account,
  otherAccount,
  `${iam}:root`,
  `arn:aws:iam::${otherAccount}:root`,
  `${iam}:user/anna`,
  `arn:aws:iam::${otherAccount}:user/otto`,
  role,
  `arn:aws:sts::${account}:assumed-role/ops/s1`,
];

function several<T>(random: SeededRandom, from: readonly T[]): readonly T[] {
  return Array.from({ length: 1 + random.below(3) }, () => random.pick(from));
}

/** The operators that make sense for a key; one time in five, others are taken. */
const familyOf: Readonly<Record<string, readonly string[]>> = {
  'aws:SourceIp': ['Ip'],
  'aws:CurrentTime': ['Date'],
  'aws:MultiFactorAuthPresent': ['Bool'],
  'aws:MultiFactorAuthAge': ['Numeric'],
  'aws:PrincipalArn': ['Arn'],
  'aws:RequestTag/blob': ['Binary'],
};

const setPrefixes = ['ForAllValues:', 'ForAnyValue:'];

function condition(random: SeededRandom): NonNullable<Statement['Condition']> {
  const pairs = Array.from({ length: random.oneIn(3) ? 2 : 1 }, () => {
    const key = random.pick(Object.keys(keys));
    const written = random.oneIn(4) ? key.toUpperCase() : key;
    if (random.oneIn(8)) return ['Null', { [written]: [random.pick(['true', 'false'])] }] as const;
    const fitting = familyOf[key] ?? ['String', 'StringMore'];
    const family = random.pick(random.oneIn(5) ? Object.keys(operands) : fitting);
    const name = random.pick(operatorsOf[family] ?? []);
    const hasSet = key.endsWith('Keys') ? !random.oneIn(4) : random.oneIn(5);
    const set = hasSet ? random.pick(setPrefixes) : '';
    const suffix = random.oneIn(4) ? 'IfExists' : '';
    const values = several(random, operands[family] ?? []);
    return [`${set}${name}${suffix}`, { [written]: values }] as const;
  });
  return Object.fromEntries(pairs);
}

function statement(random: SeededRandom, hasPrincipals: boolean): Statement {
  const names = several(random, actionPatterns);
  const targets = several(random, resourcePatterns);
  const principal: Principal = random.oneIn(6)
    ? '*'
    : random.oneIn(4)
      ? { Service: ['mq.amazonaws.com'] }
      : { AWS: several(random, principals) };
  return {
    Effect: random.oneIn(4) ? 'Deny' : 'Allow',
    ...(random.oneIn(8) ? { NotAction: names } : { Action: names }),
    ...(random.oneIn(8) ? { NotResource: targets } : { Resource: targets }),
    ...(hasPrincipals &&
      (random.oneIn(8) ? { NotPrincipal: principal } : { Principal: principal })),
    ...(random.oneIn(2) && { Condition: condition(random) }),
  };
}

function document(random: SeededRandom, hasPrincipals = false): Document {
  const Version = random.oneIn(5) ? '2008-10-17' : '2012-10-17';
  const Statement = Array.from({ length: 1 + random.below(3) }, () =>
    statement(random, hasPrincipals),
  );
  return { Version, Statement };
}

function maybe<T>(random: SeededRandom, make: () => T): T | undefined {
  return random.oneIn(3) ? make() : undefined;
}

/** A random request with all policies that apply to it. */
export function randomCase(random: SeededRandom): SlowRequest {
  const caller = random.pick(callers);
  const isPerson = caller.kind === 'user' || caller.kind === 'session';
  const context = Object.entries(keys)
    .filter(() => !random.oneIn(3))
    .map(([key, values]) => [key, random.pick(values)] as const);
  return {
    action: random.pick(actions),
    resource: random.pick(resources),
    context: Object.fromEntries(context),
    caller,
    identity: isPerson ? Array.from({ length: random.below(3) }, () => document(random)) : [],
    boundary: isPerson ? maybe(random, () => document(random)) : undefined,
    session: caller.kind === 'session' ? maybe(random, () => [document(random)]) : undefined,
    resourcePolicy: random.oneIn(3) ? undefined : document(random, true),
    resourceAccount: random.oneIn(5) ? otherAccount : account,
    isKey: random.oneIn(2),
    grantee: random.oneIn(4)
      ? random.pick([...principals.slice(3), 'mq.amazonaws.com'])
      : undefined,
  };
}
