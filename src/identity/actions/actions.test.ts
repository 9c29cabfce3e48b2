import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compilePolicy } from '../policies/compile-policy.ts';
import { evaluate } from '../policies/evaluate.ts';
import { actionCatalogue, findAction } from './catalogue.ts';
import { providedDocuments } from './managed-policies.ts';

test('every action has one entry, and its resource types have an ARN format', () => {
  for (const { prefix, resources, actions } of actionCatalogue) {
    const names = actions.map(({ name }) => name);
    assert.deepEqual([...new Set(names)], names, prefix);
    for (const action of actions) {
      assert.match(action.name, /^[A-Z][A-Za-z]+$/);
      assert.deepEqual(
        action.resources.filter((type) => !(type in resources)),
        [],
        action.name,
      );
    }
  }
});

test('actions are found case-insensitively, and unknown actions are not found', () => {
  assert.equal(findAction('MQ:createbroker')?.name, 'CreateBroker');
  assert.equal(findAction('iam:PassRole')?.isPermissionOnly, true);
  assert.equal(findAction('mq:FlyAway'), undefined);
  assert.equal(findAction('__proto__'), undefined);
});

test('managed policies have the names of AWS', () => {
  const wanted = [
    'AdministratorAccess',
    'AmazonMQApiFullAccess',
    'AmazonMQApiReadOnlyAccess',
    'AmazonMQFullAccess',
    'AmazonMQReadOnlyAccess',
    'AmazonMQServiceRolePolicy',
    'AWSCloudTrail_ReadOnlyAccess',
    'AWSKeyManagementServicePowerUser',
    'IAMFullAccess',
    'IAMReadOnlyAccess',
    'IAMUserChangePassword',
    'ReadOnlyAccess',
    'SecurityAudit',
  ];
  const names = providedDocuments.map(({ name }) => name);
  assert.deepEqual(
    wanted.filter((name) => !names.includes(name)),
    [],
  );
});

const identityOf = (name: string) =>
  providedDocuments
    .filter((policy) => policy.name === name)
    .map(({ document }) => compilePolicy(document, 'identity'));

/** The actions of the catalogue that a provided policy allows on `*`. */
function allowedBy(name: string): string[] {
  const principal = {
    accountId: '111122223333',
    arn: 'arn:aws:iam::111122223333:user/a',
    isRoot: false,
  };
  const identity = identityOf(name);
  return actionCatalogue.flatMap(({ prefix, actions }) =>
    actions
      .map((action) => `${prefix}:${action.name}`)
      .filter((action) => {
        const request = { principal, action, resource: '*', values: new Map() };
        return evaluate(request, { identity, isAccountRoot: false }).outcome === 'allowed';
      }),
  );
}

const all = actionCatalogue.flatMap(({ prefix, actions }) =>
  actions.map((action) => ({ ...action, full: `${prefix}:${action.name}` })),
);

test('every managed policy is valid', () => {
  for (const { document } of providedDocuments) compilePolicy(document, 'identity');
});

test('AdministratorAccess allows every action', () => {
  assert.equal(allowedBy('AdministratorAccess').length, all.length);
});

test('read-only policies allow no write actions', () => {
  const writes = all
    .filter(({ access }) => access !== 'Read' && access !== 'List')
    .map(({ full }) => full);
  for (const name of [
    'AmazonMQReadOnlyAccess',
    'AmazonMQApiReadOnlyAccess',
    'ReadOnlyAccess',
    'SecurityAudit',
    'IAMReadOnlyAccess',
    'AWSCloudTrail_ReadOnlyAccess',
  ]) {
    const allowed = allowedBy(name);
    assert.ok(allowed.length > 0, name);
    assert.deepEqual(
      allowed.filter((action) => writes.includes(action)),
      [],
      name,
    );
  }
});

test('full access to Amazon MQ allows all MQ actions and no KMS actions', () => {
  for (const name of ['AmazonMQFullAccess', 'AmazonMQApiFullAccess']) {
    const allowed = allowedBy(name);
    const mq = all.filter(({ full }) => full.startsWith('mq:')).map(({ full }) => full);
    assert.deepEqual(
      allowed.filter((action) => action.startsWith('mq:')),
      mq,
    );
    assert.ok(!allowed.some((action) => action.startsWith('kms:')));
  }
});

test('a user may change only their own password', () => {
  const identity = identityOf('IAMUserChangePassword');
  const arn = 'arn:aws:iam::111122223333:user/anna';
  const principal = { accountId: '111122223333', arn, isRoot: false };
  const outcomeOn = (resource: string) =>
    evaluate(
      {
        principal,
        action: 'iam:ChangePassword',
        resource,
        values: new Map([['aws:username', 'anna']]),
      },
      { identity, isAccountRoot: false },
    ).outcome;
  assert.equal(outcomeOn(arn), 'allowed');
  assert.equal(outcomeOn('arn:aws:iam::111122223333:user/dev/anna'), 'allowed');
  assert.equal(outcomeOn('arn:aws:iam::111122223333:user/otto'), 'implicitDeny');
});
