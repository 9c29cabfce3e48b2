import assert from 'node:assert/strict';
import { createSecretKey } from 'node:crypto';
import { test } from 'node:test';
import { principalsWith } from '../../tests/support/principal-policies.ts';
import { noPermission, type Permissions } from '../aws/service.ts';
import { AssertionFailure } from '../base/assert.ts';
import { systemRandom } from '../base/random.ts';
import type { CallContext } from '../calls/call-context.ts';
import type { Caller } from '../calls/caller.ts';
import { AuthorizationMessages } from '../identity/authorization-messages.ts';
import { CallAuthoriser } from './call-authoriser.ts';

const accountId = '111122223333';
const key = createSecretKey(Buffer.alloc(32, 1));
const messages = new AuthorizationMessages(key, systemRandom);
const authoriser = new CallAuthoriser(principalsWith({}), messages);

const callers: Readonly<Record<string, Caller>> = {
  'a user without policies': {
    type: 'user',
    accountId,
    arn: `arn:aws:iam::${accountId}:user/nobody`,
    principalId: 'AIDANOBODY',
    userName: 'nobody',
  },
  'the root user': {
    type: 'root',
    accountId,
    arn: `arn:aws:iam::${accountId}:root`,
    principalId: accountId,
  },
  'a service': { type: 'service', accountId, arn: 'mq.amazonaws.com', principalId: 'mq' },
};

function contextOf(caller: Caller): CallContext {
  return {
    caller,
    invokedBy: undefined,
    requestId: 'r',
    eventId: 'e',
    region: 'us-east-1',
    accountId,
    sourceIp: '192.0.2.1',
    userAgent: 'test',
    nowMs: 0,
  };
}

/** A list without permissions, which the type does not allow. */
const none = [] as unknown as Permissions;

for (const [name, caller] of Object.entries(callers)) {
  test(`a call that names no permission is refused to ${name}`, () => {
    assert.throws(() => authoriser.authorise(none, contextOf(caller)), AssertionFailure);
  });

  test(`an operation that declares to need no permission is not refused to ${name}`, () => {
    authoriser.authorise(noPermission('a test'), contextOf(caller));
  });
}

test('one missing permission of several refuses a call', () => {
  const { 'a user without policies': nobody } = callers;
  assert.ok(nobody);
  const given = { action: 'mq:ListBrokers', resources: [], isGiven: true };
  authoriser.authorise([given], contextOf(nobody));
  const asked: Permissions = [given, { action: 'mq:CreateTags', resources: [] }];
  assert.throws(() => authoriser.authorise(asked, contextOf(nobody)), { code: 'access-denied' });
});
