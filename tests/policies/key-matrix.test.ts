import assert from 'node:assert/strict';
import { createSecretKey } from 'node:crypto';
import { test } from 'node:test';
import { systemRandom } from '../../src/base/random.ts';
import type { Caller } from '../../src/calls/caller.ts';
import type { PrincipalPolicies } from '../../src/identity/policies/principal-policies.ts';
import type { KmsCall } from '../../src/kms/call.ts';
import { KmsError } from '../../src/kms/errors.ts';
import { Kms } from '../../src/kms/kms.ts';
import type { GrantRecord, KeyRecord } from '../../src/kms/records.ts';
import { openedSecrets } from '../support/key-secrets.ts';
import { allow, deny, policyOf } from '../support/principal-policies.ts';

// Who may use a key: principal × identity policy × boundary × key policy × grant × key state ×
// operation. What is expected comes from the rule of AWS KMS, stated in `isAuthorised` below.

const accountId = '111122223333';
const iam = `arn:aws:iam::${accountId}`;
const roleArn = `${iam}:role/ops`;

const callers = {
  root: { type: 'root', accountId, arn: `${iam}:root`, principalId: accountId },
  user: { type: 'user', accountId, arn: `${iam}:user/anna`, principalId: 'AIDA', userName: 'anna' },
  session: {
    type: 'assumed-role',
    accountId,
    arn: `arn:aws:sts::${accountId}:assumed-role/ops/s1`,
    principalId: 'AROA:s1',
    session: { roleName: 'ops', roleId: 'AROA', roleArn, createdMs: 0, mfaAuthenticated: false },
  },
} satisfies Record<string, Caller>;

type Principal = keyof typeof callers;

const identities = {
  none: [],
  allowing: [policyOf('identity', allow('kms:*'))],
  denying: [policyOf('identity', allow('kms:*'), deny('kms:*'))],
};
const boundaries = {
  none: undefined,
  allowing: policyOf('boundary', allow('kms:*')),
  silent: policyOf('boundary', allow('mq:*')),
};
const keyPolicies = ['account', 'caller', 'role', 'everyone', 'denying', 'nobody'] as const;
const grants = ['none', 'caller', 'role', 'constrained'] as const;
const states = ['Enabled', 'Disabled', 'PendingDeletion'] as const;
const operations = [
  'Encrypt',
  'GenerateDataKey',
  'DescribeKey',
  'CreateGrant',
  'DisableKey',
] as const;

type Operation = (typeof operations)[number];

interface Case {
  readonly principal: Principal;
  readonly identity: keyof typeof identities;
  readonly boundary: keyof typeof boundaries;
  readonly keyPolicy: (typeof keyPolicies)[number];
  readonly grant: (typeof grants)[number];
  readonly state: (typeof states)[number];
  readonly operation: Operation;
}

/**
 * No explicit deny, and: the key policy names the caller; or it names its role or everyone, within
 * the boundary; or it names the account and the identity policy allows, within the boundary; or a
 * grant lists the operation.
 */
function isAuthorised(one: Case): boolean {
  if (one.identity === 'denying' || one.keyPolicy === 'denying') return false;
  return isAllowedByPolicies(one) || isAllowedByGrant(one);
}

function isAllowedByPolicies({ principal, identity, boundary, keyPolicy }: Case): boolean {
  const isInBoundary = boundary !== 'silent';
  if (keyPolicy === 'caller') return true;
  if (keyPolicy === 'everyone') return isInBoundary;
  if (keyPolicy === 'role') return principal === 'session' && isInBoundary;
  if (keyPolicy !== 'account') return false;
  return principal === 'root' || (identity === 'allowing' && isInBoundary);
}

function isAllowedByGrant({ principal, boundary, grant, operation }: Case): boolean {
  if (!['Encrypt', 'GenerateDataKey', 'DescribeKey'].includes(operation)) return false;
  if (grant === 'caller') return true;
  // Constraints do not concern DescribeKey.
  if (grant === 'constrained') return operation === 'DescribeKey';
  return grant === 'role' && principal === 'session' && boundary !== 'silent';
}

/** The result of an operation that is authorised, by the table of key states. */
function resultIn(state: Case['state'], operation: Operation): string {
  if (state === 'Enabled' || operation === 'DescribeKey') return 'ok';
  if (state === 'PendingDeletion') return 'KMSInvalidStateException';
  return operation === 'DisableKey' ? 'ok' : 'DisabledException';
}

function policyText(keyPolicy: Case['keyPolicy'], { arn }: Caller): string {
  const principals = { account: `${iam}:root`, caller: arn, role: roleArn, everyone: '*' };
  const statement = (Effect: string, AWS: string) => ({
    Effect,
    Principal: { AWS },
    Action: 'kms:*',
    Resource: '*',
  });
  const Statement =
    keyPolicy === 'denying'
      ? [statement('Allow', '*'), statement('Deny', '*')]
      : [statement('Allow', keyPolicy === 'nobody' ? `${iam}:user/otto` : principals[keyPolicy])];
  return JSON.stringify({ Version: '2012-10-17', Statement });
}

