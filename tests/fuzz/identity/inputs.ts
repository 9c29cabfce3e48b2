// Random inputs of the identity fuzzer, from few names, so that calls often concern each other.

import type { Shape } from '../../../src/aws/shapes/shape.ts';
import { accountId, region } from '../../support/control-plane.ts';
import type { SeededRandom } from '../../support/seeded-random.ts';
import { type Pool, randomValue, secret } from '../api-values.ts';
import { keyPolicy, policyOfPrincipal, trustPolicy } from './documents.ts';
import type { Input } from './expected.ts';

const iam = `arn:aws:iam::${accountId}`;
const policies = [
  `${iam}:policy/p1`,
  `${iam}:policy/p2`,
  `${iam}:policy/P1`,
  'arn:aws:iam::aws:policy/AdministratorAccess',
  'arn:aws:iam::aws:policy/IAMReadOnlyAccess',
];
const principals = [
  `${iam}:user/anna`,
  `${iam}:user/bert`,
  `${iam}:role/reader`,
  `${iam}:role/writer`,
  `${iam}:root`,
  `arn:aws:sts::${accountId}:assumed-role/reader/s1`,
];
const paths = ['/', '/', '/x/', `/a\u002A/`];

type Make = (random: SeededRandom) => unknown;

const of =
  (...values: readonly unknown[]): Make =>
  (random) =>
    random.pick(values);

const document =
  (make: (random: SeededRandom) => unknown): Make =>
  (random) =>
    random.oneIn(30) ? '{"Version":"2012-10-17"}' : JSON.stringify(make(random));

/** Members whose values are chosen; others get values of their shape. */
const chosen: Readonly<Record<string, Make>> = {
  UserName: of('anna', 'bert', 'carl', 'ANNA', 'dora'),
  NewUserName: of('anna', 'dora', 'Carl'),
  GroupName: of('ops', 'dev', 'OPS', 'new'),
  NewGroupName: of('ops', 'new'),
  RoleName: of('reader', 'writer', 'READER', 'third'),
  PolicyName: of('p1', 'p2', 'p3'),
  PolicyArn: of(...policies),
  PermissionsBoundary: of(...policies),
  PolicyDocument: document(policyOfPrincipal),
  AssumeRolePolicyDocument: document(trustPolicy),
  Policy: document(policyOfPrincipal),
  PolicyArns: (random) => [{ arn: random.pick(policies) }],
  RoleArn: of(
    `${iam}:role/reader`,
    `${iam}:role/writer`,
    `${iam}:role/READER`,
    `${iam}:role/x/third`,
  ),
  RoleSessionName: of('s1', 's2'),
  Name: of('guest', 'anna'),
  SourceIdentity: of('jan', 'eva'),
  PolicySourceArn: of(...principals, `${iam}:user/ANNA`, `${iam}:user/x/anna`, `${iam}:group/ops`),
  CallerArn: of(...principals),
  ActionNames: of(['iam:GetUser'], ['kms:Decrypt', 'mq:ListBrokers']),
  PolicyInputList: (random) => [JSON.stringify(policyOfPrincipal(random))],
  ResourceArns: of(['*'], [`${iam}:user/anna`]),
  SerialNumber: of(`${iam}:mfa/anna`, `${iam}:mfa/d1`, `${iam}:mfa/D1`),
  VirtualMFADeviceName: of('anna', 'd1'),
  VersionId: of('v1', 'v2', 'v3'),
  Path: of(...paths),
  NewPath: of(...paths),
  PathPrefix: of('/', '/x/'),
  Tags: of([{ Key: 'team', Value: 'orders' }], [{ Key: 'team', Value: 'a*' }], []),
  TagKeys: of(['team'], ['other']),
  Status: of('Active', 'Inactive'),
  DurationSeconds: of(900, 3600),
  MaxSessionDuration: of(3600, 7200),
  GranteePrincipal: of(...principals),
  RetiringPrincipal: of(...principals),
  AliasName: of('alias/a', 'alias/b'),
  AliasAccount: of('ours'),
  Password: of(secret, 'short'),
};

/** Members that are left out: pages, tokens, and what the table of expectations does not follow. */
const left = new Set([
  'Marker',
  'MaxItems',
  'MaxResults',
  'maxResults',
  'Limit',
  'NextMarker',
  'NextToken',
  'nextToken',
  'TransitiveTagKeys',
  'MinimumSessionTokenSize',
  'ProvidedContexts',
  'PolicyExclusionList',
  'GrantTokens',
  'DryRun',
  'TokenCode',
]);

/** A random input of an operation. */
export function identityInput(
  serviceName: string,
  shape: Shape<unknown>,
  random: SeededRandom,
  pool: Pool,
): Input {
  const { node } = shape;
  if (node.kind !== 'structure') return {};
  const isKms = serviceName === 'kms';
  const entries = Object.entries(node.members).flatMap(([name, member]) => {
    if (left.has(name) && !random.oneIn(100)) return [];
    if (!('required' in member) && !random.oneIn(3)) return [];
    if ('required' in member && random.oneIn(60)) return [];
    return [[name, memberValue(name, member, isKms, random, pool)] as const];
  });
  return wellFormed(Object.fromEntries(entries));
}

/** No request can hold halves of characters in its path or form. The fuzzer of the API sends them in JSON. */
function wellFormed(input: Input): Input {
  return JSON.parse(JSON.stringify(input).replace(/\\u[dD][89a-fA-F][0-9a-fA-F]{2}/g, 'x'));
}

function memberValue(
  name: string,
  member: Shape<unknown>,
  isKms: boolean,
  random: SeededRandom,
  pool: Pool,
): unknown {
  if (random.oneIn(100)) return randomValue(member, name, random, pool);
  if (isKms && name === 'Policy') return JSON.stringify(keyPolicy(random));
  if (isKms && name === 'Tags') return [{ TagKey: 'team', TagValue: 'orders' }];
  if (isKms && (name === 'Name' || name === 'PolicyName')) return 'default';
  if (isKms && /KeyId$/.test(name)) {
    const arn = String(pool.pick(random, 'kmsKeyId') ?? `arn:aws:kms:${region}:${accountId}:key/x`);
    return random.pick([
      arn,
      arn.replace(/^.*\//, ''),
      'alias/a',
      `${arn.replace(/key\/.*/, '')}alias/a`,
    ]);
  }
  const make = chosen[name];
  return make === undefined ? randomValue(member, name, random, pool) : make(random);
}
