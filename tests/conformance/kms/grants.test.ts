import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  CreateGrantCommand,
  type CreateGrantCommandInput,
  DecryptCommand,
  DescribeKeyCommand,
  EncryptCommand,
  type GrantListEntry,
  type GrantOperation,
  ListGrantsCommand,
  ListRetirableGrantsCommand,
  PutKeyPolicyCommand,
  ReEncryptCommand,
  RetireGrantCommand,
  RevokeGrantCommand,
} from '@aws-sdk/client-kms';
import { createKey } from '../../support/broker-requests.ts';
import { accountId, ControlPlane } from '../../support/control-plane.ts';

const rootArn = `arn:aws:iam::${accountId}:root`;
const alice = `arn:aws:iam::${accountId}:user/alice`;

let plane: ControlPlane;
before(async () => {
  plane = await ControlPlane.start();
});
after(() => plane.close());

async function create(KeyId: string, changes: Partial<CreateGrantCommandInput> = {}) {
  const { GrantId = '', GrantToken = '' } = await plane.kms.send(
    new CreateGrantCommand({
      KeyId,
      GranteePrincipal: alice,
      Operations: ['Decrypt'],
      ...changes,
    }),
  );
  return { GrantId, GrantToken };
}

async function list(KeyId: string): Promise<GrantListEntry[]> {
  const { Grants = [] } = await plane.kms.send(new ListGrantsCommand({ KeyId }));
  return Grants;
}

/** Leaves the root user only some ways to a key; all else needs a grant. */
async function leaveOnly(KeyId: string, ...actions: readonly string[]): Promise<void> {
  const statement = {
    Effect: 'Allow',
    Principal: { AWS: rootArn },
    Action: ['kms:PutKeyPolicy', ...actions],
    Resource: '*',
  };
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  await plane.kms.send(new PutKeyPolicyCommand({ KeyId, Policy }));
}

async function encrypt(KeyId: string, EncryptionContext?: Record<string, string>) {
  const Plaintext = Buffer.from('text');
  const answer = await plane.kms.send(new EncryptCommand({ KeyId, Plaintext, EncryptionContext }));
  assert.ok(answer.CiphertextBlob);
  return answer.CiphertextBlob;
}

const denied = { name: 'AccessDeniedException' };

test('a grant is listed as requested, without its grant token', async () => {
  const KeyId = await createKey(plane);
  const { GrantId, GrantToken } = await create(KeyId, {
    Name: 'for-alice',
    RetiringPrincipal: rootArn,
    Operations: ['Decrypt', 'Encrypt', 'Decrypt'],
    Constraints: { EncryptionContextSubset: { tenant: 'a' } },
  });
  assert.match(GrantId, /^[0-9a-f]{64}$/);
  assert.match(GrantToken, /^[A-Za-z0-9+/]+=*$/);
  assert.deepEqual(await list(KeyId), [
    {
      KeyId,
      GrantId,
      Name: 'for-alice',
      CreationDate: new Date(plane.machine.clock.nowMs()),
      GranteePrincipal: alice,
      RetiringPrincipal: rootArn,
      IssuingAccount: rootArn,
      Operations: ['Decrypt', 'Encrypt'],
      Constraints: { EncryptionContextSubset: { tenant: 'a' } },
    },
  ]);
});

test('the same request with a name creates one grant, but a new grant token each time', async () => {
  const KeyId = await createKey(plane);
  const request: Partial<CreateGrantCommandInput> = {
    Name: 'once',
    Operations: ['Encrypt', 'Decrypt'],
    Constraints: { EncryptionContextEquals: { a: '1', b: '2' } },
  };
  const first = await create(KeyId, request);
  const second = await create(KeyId, {
    ...request,
    Operations: ['Decrypt', 'Encrypt'],
    Constraints: { EncryptionContextEquals: { b: '2', a: '1' } },
  });
  assert.equal(second.GrantId, first.GrantId);
  assert.notEqual(second.GrantToken, first.GrantToken);
  assert.equal((await list(KeyId)).length, 1);
  await plane.kms.send(new RetireGrantCommand({ GrantToken: first.GrantToken }));
  assert.deepEqual(await list(KeyId), []);
});

