// The fuzzer of policies.

import assert from 'node:assert/strict';
import { IdentityError } from '../../src/identity/errors.ts';
import { compilePolicy } from '../../src/identity/policies/compile-policy.ts';
import type { CompiledPolicy, PolicyKind } from '../../src/identity/policies/compiled-policy.ts';
import { evaluate } from '../../src/identity/policies/evaluate.ts';
import type { SeededRandom } from '../support/seeded-random.ts';
import { oddValue } from './api-values.ts';
import type { Fuzzer } from './fuzzer.ts';

const root = 'arn:aws:iam::111122223333:root';
const outcomes = ['allowed', 'explicitDeny', 'implicitDeny'];
const kinds = ['identity', 'resource', 'trust', 'session', 'boundary'] as const;
const operators = [
  'StringEquals',
  'StringNotLike',
  'StringLikeIfExists',
  'ForAllValues:StringEquals',
  'ForAnyValue:ArnLike',
  'NumericLessThan',
  'DateGreaterThan',
  'Bool',
  'IpAddress',
  'NotIpAddress',
  'Null',
];
const keys = ['aws:SourceIp', 'kms:ViaService', 'AWS:username', 'aws:CurrentTime', 'none'];
const values = [
  'true',
  'false',
  '*',
  'a*b?c',
  '192.0.2.0/24',
  "${aws:username, 'x'}",
  '${none',
  '::/0',
  '1/99',
  '2026-01-01',
  '7',
  '',
];
const actions = ['kms:*', 'KMS:decrypt', 'kms:?', '*', '*:d?crypt', 'kms:Decrypt'];
const resources = ['*', '**', root, 'arn:*', 'arn:aws:kms:*:*:key/${aws:username}'];

/** One of the right values; one time in thirty the wrong one. */
function mostly<T>(random: SeededRandom, right: readonly T[], wrong: T): T {
  return random.oneIn(30) ? wrong : random.pick(right);
}

function some<T>(random: SeededRandom, make: () => T): T | T[] {
  return random.oneIn(2) ? make() : Array.from({ length: random.below(4) }, make);
}

function statement(random: SeededRandom, kind: PolicyKind): unknown {
  if (random.oneIn(20)) return oddValue(random, 0);
  const action = () => mostly(random, kind === 'trust' ? ['sts:*', 'STS:AssumeRole'] : actions, '');
  const resource = () => mostly(random, resources, 'key/k');
  const hasPrincipals = mostly(random, [kind === 'resource' || kind === 'trust'], true);
  const entries: [string, unknown][] = [
    ['Effect', mostly(random, ['Allow', 'Allow', 'Deny'], 'deny')],
    [random.pick(['Action', 'Action', 'NotAction']), some(random, action)],
  ];
  if (kind !== 'trust') {
    entries.push([random.pick(['Resource', 'Resource', 'NotResource']), some(random, resource)]);
  }
  if (hasPrincipals) {
    entries.push([random.pick(['Principal', 'Principal', 'NotPrincipal']), principal(random)]);
  }
  if (random.oneIn(2)) entries.push(['Condition', condition(random)]);
  if (random.oneIn(20)) entries.splice(random.below(entries.length), 1);
  if (random.oneIn(20)) entries.push(['Sid', oddValue(random, 0)]);
  return Object.fromEntries(entries);
}

function principal(random: SeededRandom): unknown {
  if (random.oneIn(3)) return mostly<unknown>(random, ['*'], root);
  const name = mostly(random, ['AWS', 'AWS', 'Service', 'Federated'], '__proto__');
  const names = ['*', root, '111122223333', 'mq.amazonaws.com'];
  return Object.fromEntries([[name, some(random, () => mostly(random, names, ''))]]);
}

function condition(random: SeededRandom): unknown {
  if (random.oneIn(10)) return oddValue(random, 0);
  const value = () => (random.oneIn(20) ? oddValue(random, 0) : random.pick(values));
  return Object.fromEntries([
    [
      mostly(random, operators, 'Fly'),
      Object.fromEntries([[random.pick(keys), some(random, value)]]),
    ],
  ]);
}

function policyText(random: SeededRandom, kind: PolicyKind): string {
  const text = JSON.stringify({
    Version: mostly(random, ['2012-10-17', '2008-10-17'], '2026'),
    Statement: some(random, () => statement(random, kind)),
  });
  return random.oneIn(8) ? random.damaged(Buffer.from(text)).toString('utf8') : text;
}

/** The policy; undefined if an expected error refused it. */
function readPolicy(text: string, kind: PolicyKind): CompiledPolicy | undefined {
  try {
    return compilePolicy(text, kind);
  } catch (error) {
    if (error instanceof IdentityError) return undefined;
    throw error;
  }
}

/** Policies: each is compiled or refused, and what is compiled decides about every call. */
export const policyFuzzer: Fuzzer = {
  name: 'policies',
  run: (random) => {
    const kind = random.pick(kinds);
    const policy = readPolicy(policyText(random, kind), kind);
    if (policy === undefined) return;
    const isService = random.oneIn(2);
    const accountId = isService ? '' : '111122223333';
    const service = isService ? 'mq.amazonaws.com' : undefined;
    const ofPrincipal = kind === 'identity' ? [policy] : [];
    const { outcome } = evaluate(
      {
        principal: { accountId, arn: isService ? '' : root, service, isRoot: !isService },
        action: 'kms:Decrypt',
        resource: 'arn:aws:kms:us-west-2:111122223333:key/k',
        values: new Map<string, string | string[]>(
          keys.map((key) => [key.toLowerCase(), some(random, () => random.pick(values))]),
        ),
      },
      {
        identity: ofPrincipal,
        isAccountRoot: false,
        ...(kind === 'boundary' && { boundary: policy }),
        ...(kind === 'session' && { session: [policy] }),
        ...((kind === 'resource' || kind === 'trust') && { resource: policy }),
      },
      random.oneIn(2),
    );
    assert.ok(outcomes.includes(outcome), outcome);
    if (outcome === 'explicitDeny') assert.ok(policy.denies.length > 0);
    if (outcome === 'allowed') assert.ok(policy.allows.length > 0);
  },
};
