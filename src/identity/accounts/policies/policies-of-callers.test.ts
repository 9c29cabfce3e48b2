import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { systemRandom } from '../../../base/random.ts';
import type { Caller } from '../../../calls/caller.ts';
import { IamJournal } from '../iam-journal.ts';
import { ManagedPolicies } from './managed-policies.ts';
import { PoliciesOfCallers } from './policies-of-callers.ts';

const accountId = '111122223333';
const arn = `arn:aws:iam::${accountId}:user/anna`;
const anna: Caller = { type: 'user', accountId, arn, principalId: 'AIDA', userName: 'anna' };

/** The policies of a user with one inline policy of its own, and one of each of its groups. */
function policiesWith(groupCount: number, statementCount: number): PoliciesOfCallers {
  const journal = new IamJournal();
  const common = { path: '/', createdMs: 0, attached: [] };
  const groups = Array.from({ length: groupCount }, (_, index) => `AGPA${index}`);
  const Resource = Array.from(
    { length: statementCount },
    (_, index) => `arn:aws:mq:*:*:broker:${index}`,
  );
  const put = (id: string) => {
    const Statement = [{ Sid: id, Effect: 'Allow', Action: 'mq:DescribeBroker', Resource }];
    const document = JSON.stringify({ Version: '2012-10-17', Statement });
    journal.apply({ put: 'inline', id, record: { name: 'own', document } });
  };
  for (const id of groups) {
    journal.apply({ put: 'group', record: { ...common, id, name: id } });
    put(id);
  }
  const record = { ...common, id: 'AIDA', name: 'anna', groups, tags: [] };
  journal.apply({ put: 'user', record });
  put('AIDA');
  const managed = new ManagedPolicies({
    journal,
    accountId: () => accountId,
    random: systemRandom,
  });
  return new PoliciesOfCallers(journal, managed);
}

test('many policies of a caller are compiled in several turns, which other work uses too', async () => {
  const policies = policiesWith(10, 250);
  let isPrepared = false;
  const preparing = policies.prepare(anna)?.then(() => {
    isPrepared = true;
  });
  assert.ok(preparing !== undefined);
  let turns = 0;
  while (!isPrepared) {
    turns += 1;
    await setImmediate();
  }
  assert.ok(turns >= 5, `${turns} turns`);
  assert.equal(policies.policiesOf(anna).identity.length, 11);
  assert.equal(policies.prepare(anna), undefined, 'they are compiled');
});

test('calls of a caller with few policies, or none, do not wait', () => {
  assert.equal(policiesWith(2, 10).prepare(anna), undefined);
  const root: Caller = { ...anna, type: 'root', principalId: accountId };
  assert.equal(policiesWith(10, 250).prepare(root), undefined);
});