test('a request that differs or has no name creates another grant', async () => {
  const KeyId = await createKey(plane);
  const named = { Name: 'same' };
  const changes: readonly Partial<CreateGrantCommandInput>[] = [
    named,
    { ...named, GranteePrincipal: rootArn },
    { ...named, RetiringPrincipal: rootArn },
    { ...named, Operations: ['Encrypt'] },
    { ...named, Constraints: { EncryptionContextSubset: { a: '1' } } },
    { ...named, Constraints: { EncryptionContextEquals: { a: '1' } } },
    { Name: 'other' },
    {},
    {},
  ];
  const ids = new Set<string>();
  for (const change of changes) ids.add((await create(KeyId, change)).GrantId);
  assert.equal(ids.size, changes.length);
  const elsewhere = await create(await createKey(plane), named);
  assert.equal(ids.has(elsewhere.GrantId), false, 'a name is one of its key');
});

const refused: readonly [what: string, Partial<CreateGrantCommandInput>, name: string][] = [
  ['nobody', { GranteePrincipal: undefined }, 'ValidationException'],
  [
    'a service as a plain principal',
    { GranteePrincipal: 'mq.amazonaws.com' },
    'InvalidArnException',
  ],
  ['an ARN that is no principal', { GranteePrincipal: 'arn:aws:s3:::b' }, 'InvalidArnException'],
  ['a retiring principal that is none', { RetiringPrincipal: 'nobody' }, 'InvalidArnException'],
  ['two grantees', { GranteeServicePrincipal: 'mq.amazonaws.com' }, 'ValidationException'],
  [
    'a service without a resource',
    { GranteePrincipal: undefined, GranteeServicePrincipal: 'mq.amazonaws.com' },
    'ValidationException',
  ],
  ['an operation of other keys', { Operations: ['Sign'] }, 'ValidationException'],
  ['an unknown operation', { Operations: ['Fly' as GrantOperation] }, 'ValidationException'],
  ['a name with a space', { Name: 'a b' }, 'ValidationException'],
  [
    'nine pairs',
    {
      Constraints: {
        EncryptionContextSubset: Object.fromEntries([...'123456789'].map((k) => [k, k])),
      },
    },
    'ValidationException',
  ],
  [
    'a value of 385 characters',
    { Constraints: { EncryptionContextEquals: { k: 'v'.repeat(385) } } },
    'ValidationException',
  ],
  ['a token of another place', { GrantTokens: ['bm90IG91cnM='] }, 'InvalidGrantTokenException'],
  ['eleven tokens', { GrantTokens: Array.from({ length: 11 }, () => 'x') }, 'ValidationException'],
];
for (const [what, changes, name] of refused) {
  test(`a grant for ${what} is refused`, async () => {
    const KeyId = await createKey(plane);
    await assert.rejects(create(KeyId, changes), { name });
    assert.deepEqual(await list(KeyId), []);
  });
}

