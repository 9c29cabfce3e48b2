// The fuzzer of key policies.

import assert from 'node:assert/strict';
import { IdentityError } from '../../src/identity/errors.ts';
import { judge, type Policy, readResourcePolicy } from '../../src/identity/policy.ts';
import type { SeededRandom } from '../support/seeded-random.ts';
import { oddValue } from './api-values.ts';
import type { Fuzzer } from './fuzzer.ts';

const root = 'arn:aws:iam::111122223333:root';
const verdicts = ['denied', 'allowed', 'delegated', 'silent'];
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
  '::/0',
  '1/99',
  '2026-01-01',
  '7',
  '',
];
const patterns = ['kms:*', 'KMS:decrypt', 'kms:?', '*', '**?*', root, 'kms:Decrypt'];

/** One of the right values; one time in thirty the wrong one. */
function mostly<T>(random: SeededRandom, right: readonly T[], wrong: T): T {
  return random.oneIn(30) ? wrong : random.pick(right);
}

function some<T>(random: SeededRandom, make: () => T): T | T[] {
  return random.oneIn(2) ? make() : Array.from({ length: random.below(4) }, make);
}

function statement(random: SeededRandom): unknown {
  if (random.oneIn(20)) return oddValue(random, 0);
  const pattern = () => mostly(random, patterns, '');
  const entries: [string, unknown][] = [
    ['Effect', mostly(random, ['Allow', 'Allow', 'Deny'], 'deny')],
    [random.pick(['Action', 'Action', 'NotAction']), some(random, pattern)],
    [random.pick(['Resource', 'Resource', 'NotResource']), some(random, pattern)],
    [random.pick(['Principal', 'Principal', 'NotPrincipal']), principal(random)],
  ];
  if (random.oneIn(2)) entries.push(['Condition', condition(random)]);
  if (random.oneIn(20)) entries.splice(random.below(4), 1);
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

function policyText(random: SeededRandom): string {
  const text = JSON.stringify({
    Version: mostly(random, ['2012-10-17', '2008-10-17'], '2026'),
    Statement: some(random, () => statement(random)),
  });
  return random.oneIn(8) ? random.damaged(Buffer.from(text)).toString('utf8') : text;
}

/** The policy; undefined if an expected error refused it. */
function readPolicy(text: string): Policy | undefined {
  try {
    return readResourcePolicy(text);
  } catch (error) {
    if (error instanceof IdentityError) return undefined;
    throw error;
  }
}

/** Policies: each is read or refused, and what is read judges every call. */
export const policyFuzzer: Fuzzer = {
  name: 'policies',
  run: (random) => {
    const policy = readPolicy(policyText(random));
    if (policy === undefined) return;
    const isService = random.oneIn(2);
    const verdict = judge(policy, {
      action: 'kms:Decrypt',
      resource: 'arn:aws:kms:us-west-2:111122223333:key/k',
      principal: {
        accountId: '111122223333',
        arns: isService ? [] : [root],
        service: isService ? 'mq.amazonaws.com' : undefined,
        isRoot: !isService,
      },
      values: new Map<string, string | string[]>(
        keys.map((key) => [key.toLowerCase(), some(random, () => random.pick(values))]),
      ),
    });
    assert.ok(verdicts.includes(verdict), verdict);
    const hasDeny = policy.statements.some(({ effect }) => effect === 'Deny');
    const hasAllow = policy.statements.some(({ effect }) => effect === 'Allow');
    if (verdict === 'denied') assert.ok(hasDeny);
    if (verdict === 'allowed' || verdict === 'delegated') assert.ok(hasAllow);
  },
};
