import assert from 'node:assert/strict';
import { createSecretKey, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { systemRandom } from '../base/random.ts';
import type { Entry } from '../storage/journal.ts';
import { newAccountId } from './identifiers.ts';
import { Identity, type IdentityChange } from './identity.ts';

const key = createSecretKey(randomBytes(32));

function applied(identity: Identity, entries: readonly Entry[]): void {
  for (const entry of entries) {
    assert.ok('journal' in entry && entry.journal === identity.name);
    // The journal's own changes, on their way through the log.
    identity.apply(JSON.parse(JSON.stringify(entry.change)) as IdentityChange);
  }
}

function newIdentity(): Identity {
  const identity = new Identity(key);
  applied(identity, identity.createAccount('123456789012', 1));
  applied(identity, identity.createRootAccessKey(systemRandom, 2));
  return identity;
}

function rootSecret(identity: Identity): string | undefined {
  return identity
    .findAccessKey(identity.rootAccessKeyId ?? '')
    ?.secret()
    .reveal();
}

test('the root access key is found with its caller and a secret in AWS format', () => {
  const identity = newIdentity();
  assert.match(identity.rootAccessKeyId ?? '', /^AKIA[A-Z2-7]{16}$/);
  assert.match(rootSecret(identity) ?? '', /^[A-Za-z0-9/+]{40}$/);
  assert.deepEqual(identity.findAccessKey(identity.rootAccessKeyId ?? '')?.caller, {
    type: 'root',
    accountId: '123456789012',
    arn: 'arn:aws:iam::123456789012:root',
    principalId: '123456789012',
  });
});

test('an unknown access key is not found', () => {
  assert.equal(newIdentity().findAccessKey('AKIAUNKNOWNUNKNOWN22'), undefined);
  assert.equal(newIdentity().findAccessKey('__proto__'), undefined);
});

test('a snapshot restores the same account and keys', () => {
  const identity = newIdentity();
  const again = new Identity(key);
  for (const change of identity.snapshot()) again.apply(change);
  assert.equal(again.accountId, '123456789012');
  assert.equal(again.rootAccessKeyId, identity.rootAccessKeyId);
  assert.equal(rootSecret(again), rootSecret(identity));
});

test('the journal never contains a plaintext secret', () => {
  const identity = newIdentity();
  const written = JSON.stringify([...identity.snapshot()]);
  const secret = rootSecret(identity) ?? '';
  assert.ok(!written.includes(secret));
  assert.ok(!written.includes(Buffer.from(secret).toString('base64')));
});

test('a sealed secret cannot be opened for another access key or with another sealing key', () => {
  const [account, record] = [...newIdentity().snapshot()];
  assert.ok(account && record?.type === 'root-access-key-created');
  const moved = new Identity(key);
  moved.apply(account);
  moved.apply({ ...record, accessKeyId: 'AKIAOTHEROTHEROTHER2' });
  assert.throws(() => rootSecret(moved));
  const foreign = new Identity(createSecretKey(randomBytes(32)));
  foreign.apply(account);
  foreign.apply(record);
  assert.throws(() => rootSecret(foreign));
});

test('an account id has 12 digits and no leading zero', () => {
  for (let count = 0; count < 1000; count += 1) {
    assert.match(newAccountId(systemRandom), /^[1-9]\d{11}$/);
  }
});
