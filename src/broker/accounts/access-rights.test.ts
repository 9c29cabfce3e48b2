import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BareBroker } from '../../../tests/support/bare-broker.ts';
import { everything } from '../users.ts';

async function limited(user: string, write: string, vhost = '/') {
  const { broker } = await BareBroker.open();
  broker.createVhost(vhost);
  broker.putUser(user, 'hash', []);
  broker.setPermission(user, vhost, everything);
  broker.accounts.setTopicPermission(user, vhost, 'amq.topic', { write, read: '^r' });
  const access = broker.access(broker.users.require(user), vhost);
  const may = (key: string) => {
    try {
      access.requireTopic('write', 'amq.topic', key);
      return true;
    } catch {
      return false;
    }
  };
  return { broker, access, may };
}

test('variables in topic permissions stand for the names of the user and the virtual host', async () => {
  const { may } = await limited('ann.b', '^{username}-{vhost}-', 'v(1)');
  assert.ok(may('ann.b-v(1)-x'));
  assert.ok(!may('annxb-v(1)-x'), 'a dot in a name is only a dot');
  assert.ok(!may('ann.b-v1-x'));
  const { may: mayAnything } = await limited('.*', '^{username}$');
  assert.ok(mayAnything('.*'));
  assert.ok(!mayAnything('somebody'));
});

test('a variable whose name makes the pattern too long permits nothing', async () => {
  const { may } = await limited('x'.repeat(255), '{username}'.repeat(10));
  assert.ok(!may('x'.repeat(255)));
  assert.ok(!may(''));
});

test('topic permissions restrict only their exchange, and an empty pattern permits only empty keys', async () => {
  const { access, may } = await limited('ann', '');
  assert.ok(!may('k'));
  assert.ok(may(''));
  access.requireTopic('write', 'another', 'k');
  access.requireTopic('read', 'amq.topic', 'r1');
  assert.throws(() => access.requireTopic('read', 'amq.topic', 'k'), {
    code: 'access-refused',
    message: "read access to topic 'k' in exchange 'amq.topic' in vhost '/' refused for user 'ann'",
  });
});

test('changed topic permissions take effect at once, and those of others change nothing', async () => {
  const { broker, access, may } = await limited('ann', '^a');
  assert.ok(may('a'));
  broker.putUser('bob', 'hash', []);
  assert.ok(may('a'));
  broker.accounts.setTopicPermission('ann', '/', 'amq.topic', { write: '^b', read: '' });
  assert.ok(!may('a'));
  assert.ok(may('b'));
  broker.accounts.clearTopicPermissions('ann', '/');
  assert.ok(!access.checksTopics('amq.topic'));
  assert.ok(may('a'));
});

test('a deleted user that is created again has no permissions', async () => {
  const { broker, access } = await limited('ann', '^a');
  access.require('write', 'exchange', 'x');
  broker.deleteUser('ann');
  broker.putUser('ann', 'hash', ['impersonator']);
  assert.throws(() => access.require('write', 'exchange', 'x'), { code: 'access-refused' });
  assert.ok(access.hasTag('impersonator'));
});
