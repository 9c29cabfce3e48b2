import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseLine } from '../../src/audit/trail.ts';
import { Secret } from '../../src/base/secret.ts';
import type { Caller } from '../../src/calls/caller.ts';
import type { PrincipalPolicies } from '../../src/identity/policies/principal-policies.ts';
import type { GrantRecord, KeyRecord } from '../../src/kms/records.ts';
import { accountId, ControlPlane, region } from '../support/control-plane.ts';
import { Machine } from '../support/machine.ts';
import { allow, deny, policyOf } from '../support/principal-policies.ts';
import { isLong } from '../support/proof.ts';
import { quicklySigned } from '../support/quick-signature.ts';

// Who may use a key: principal × identity policy × boundary × session policy × key policy × grant ×
// key state × operation, as signed calls through the dispatcher. What is expected comes from the rule
// of AWS KMS, stated in `isAuthorised` below. The long run makes all calls, in all states and with
// further operations; others make one in 29.

const every = isLong ? 1 : 29;

const iam = `arn:aws:iam::${accountId}`;
const roleArn = `${iam}:role/ops`;
const userArn = `${iam}:user/anna`;
const otherArn = `${iam}:user/otto`;
const user = {
  type: 'user',
  accountId,
  arn: userArn,
  principalId: 'AIDA',
  userName: 'anna',
} as const;

const callers = {
  root: { type: 'root', accountId, arn: `${iam}:root`, principalId: accountId },
  user,
  'user session': { ...user, temporary: { issuedMs: 0 } },
  'role session': {
    type: 'assumed-role',
    accountId,
    arn: `arn:aws:sts::${accountId}:assumed-role/ops/s1`,
    principalId: 'AROA:s1',
    session: { roleName: 'ops', roleId: 'AROA', roleArn, createdMs: 0, mfaAuthenticated: false },
    temporary: { issuedMs: 0 },
  },
  'federated user': {
    type: 'federated-user',
    accountId,
    arn: `arn:aws:sts::${accountId}:federated-user/guest`,
    principalId: `${accountId}:guest`,
    temporary: { issuedMs: 0, issuerArn: userArn },
  },
} satisfies Record<string, Caller>;

type Principal = keyof typeof callers;

/** The role of a session, or the user that created it; undefined if the caller has none. */
const issuers: Partial<Record<Principal, string>> = {
  'role session': roleArn,
  'federated user': userArn,
};

const identities = {
  none: [],
  allowing: [policyOf('identity', allow('kms:*'))],
  denying: [policyOf('identity', allow('kms:*'), deny('kms:*'))],
};
const boundaries = {
  none: undefined,
  allowing: policyOf('boundary', allow('kms:*')),
  silent: policyOf('boundary', allow('mq:*')),
  denying: policyOf('boundary', allow('kms:*'), deny('kms:*')),
};
const sessions = {
  none: undefined,
  allowing: [policyOf('session', allow('kms:*'))],
  silent: [policyOf('session', allow('mq:*'))],
};
const keyPolicies = ['account', 'caller', 'issuer', 'everyone', 'denying', 'nobody'] as const;
const grants = ['none', 'caller', 'issuer', 'account', 'constrained'] as const;
const usualStates = ['Enabled', 'Disabled', 'PendingDeletion'] as const;
const allStates = [...usualStates, 'PendingImport', 'Unavailable'] as const;
const states = isLong ? allStates : usualStates;
const usualOperations = [
  'Encrypt',
  'Decrypt',
  'DescribeKey',
  'CreateGrant',
  'DisableKey',
  'ScheduleKeyDeletion',
] as const;
const allOperations = [
  ...usualOperations,
  'GenerateDataKey',
  'GetKeyPolicy',
  'PutKeyPolicy',
  'TagResource',
] as const;
const operations = isLong ? allOperations : usualOperations;

type State = (typeof allStates)[number];
type Operation = (typeof allOperations)[number];

interface Case {
  readonly principal: Principal;
  readonly identity: keyof typeof identities;
  readonly boundary: keyof typeof boundaries;
  readonly session: keyof typeof sessions;
  readonly keyPolicy: (typeof keyPolicies)[number];
  readonly grant: (typeof grants)[number];
  readonly state: State;
  readonly operation: Operation;
}

/**
 * No explicit deny, and: the key policy names the caller; or it names its issuer or everyone, within
 * the limits; or it names the account and the identity policy allows, within the limits; or a grant
 * that lists the operation does one of these.
 */
function isAuthorised(one: Case): boolean {
  const { identity, boundary, keyPolicy, grant } = one;
  if ([identity, boundary, keyPolicy].includes('denying')) return false;
  const byPolicy = keyPolicy === 'denying' || keyPolicy === 'nobody' ? 'none' : keyPolicy;
  return gives(byPolicy, one) || (isGranted(one) && gives(asNamed(grant), one));
}

