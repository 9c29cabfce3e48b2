import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Waxwing } from '../../support/waxwing.ts';
import { reasonToSkip, Terraform } from './terraform.ts';

// The real Terraform with its provider for AWS: create, plan without changes, change in place, plan
// without changes, destroy.

const skip = await reasonToSkip('hashicorp/aws');

let waxwing: Waxwing;

before(async () => {
  if (skip === false) waxwing = await Waxwing.start({ args: ['--no-default-broker'] });
});

after(async () => {
  await waxwing?.remove();
});

/** Runs with a declaration. The changes are variables, which are added to those before. */
async function walk(
  declaration: string,
  found: readonly unknown[],
  changes: readonly (readonly string[])[],
): Promise<void> {
  const terraform = new Terraform(waxwing.environment);
  try {
    await terraform.init(declaration);
    await terraform.apply();
    assert.deepEqual(await terraform.output('found'), found);
    const variables: string[] = [];
    for (const change of changes) {
      variables.push(...change.map((each) => `-var=${each}`));
      const text = await terraform.apply(...variables);
      assert.match(text, /Resources: 0 added, [1-9]\d* changed, 0 destroyed/);
    }
    await terraform.destroy(...variables);
  } finally {
    terraform.remove();
  }
}

test('brokers and configurations are created, changed and destroyed without plan differences', {
  skip,
}, async () => {
  await walk(
    'brokers.tf',
    ['events', true, 5, 'ACTIVEMQ', true],
    [
      ['audit=false'],
      ['xml=<forcePersistencyModeBrokerPlugin/>', 'timeout=1000000'],
      ['user=third-user'],
    ],
  );
});

test('keys, aliases, users, roles, policies, trails and log groups are created, changed and destroyed without plan differences', {
  skip,
}, async () => {
  await walk(
    'account.tf',
    ['first', true, true, 7200, '/shop/', 1, 30],
    [['text=second'], ['days=7'], ['switch=false']],
  );
});
