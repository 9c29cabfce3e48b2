import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../../../../tests/support/manual-clock.ts';
import type { Authorisation } from '../../../broker/activemq/rights/authorisation.ts';
import type { DirectoryConnection } from '../../../ldap/connection.ts';
import { LdapError } from '../../../ldap/errors.ts';
import { authorisationOf, FollowedRights } from './directory-rights.ts';

const rights = {
  queues: 'ou=Q',
  topics: undefined,
  temporary: undefined,
  isLegacy: true,
  refreshMs: 60_000,
};

const turns = () => new Promise((resolve) => setImmediate(resolve));

/** A directory with one permission, whose members a test sets; undefined if it is away. */
class OnePermission {
  members: string[] | undefined = ['cn=staff,ou=G'];
  askedCount = 0;
  withConnection<T>(use: (connection: DirectoryConnection) => Promise<T>): Promise<T> {
    const { members } = this;
    this.askedCount++;
    if (members === undefined) return Promise.reject(new LdapError('host-unavailable', 'away'));
    const search = () => Promise.resolve([{ dn: 'cn=read,cn=A.$,ou=Q', member: members }]);
    return use({ search } as unknown as DirectoryConnection);
  }
}

test('permissions are searched periodically, and changes are reported', async () => {
  const clock = new ManualClock();
  const directory = new OnePermission();
  const told: Authorisation[] = [];
  const reports: string[] = [];
  const followed = new FollowedRights({
    directory,
    rights,
    clock,
    changed: (authorisation) => told.push(authorisation),
    report: (text) => reports.push(text),
  });
  const last = () => told.at(-1)?.entries.map(({ name, read }) => `${name} ${read.join()}`);
  await followed.start();
  assert.deepEqual(last(), ['A.> staff']);
  clock.advance(60_000);
  await turns();
  assert.equal(told.length, 1, 'nothing has changed');
  directory.members = ['cn=admins,ou=G', 'cn=b\\,c'];
  clock.advance(60_000);
  await turns();
  assert.deepEqual(last(), ['A.> admins,b,c']);
  directory.members = undefined;
  clock.advance(60_000);
  await turns();
  assert.deepEqual([told.length, reports], [2, ['the permissions cannot be read: away']]);
  directory.members = [];
  clock.advance(60_000);
  await turns();
  assert.deepEqual(last(), ['A.> ']);
  followed.close();
  const { askedCount } = directory;
  clock.advance(600_000);
  assert.equal(directory.askedCount, askedCount);
});

test('temporary destination permissions are merged, and denied without entries', () => {
  const of = (name: string) =>
    ({ kind: 'temporary', name: '', groups: [name], users: [] }) as const;
  const found = [
    { ...of('a'), right: 'read' },
    { ...of('b'), right: 'read' },
    { ...of('c'), right: 'admin', users: ['u'] },
  ] as const;
  assert.deepEqual(authorisationOf(found, { temporary: 'ou=T' }).temporary, {
    read: ['a', 'b'],
    write: [],
    admin: ['c'],
    users: { read: [], write: [], admin: ['u'] },
  });
  const none = { read: [], write: [], admin: [] };
  const empty = authorisationOf([], { temporary: 'ou=T' });
  assert.deepEqual(empty.temporary, { ...none, users: none });
  assert.equal(authorisationOf([], { temporary: undefined }).temporary, undefined);
});