function gives(named: 'none' | 'caller' | 'issuer' | 'everyone' | 'account', one: Case): boolean {
  const { principal, identity } = one;
  const isRoot = principal === 'root';
  switch (named) {
    case 'none':
      return false;
    case 'caller':
      return true;
    case 'issuer':
      return issuers[principal] !== undefined && isWithinLimits(one);
    case 'everyone':
      return isWithinLimits(one);
    case 'account':
      return isRoot || (identity === 'allowing' && isWithinLimits(one));
  }
}

/** A federated user has nothing but what session policies allow. */
function isWithinLimits({ principal, boundary, session }: Case): boolean {
  if (boundary === 'silent' || session === 'silent') return false;
  return session === 'allowing' || principal !== 'federated user';
}

function isGranted({ grant, operation }: Case): boolean {
  // Constraints do not concern DescribeKey.
  if (grant === 'constrained') return operation === 'DescribeKey';
  return ['Encrypt', 'Decrypt', 'DescribeKey'].includes(operation);
}

function asNamed(grant: Case['grant']) {
  return grant === 'constrained' ? 'caller' : grant;
}

/** The error of an operation that is authorised, by the table of key states. */
function errorIn(state: Case['state'], operation: Operation): string | undefined {
  if (['DescribeKey', 'GetKeyPolicy', 'PutKeyPolicy'].includes(operation)) return undefined;
  const isCipher = ['Encrypt', 'Decrypt', 'GenerateDataKey'].includes(operation);
  switch (state) {
    case 'Enabled':
      return undefined;
    case 'Disabled':
      return isCipher || operation === 'CreateGrant' ? 'DisabledException' : undefined;
    case 'PendingDeletion':
      return 'KMSInvalidStateException';
    case 'PendingImport': {
      const isFree = operation === 'ScheduleKeyDeletion' || operation === 'TagResource';
      return isFree ? undefined : 'KMSInvalidStateException';
    }
    case 'Unavailable':
      return isCipher ? 'KMSInvalidStateException' : undefined;
  }
}

function policyText(keyPolicy: Case['keyPolicy'], principal: Principal): string {
  const named = {
    account: `${iam}:root`,
    caller: callers[principal].arn,
    issuer: issuers[principal] ?? roleArn,
    everyone: '*',
    nobody: otherArn,
    denying: '*',
  };
  const statement = (Effect: string) => ({
    Effect,
    Principal: { AWS: named[keyPolicy] },
    Action: 'kms:*',
    Resource: '*',
  });
  const Statement = [statement('Allow'), ...(keyPolicy === 'denying' ? [statement('Deny')] : [])];
  return JSON.stringify({ Version: '2012-10-17', Statement });
}

const secretAccessKey = 'secret-of-all-callers-secret-of-all-call';
const accessKeyOf = (principal: Principal) => `AKIA${principal.replace(' ', '')}`;

let policies: PrincipalPolicies = { identity: [], isAccountRoot: true };
const machine = new Machine();
for (const [principal, caller] of Object.entries(callers)) {
  const secret = () => new Secret(secretAccessKey);
  machine.accessKeys.set(accessKeyOf(principal as Principal), { caller, secret });
}
machine.principals = { policiesOf: () => policies };
const plane = await ControlPlane.inProcess(undefined, machine);
let errorCodes: (string | undefined)[] = [];
plane.onCommit = (batch) => {
  const lines = batch.flatMap((entry) => ('bytes' in entry ? [parseLine(entry.bytes)] : []));
  errorCodes.push(...lines.map(({ event }) => event.errorCode));
};

async function call(accessKeyId: string, secret: string, name: string, input: object) {
  const headers = {
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-target': `TrentService.${name}`,
  };
  const plain = { method: 'POST', path: '/', headers, body: JSON.stringify(input) };
  const atMs = machine.clock.nowMs();
  const signing = { accessKeyId, secretAccessKey: secret, region, service: 'kms', atMs };
  return plane.answer(quicklySigned(plain, signing));
}

async function asRoot(name: string, input: object) {
  const { accessKeyId, secretAccessKey: secret } = plane.credentials;
  const { status, body } = await call(accessKeyId, secret, name, input);
  assert.equal(status, 200, body);
  return JSON.parse(body);
}

/** A key with a policy, a grant and a state, and a ciphertext of it. */
class OneKey {
  readonly #principal: Principal;
  readonly #record: KeyRecord;
  readonly #ciphertext: string;

  private constructor(principal: Principal, record: KeyRecord, ciphertext: string) {
    this.#principal = principal;
    this.#record = record;
    this.#ciphertext = ciphertext;
  }