test('a grant on a signing key can allow signing, but cannot constrain the context', async () => {
  const KeyId = await createKey(plane, { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' });
  await create(KeyId, { Operations: ['Sign', 'Verify', 'GetPublicKey'] });
  await assert.rejects(
    create(KeyId, {
      Operations: ['Sign'],
      Constraints: { EncryptionContextSubset: { a: '1' } },
    }),
    { name: 'ValidationException', message: /only valid for symmetric/ },
  );
  await assert.rejects(create(KeyId, { Operations: ['GenerateDataKey'] }), {
    name: 'ValidationException',
  });
});

test('a grant allows its grantee an operation that no policy allows, until it is revoked', async () => {
  const KeyId = await createKey(plane);
  const CiphertextBlob = await encrypt(KeyId);
  const { GrantId } = await create(KeyId, { GranteePrincipal: rootArn });
  await leaveOnly(KeyId, 'kms:RevokeGrant');
  const decrypt = () => plane.kms.send(new DecryptCommand({ CiphertextBlob }));
  assert.equal((await decrypt()).KeyId, KeyId);
  await assert.rejects(encrypt(KeyId), denied, 'the grant is for Decrypt alone');
  await assert.rejects(plane.kms.send(new DescribeKeyCommand({ KeyId })), denied);
  await plane.kms.send(new RevokeGrantCommand({ KeyId, GrantId }));
  await assert.rejects(decrypt(), denied);
});

const constraints: readonly [
  constraint: CreateGrantCommandInput['Constraints'],
  allowed: readonly Record<string, string>[],
  refused: readonly Record<string, string>[],
][] = [
  [
    { EncryptionContextSubset: { tenant: 'a' } },
    [{ tenant: 'a' }, { tenant: 'a', more: '1' }],
    [{}, { tenant: 'b' }, { Tenant: 'a' }, { more: '1' }],
  ],
  [
    { EncryptionContextEquals: { tenant: 'a', site: '1' } },
    [{ site: '1', tenant: 'a' }],
    [{}, { tenant: 'a' }, { tenant: 'a', site: '2' }, { tenant: 'a', site: '1', more: '' }],
  ],
];
for (const [Constraints, allowed, refusedContexts] of constraints) {
  const [kind = ''] = Object.keys(Constraints ?? {});
  test(`${kind} limits a grant to matching encryption contexts`, async () => {
    const KeyId = await createKey(plane);
    const contexts = [...allowed, ...refusedContexts];
    const blobs = await Promise.all(contexts.map((context) => encrypt(KeyId, context)));
    await create(KeyId, { GranteePrincipal: rootArn, Constraints });
    await leaveOnly(KeyId);
    for (const [i, EncryptionContext] of contexts.entries()) {
      const command = new DecryptCommand({ CiphertextBlob: blobs[i], EncryptionContext });
      if (i < allowed.length) await plane.kms.send(command);
      else await assert.rejects(plane.kms.send(command), denied);
    }
  });
}

test('ReEncrypt requires ReEncryptFrom on the source key and ReEncryptTo on the target key', async () => {
  const [from, to] = [await createKey(plane), await createKey(plane)];
  const CiphertextBlob = await encrypt(from, { side: 'from' });
  await create(from, {
    GranteePrincipal: rootArn,
    Operations: ['ReEncryptFrom'],
    Constraints: { EncryptionContextEquals: { side: 'from' } },
  });
  await leaveOnly(from);
  await leaveOnly(to, 'kms:CreateGrant');
  const send = () =>
    plane.kms.send(
      new ReEncryptCommand({
        CiphertextBlob,
        SourceEncryptionContext: { side: 'from' },
        DestinationKeyId: to,
        DestinationEncryptionContext: { side: 'to' },
      }),
    );
  await assert.rejects(send(), { ...denied, message: /kms:ReEncryptTo/ });
  await create(to, {
    GranteePrincipal: rootArn,
    Operations: ['ReEncryptTo'],
    Constraints: { EncryptionContextEquals: { side: 'to' } },
  });
  assert.equal((await send()).KeyId, to);
});

test('a grantee can only create grants that its own grant covers', async () => {
  const KeyId = await createKey(plane);
  await create(KeyId, {
    GranteePrincipal: rootArn,
    Operations: ['CreateGrant', 'Decrypt', 'Encrypt'],
    Constraints: { EncryptionContextSubset: { tenant: 'a' } },
  });
  await leaveOnly(KeyId);
  const subset = (pairs: Record<string, string>) => ({ EncryptionContextSubset: pairs });
  const allowed: readonly Partial<CreateGrantCommandInput>[] = [
    { Constraints: subset({ tenant: 'a' }) },
    { Constraints: subset({ tenant: 'a', more: '1' }) },
    { Constraints: { EncryptionContextEquals: { tenant: 'a' } } },
    { Operations: ['CreateGrant', 'Encrypt'], Constraints: subset({ tenant: 'a' }) },
  ];
  for (const request of allowed) await create(KeyId, request);
  const wider: readonly Partial<CreateGrantCommandInput>[] = [
    {},
    { Constraints: subset({ tenant: 'b' }) },
    { Constraints: subset({ more: '1' }) },
    { Constraints: { EncryptionContextEquals: { more: '1' } } },
    { Operations: ['GenerateDataKey'], Constraints: subset({ tenant: 'a' }) },
  ];
  for (const request of wider) await assert.rejects(create(KeyId, request), denied);
});

test('a Deny in the key policy overrides every grant', async () => {
  const KeyId = await createKey(plane);
  const CiphertextBlob = await encrypt(KeyId);
  const { GrantToken } = await create(KeyId, { GranteePrincipal: rootArn });
  const principal = { Principal: { AWS: rootArn }, Resource: '*' };
  const Policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Action: 'kms:*', ...principal },
      { Effect: 'Deny', Action: ['kms:Decrypt', 'kms:RetireGrant'], ...principal },
    ],
  });
  await plane.kms.send(new PutKeyPolicyCommand({ KeyId, Policy }));
  await assert.rejects(plane.kms.send(new DecryptCommand({ CiphertextBlob })), {
    ...denied,
    message: /with an explicit deny in a resource-based policy$/,
  });
  await assert.rejects(plane.kms.send(new RetireGrantCommand({ GrantToken })), denied);
  assert.equal((await list(KeyId)).length, 1);
});

