import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  CreateAliasCommand,
  DeleteAliasCommand,
  DescribeKeyCommand,
  EncryptCommand,
  ListAliasesCommand,
  UpdateAliasCommand,
} from '@aws-sdk/client-kms';
import { createKey } from '../../support/broker-requests.ts';
import { accountId, ControlPlane, region } from '../../support/control-plane.ts';

let plane: ControlPlane;
before(async () => {
  plane = await ControlPlane.start();
});
after(() => plane.close());

function create(AliasName: string, TargetKeyId: string) {
  return plane.kms.send(new CreateAliasCommand({ AliasName, TargetKeyId }));
}

function idOf(arn: string): string {
  return arn.slice(arn.lastIndexOf('/') + 1);
}

const arnOf = (name: string) => `arn:aws:kms:${region}:${accountId}:${name}`;

test('a key can be used by its alias and by the ARN of its alias', async () => {
  const key = await createKey(plane);
  await create('alias/Shop/orders_1', key);
  for (const KeyId of ['alias/Shop/orders_1', arnOf('alias/Shop/orders_1')]) {
    const { KeyMetadata } = await plane.kms.send(new DescribeKeyCommand({ KeyId }));
    assert.equal(KeyMetadata?.Arn, key);
    const Plaintext = Buffer.from('x');
    assert.equal((await plane.kms.send(new EncryptCommand({ KeyId, Plaintext }))).KeyId, key);
  }
  await assert.rejects(plane.kms.send(new DescribeKeyCommand({ KeyId: 'alias/shop/orders_1' })), {
    name: 'NotFoundException',
  });
});

test('an alias is unique, and creating it again fails with AlreadyExistsException', async () => {
  const key = await createKey(plane);
  await create('alias/unique', key);
  await assert.rejects(create('alias/unique', key), {
    name: 'AlreadyExistsException',
    message: `An alias with the name ${arnOf('alias/unique')} already exists`,
  });
});

const wrongNames: readonly [name: string, exception: string][] = [
  ['orders', 'ValidationException'],
  ['alias/', 'InvalidAliasNameException'],
  ['alias/a:b', 'InvalidAliasNameException'],
  ['alias/a b', 'ValidationException'],
  [`alias/${'x'.repeat(251)}`, 'ValidationException'],
  ['alias/aws/mq', 'NotAuthorizedException'],
  ['alias/aws/mine', 'NotAuthorizedException'],
];
for (const [name, exception] of wrongNames) {
  test(`every call refuses the alias name ${name.slice(0, 20)} (${name.length})`, async () => {
    const key = await createKey(plane);
    await assert.rejects(create(name, key), { name: exception });
    const moved = new UpdateAliasCommand({ AliasName: name, TargetKeyId: key });
    await assert.rejects(plane.kms.send(moved), { name: exception });
    await assert.rejects(plane.kms.send(new DeleteAliasCommand({ AliasName: name })), {
      name: exception,
    });
  });
}

test('an alias cannot refer to another alias or to a missing key', async () => {
  await create('alias/first', await createKey(plane));
  const { KeyMetadata } = await plane.kms.send(new DescribeKeyCommand({ KeyId: 'alias/first' }));
  const aliasArn = `${KeyMetadata?.Arn?.split(':key/')[0]}:alias/first`;
  for (const target of ['alias/first', aliasArn, 'alias/none']) {
    const refused = { name: 'ValidationException', message: /must be a key id or a key ARN/ };
    await assert.rejects(create('alias/second', target), refused);
    const AliasName = 'alias/first';
    const update = new UpdateAliasCommand({ AliasName, TargetKeyId: target });
    await assert.rejects(plane.kms.send(update), refused);
  }
  await assert.rejects(create('alias/second', '00000000-0000-4000-8000-000000000000'), {
    name: 'NotFoundException',
  });
});

test('an alias can be moved only to a key of the same type and usage', async () => {
  const [first, second] = [await createKey(plane), await createKey(plane)];
  const signing = await createKey(plane, { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' });
  await create('alias/moves', first);
  const move = (TargetKeyId: string) =>
    plane.kms.send(new UpdateAliasCommand({ AliasName: 'alias/moves', TargetKeyId }));
  plane.machine.clock.advance(5000);
  await move(second);
  const { Aliases = [] } = await plane.kms.send(new ListAliasesCommand({ KeyId: second }));
  const [listed] = Aliases;
  assert.equal(listed?.TargetKeyId, idOf(second));
  assert.equal(
    Number(listed?.LastUpdatedDate) - Number(listed?.CreationDate),
    5000,
    'moved 5 s after it was made',
  );
  await assert.rejects(move(signing), { name: 'ValidationException' });
  const { KeyMetadata } = await plane.kms.send(new DescribeKeyCommand({ KeyId: 'alias/moves' }));
  assert.equal(KeyMetadata?.Arn, second);
});

test('a missing alias can be neither updated nor deleted', async () => {
  const message = `Alias ${arnOf('alias/nowhere')} is not found.`;
  const AliasName = 'alias/nowhere';
  const TargetKeyId = await createKey(plane);
  for (const command of [
    () => plane.kms.send(new UpdateAliasCommand({ AliasName, TargetKeyId })),
    () => plane.kms.send(new DeleteAliasCommand({ AliasName })),
  ]) {
    await assert.rejects(command(), { name: 'NotFoundException', message });
  }
});

test('a deleted alias refers to no key and can be created again', async () => {
  const key = await createKey(plane);
  await create('alias/comes-and-goes', key);
  await plane.kms.send(new DeleteAliasCommand({ AliasName: 'alias/comes-and-goes' }));
  const describe = new DescribeKeyCommand({ KeyId: 'alias/comes-and-goes' });
  await assert.rejects(plane.kms.send(describe), { name: 'NotFoundException' });
  await create('alias/comes-and-goes', key);
});

test('a key has at most 50 aliases, which are listed in pages', async () => {
  const KeyId = await createKey(plane);
  for (let i = 0; i < 50; i++) await create(`alias/many-${String(i).padStart(2, '0')}`, KeyId);
  await assert.rejects(create('alias/many-50', KeyId), { name: 'LimitExceededException' });
  const found: string[] = [];
  let Marker: string | undefined;
  do {
    const page = await plane.kms.send(new ListAliasesCommand({ KeyId, Limit: 20, Marker }));
    for (const { AliasName = '', AliasArn, TargetKeyId } of page.Aliases ?? []) {
      found.push(AliasName);
      assert.deepEqual([AliasArn, TargetKeyId], [arnOf(AliasName), idOf(KeyId)]);
    }
    assert.equal(page.Truncated, page.NextMarker !== undefined);
    Marker = page.NextMarker;
  } while (Marker !== undefined);
  assert.equal(new Set(found).size, 50);
  assert.equal(found.length, 50);
  await assert.rejects(plane.kms.send(new ListAliasesCommand({ Limit: 101 })), {
    name: 'ValidationException',
  });
});