  static async create({ principal, keyPolicy, grant, state }: Case): Promise<OneKey> {
    policies = { identity: [], isAccountRoot: true };
    const { KeyId } = (await asRoot('CreateKey', {})).KeyMetadata;
    const { CiphertextBlob } = await asRoot('Encrypt', { KeyId, Plaintext: 'eA==' });
    const made = plane.kmsDomain.journal.key(KeyId);
    assert.ok(made !== undefined);
    const deletion = state === 'PendingDeletion' ? { deletionMs: 1e13 } : {};
    const record = { ...made, policy: policyText(keyPolicy, principal), state, ...deletion };
    const key = new OneKey(principal, record, CiphertextBlob);
    key.restore();
    if (grant !== 'none') {
      plane.kmsDomain.journal.apply({ put: 'grant', grant: key.#grantOf(grant) });
    }
    return key;
  }

  #grantOf(grant: Exclude<Case['grant'], 'none'>): GrantRecord {
    const { arn } = callers[this.#principal];
    const grantees = { issuer: issuers[this.#principal] ?? roleArn, account: `${iam}:root` };
    return {
      id: 'f'.repeat(64),
      keyId: this.#record.id,
      name: '',
      createdMs: 0,
      grantee: grant === 'issuer' || grant === 'account' ? grantees[grant] : arn,
      issuingAccount: accountId,
      operations: ['Encrypt', 'Decrypt', 'DescribeKey'],
      ...(grant === 'constrained' && { constraints: { EncryptionContextEquals: { a: 'b' } } }),
    };
  }

  /** Undoes what the last operation did. */
  restore(): void {
    plane.kmsDomain.journal.apply({ put: 'key', key: this.#record });
  }

  /** Performs an operation, and returns its error code as the answer and the trail tell it. */
  async result(operation: Operation): Promise<readonly (string | undefined)[]> {
    errorCodes = [];
    const name = accessKeyOf(this.#principal);
    const { status, body } = await call(name, secretAccessKey, operation, this.#input(operation));
    this.restore();
    const answered = status === 200 ? undefined : JSON.parse(body).__type;
    return [answered, ...errorCodes];
  }

  #input(operation: Operation): object {
    const { arn: KeyId } = this.#record;
    switch (operation) {
      case 'Encrypt':
        return { KeyId, Plaintext: 'eA==' };
      case 'Decrypt':
        return { KeyId, CiphertextBlob: this.#ciphertext };
      case 'CreateGrant':
        // With a name, all calls make the same grant, which concerns no caller of the matrix.
        return { KeyId, GranteePrincipal: otherArn, Operations: ['Decrypt'], Name: 'one' };
      case 'GenerateDataKey':
        return { KeyId, KeySpec: 'AES_256' };
      case 'PutKeyPolicy': {
        const Policy = policyText('account', this.#principal);
        return { KeyId, Policy, BypassPolicyLockoutSafetyCheck: true };
      }
      case 'TagResource':
        return { KeyId, Tags: [{ TagKey: 'a', TagValue: 'b' }] };
      default:
        return { KeyId };
    }
  }
}

const named = <T extends object>(of: T) => Object.keys(of) as (keyof T)[];

/** The policies of a principal: the root user has none, and users have no session policies. */
function limitsOf(
  principal: Principal,
): readonly Pick<Case, 'identity' | 'boundary' | 'session'>[] {
  if (principal === 'root') return [{ identity: 'none', boundary: 'none', session: 'none' }];
  const isLimited = principal === 'role session' || principal === 'federated user';
  const ofSession = isLimited ? named(sessions) : (['none'] as const);
  return named(identities).flatMap((identity) =>
    named(boundaries).flatMap((boundary) =>
      ofSession.map((session) => ({ identity, boundary, session })),
    ),
  );
}

/** All cases of a principal and a key policy. */
function cases(principal: Principal, keyPolicy: Case['keyPolicy']): readonly Case[] {
  const keys = grants.flatMap((grant) => states.map((state) => ({ keyPolicy, grant, state })));
  return keys.flatMap((key) =>
    limitsOf(principal).flatMap((limits) =>
      operations.map((operation) => ({ principal, ...key, ...limits, operation })),
    ),
  );
}

for (const principal of named(callers)) {
  for (const keyPolicy of keyPolicies) {
    test(`a ${principal} and keys with a policy for: ${keyPolicy}`, async () => {
      const keys = new Map<string, OneKey>();
      let count = 0;
      for (const one of cases(principal, keyPolicy)) {
        count += 1;
        if (count % every !== 0) continue;
        const { identity, boundary, session, grant, state, operation } = one;
        const key = keys.get(grant + state) ?? (await OneKey.create(one));
        keys.set(grant + state, key);
        // A federated user without session policies may do nothing.
        const limits = sessions[session] ?? (principal === 'federated user' ? [] : undefined);
        policies = {
          identity: identities[identity],
          boundary: boundaries[boundary],
          session: limits,
          isAccountRoot: principal === 'root',
        };
        const code = isAuthorised(one) ? errorIn(state, operation) : 'AccessDeniedException';
        // The answer, and the one event of the call.
        assert.deepEqual(await key.result(operation), [code, code], JSON.stringify(one));
      }
      assert.ok(keys.size > 0);
    });
  }
}