test('grants are listed in pages, and can be filtered by id and grantee', async () => {
  const KeyId = await createKey(plane);
  const made: string[] = [];
  for (let i = 0; i < 5; i++) {
    plane.machine.clock.advance(1);
    made.push((await create(KeyId, i === 2 ? { GranteePrincipal: rootArn } : {})).GrantId);
  }
  const found: (string | undefined)[] = [];
  let Marker: string | undefined;
  do {
    const page = await plane.kms.send(new ListGrantsCommand({ KeyId, Limit: 2, Marker }));
    assert.equal(page.Truncated, page.NextMarker !== undefined);
    found.push(...(page.Grants ?? []).map(({ GrantId }) => GrantId));
    Marker = page.NextMarker;
  } while (Marker !== undefined);
  assert.deepEqual(found, made);
  const byId = await plane.kms.send(new ListGrantsCommand({ KeyId, GrantId: made[3] }));
  assert.deepEqual(
    byId.Grants?.map(({ GrantId }) => GrantId),
    [made[3]],
  );
  const byGrantee = new ListGrantsCommand({ KeyId, GranteePrincipal: rootArn });
  const ofRoot = await plane.kms.send(byGrantee);
  assert.deepEqual(
    ofRoot.Grants?.map(({ GrantId }) => GrantId),
    [made[2]],
  );
  await assert.rejects(plane.kms.send(new ListGrantsCommand({ KeyId, Limit: 101 })), {
    name: 'ValidationException',
  });
  await assert.rejects(plane.kms.send(new ListGrantsCommand({ KeyId, GrantId: 'x' })), {
    name: 'InvalidGrantIdException',
  });
});

test('grants that a principal can retire are listed across all keys', async () => {
  const bob = `arn:aws:iam::${accountId}:user/bob`;
  const keys = [await createKey(plane), await createKey(plane)];
  const made: string[] = [];
  for (const key of keys) {
    plane.machine.clock.advance(1);
    made.push((await create(key, { RetiringPrincipal: bob })).GrantId);
    await create(key, { RetiringPrincipal: alice });
  }
  const first = await plane.kms.send(
    new ListRetirableGrantsCommand({ RetiringPrincipal: bob, Limit: 1 }),
  );
  assert.equal(first.Truncated, true);
  const second = await plane.kms.send(
    new ListRetirableGrantsCommand({ RetiringPrincipal: bob, Marker: first.NextMarker }),
  );
  const found = [...(first.Grants ?? []), ...(second.Grants ?? [])];
  assert.deepEqual(
    found.map(({ GrantId }) => GrantId),
    made,
  );
  assert.deepEqual(
    found.map(({ KeyId }) => KeyId),
    keys,
  );
});

test('a grant can be retired by its token, or by key and grant id, and is then removed', async () => {
  const KeyId = await createKey(plane);
  const byToken = await create(KeyId);
  await plane.kms.send(new RetireGrantCommand({ GrantToken: byToken.GrantToken }));
  const { GrantId } = await create(KeyId);
  await plane.kms.send(new RetireGrantCommand({ KeyId, GrantId }));
  assert.deepEqual(await list(KeyId), []);
  const gone = { name: 'NotFoundException', message: `Grant with id ${GrantId} not found` };
  await assert.rejects(plane.kms.send(new RetireGrantCommand({ KeyId, GrantId })), gone);
  await assert.rejects(plane.kms.send(new RevokeGrantCommand({ KeyId, GrantId })), gone);
  await assert.rejects(plane.kms.send(new RetireGrantCommand({ GrantToken: byToken.GrantToken })), {
    name: 'NotFoundException',
  });
});

test('RetireGrant with an incomplete grant reference or a forged token is refused', async () => {
  const KeyId = await createKey(plane);
  const { GrantId, GrantToken } = await create(KeyId);
  for (const named of [{}, { KeyId }, { GrantId }]) {
    await assert.rejects(plane.kms.send(new RetireGrantCommand(named)), {
      name: 'ValidationException',
    });
  }
  const forged = `${GrantToken.slice(0, -6)}AAAAA=`;
  await assert.rejects(plane.kms.send(new RetireGrantCommand({ GrantToken: forged })), {
    name: 'InvalidGrantTokenException',
  });
  assert.equal((await list(KeyId)).length, 1);
});

test('a grant on one key is not found on another key', async () => {
  const [KeyId, other] = [await createKey(plane), await createKey(plane)];
  const { GrantId } = await create(KeyId);
  await assert.rejects(plane.kms.send(new RevokeGrantCommand({ KeyId: other, GrantId })), {
    name: 'NotFoundException',
  });
  assert.equal((await list(KeyId)).length, 1);
});