function callBy(caller: Caller): KmsCall {
  const origin = { sourceIp: '192.0.2.1', userAgent: 'test', nowMs: 1000 };
  return { caller, invokedBy: undefined, region: 'us-west-2', accountId, ...origin };
}

const secrets = await openedSecrets();
const prepared = { pair: undefined, secret: await secrets.reserve() };

/** A key with a policy, a grant and a state, and whoever calls. */
class OneKey {
  policies: PrincipalPolicies = { identity: [], isAccountRoot: true };
  readonly #kms: Kms;
  readonly #key: KeyRecord;
  readonly #call: KmsCall;

  constructor({
    principal,
    keyPolicy,
    grant,
    state,
  }: Omit<Case, 'identity' | 'boundary' | 'operation'>) {
    const caller: Caller = callers[principal];
    this.#call = callBy(caller);
    this.#kms = new Kms({
      wrappingKey: createSecretKey(systemRandom.bytes(32)),
      secrets,
      random: systemRandom,
      principals: { policiesOf: () => this.policies },
    });
    const made = this.#kms.keys.create(callBy(callers.root), {}, prepared).output;
    const deletion = state === 'PendingDeletion' ? { deletionMs: 1e12 } : {};
    this.#key = { ...made, policy: policyText(keyPolicy, caller), state, ...deletion };
    this.#kms.journal.apply({ put: 'key', key: this.#key });
    if (grant !== 'none') this.#kms.journal.apply({ put: 'grant', grant: this.#grantOf(grant) });
  }

  #grantOf(grant: Exclude<Case['grant'], 'none'>): GrantRecord {
    return {
      id: 'f'.repeat(64),
      keyId: this.#key.id,
      name: '',
      createdMs: 0,
      grantee: grant === 'role' ? roleArn : this.#call.caller.arn,
      issuingAccount: accountId,
      operations: ['Encrypt', 'GenerateDataKey', 'DescribeKey'],
      ...(grant === 'constrained' && { constraints: { EncryptionContextEquals: { a: 'b' } } }),
    };
  }

  result(operation: Operation): string {
    try {
      this.#perform(operation);
      return 'ok';
    } catch (error) {
      if (error instanceof KmsError) return error.code;
      throw error;
    }
  }

  #perform(operation: Operation): void {
    const { keys, ciphers, dataKeys, grants: granting } = this.#kms;
    const { arn: KeyId } = this.#key;
    switch (operation) {
      case 'Encrypt':
        ciphers.encrypt(this.#call, KeyId, Buffer.from('x'), {});
        return;
      case 'GenerateDataKey':
        dataKeys.generate(this.#call, 'GenerateDataKey', 32, { KeyId });
        return;
      case 'DescribeKey':
        keys.describe(this.#call, KeyId);
        return;
      case 'CreateGrant':
        granting.create(this.#call, { KeyId, GranteePrincipal: roleArn, Operations: ['Decrypt'] });
        return;
      case 'DisableKey':
        keys.disable(this.#call, KeyId);
    }
  }
}

const named = <T extends object>(of: T) => Object.keys(of) as (keyof T)[];

/** All cases of a principal and a key policy. */
function* cases(principal: Principal, keyPolicy: Case['keyPolicy']): Generator<Case> {
  // The root user has neither policies nor a boundary.
  const isRoot = principal === 'root';
  const ofPrincipal = named(identities).flatMap((identity) =>
    named(boundaries).map((boundary) => ({ identity, boundary })),
  );
  for (const grant of grants) {
    for (const state of states) {
      for (const { identity, boundary } of isRoot ? ofPrincipal.slice(0, 1) : ofPrincipal) {
        for (const operation of operations) {
          yield { principal, identity, boundary, keyPolicy, grant, state, operation };
        }
      }
    }
  }
}

for (const principal of named(callers)) {
  for (const keyPolicy of keyPolicies) {
    test(`a ${principal} and keys with a policy for: ${keyPolicy}`, () => {
      const keys = new Map<string, OneKey>();
      for (const one of cases(principal, keyPolicy)) {
        const { identity, boundary, grant, state, operation } = one;
        const key = keys.get(grant + state) ?? new OneKey(one);
        keys.set(grant + state, key);
        key.policies = {
          identity: identities[identity],
          boundary: boundaries[boundary],
          isAccountRoot: principal === 'root',
        };
        const expected = isAuthorised(one) ? resultIn(state, operation) : 'AccessDeniedException';
        assert.equal(key.result(operation), expected, JSON.stringify(one));
      }
    });
  }
}
