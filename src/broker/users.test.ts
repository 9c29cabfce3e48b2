import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  BareBroker,
  Inbox,
  login,
  owner,
  plainSubscribe,
} from '../../tests/support/bare-broker.ts';
import { everything } from './users.ts';

const rights = (b: BareBroker, user: string) =>
  [...(b.broker.users.get(user)?.permissions ?? [])].map(([vhost, { write }]) => [vhost, write]);

/** The broker after a crash that leaves what was synced. */
async function crashed(b: BareBroker): Promise<BareBroker> {
  b.log.syncNow();
  return await BareBroker.open(b);
}

test('users, permissions and virtual hosts survive a crash and a checkpoint', async () => {
  const b = await BareBroker.open();
  b.broker.createVhost('v');
  b.broker.putUser('bob', 'hash of bob', ['monitoring']);
  b.broker.setPermission('bob', 'v', { configure: '', write: '^w', read: '' });
  b.broker.setPermission('ann', 'v', everything);
  b.broker.clearPermission('ann', 'v');
  for (const roll of [false, true]) {
    if (roll) b.log.roll(b.broker.store);
    const after = await crashed(b);
    assert.deepEqual([...after.broker.vhosts.keys()], ['/', 'v']);
    assert.deepEqual(rights(after, 'ann'), [['/', '.*']]);
    assert.deepEqual(rights(after, 'bob'), [['v', '^w']]);
    assert.deepEqual(after.broker.users.get('bob')?.tags, ['monitoring']);
    assert.equal((await login(after.broker, 'bob', 'hash of bob'))?.name, 'bob');
  }
});

test('initial users are created once, and later changes and deletions persist', async () => {
  const b = await BareBroker.open();
  b.broker.putUser('ann', 'another', []);
  const changed = await crashed(b);
  assert.equal(changed.broker.users.get('ann')?.passwordHash, 'another');
  changed.broker.deleteUser('ann');
  changed.broker.deleteVhost('/');
  const after = await crashed(changed);
  assert.equal(after.broker.users.get('ann'), undefined);
  assert.equal(after.broker.vhosts.size, 0);
});

test('deleting a virtual host removes its queues and permissions and disconnects its clients', async () => {
  const b = await BareBroker.open();
  const vhost = b.broker.createVhost('v');
  b.broker.setPermission('ann', 'v', everything);
  const options = { durable: true, exclusive: false, autoDelete: false, arguments: {} };
  const inbox = new Inbox();
  vhost.declareQueue('q', options, owner).subscribe(inbox, plainSubscribe);
  const reasons: string[] = [];
  const ann = b.broker.users.require('ann');
  for (const name of ['/', 'v']) {
    const shutdown = (reason: string) => reasons.push(`${name}: ${reason}`);
    b.broker.clientConnections.add({
      access: b.broker.access(ann, name),
      channelCount: 0,
      shutdown,
    });
  }
  b.broker.deleteVhost('v');
  assert.match(inbox.cancelReason ?? '', /was deleted/);
  assert.deepEqual(reasons, ["v: vhost 'v' is deleted"]);
  b.broker.createVhost('v');
  const after = await crashed(b);
  assert.equal(after.broker.vhost('v').queues.size, 0);
  assert.deepEqual(rights(after, 'ann'), [['/', '.*']]);
  assert.throws(() => b.broker.access(ann, 'v'), { code: 'not-allowed' });
});

test('deleting a user disconnects the clients of that user', async () => {
  const { broker } = await BareBroker.open();
  const reasons: string[] = [];
  const access = broker.access(broker.users.require('ann'), '/');
  broker.clientConnections.add({
    access,
    channelCount: 0,
    shutdown: (reason) => reasons.push(reason),
  });
  broker.deleteUser('ann');
  assert.deepEqual(reasons, ["user 'ann' is deleted"]);
  assert.throws(() => access.require('read', 'queue', 'q'), { code: 'access-refused' });
});

test('a changed permission takes effect immediately', async () => {
  const { broker } = await BareBroker.open();
  const access = broker.access(broker.users.require('ann'), '/');
  access.require('read', 'queue', 'abc');
  broker.setPermission('ann', '/', { configure: '', write: '', read: '^x' });
  assert.throws(() => access.require('read', 'queue', 'abc'), { code: 'access-refused' });
  access.require('read', 'queue', 'xyz');
});

test('each action without permission is reported with its user, and permitted ones are not', async () => {
  const { broker } = await BareBroker.open();
  const denied: string[] = [];
  broker.users.denied = ({ user }, text) => denied.push(`${user}: ${text}`);
  broker.createVhost('v');
  broker.putUser('bob', 'hash', []);
  broker.setPermission('bob', '/', { configure: '', write: '^w', read: '' });
  const access = broker.access(broker.users.require('bob'), '/');
  access.require('write', 'exchange', 'work');
  for (const _ of [1, 2]) {
    assert.throws(() => access.require('read', 'queue', 'q'), { code: 'access-refused' });
  }
  assert.throws(() => broker.access(broker.users.require('bob'), 'v'), { code: 'not-allowed' });
  const read = "bob: read access to queue 'q' in vhost '/' refused for user 'bob'";
  assert.deepEqual(denied, [read, read, "bob: access to vhost 'v' refused for user 'bob'"]);
});

test('permissions for an unknown user or virtual host, or with an invalid pattern, are rejected', async () => {
  const { broker } = await BareBroker.open();
  assert.throws(() => broker.setPermission('eve', '/', everything), { code: 'not-found' });
  assert.throws(() => broker.setPermission('ann', 'v', everything), { code: 'not-allowed' });
  assert.throws(() => broker.setPermission('ann', '/', { ...everything, read: '(' }), {
    code: 'precondition-failed',
    message: /^the pattern of read '\(' is not a supported regular expression: missing clos/,
  });
});

test('waiters for definitions resume once the definitions are synced', async () => {
  const b = await BareBroker.open();
  b.broker.putUser('bob', 'hash', []);
  let isDone = false;
  const waiting = b.broker.defined().then(() => {
    isDone = true;
  });
  await new Promise(setImmediate);
  assert.equal(isDone, false);
  b.log.syncNow();
  await waiting;
  await b.broker.defined();
});
