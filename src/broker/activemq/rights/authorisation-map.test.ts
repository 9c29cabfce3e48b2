import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AuthorisationEntry } from './authorisation.ts';
import { AuthorisationMap } from './authorisation-map.ts';

const users = [
  ['amy', ['admins', 'staff']],
  ['bob', ['staff']],
  ['eve', []],
  ['__proto__', ['staff']],
] as const;

/** An entry of queues with the same groups for all permissions. */
function queue(name: string, groups: string, more: Partial<AuthorisationEntry> = {}) {
  const all = groups.split(' ');
  return { kind: 'queue', name, read: all, write: all, admin: all, ...more } as const;
}

function mapOf(...entries: AuthorisationEntry[]): AuthorisationMap {
  return new AuthorisationMap({ entries, temporary: undefined, users });
}

test('the permissions on a name are the union of all matching entries', () => {
  const map = mapOf(
    queue('>', 'admins'),
    queue('USERS.>', 'admins', { read: ['staff'] }),
    queue('USERS.A.*', '', { write: ['staff'], read: [], admin: [] }),
    queue('USERS.A.B', '', { admin: ['staff'], read: [], write: [] }),
  );
  const rows: [user: string, name: string, permitted: string][] = [
    ['amy', 'USERS.A.B', 'read write admin'],
    ['bob', 'USERS.A.B', 'read write admin'],
    ['bob', 'USERS.A.C', 'read write'],
    ['bob', 'USERS.A.C.D', 'read'],
    ['bob', 'USERS', 'read'],
    ['bob', 'USERS2', ''],
    ['bob', 'OTHER', ''],
    ['amy', 'OTHER', 'read write admin'],
    ['eve', 'USERS.A.B', ''],
    ['nobody', 'USERS.A.B', ''],
    ['__proto__', 'USERS.A.C', 'read write'],
    ['constructor', 'USERS.A.C', ''],
  ];
  for (const [user, name, permitted] of rows) {
    const found = (['read', 'write', 'admin'] as const).filter((right) =>
      map.permits(user, right, 'queue', name),
    );
    assert.equal(found.join(' '), permitted, `${user} ${name}`);
    assert.equal(map.permits(user, 'read', 'topic', name), false, 'topics have other entries');
  }
});

test('group * contains every user, and an entry grants only its own permissions', () => {
  const map = mapOf(queue('A', '*', { write: [] }));
  assert.equal(map.permits('eve', 'read', 'queue', 'A'), true);
  assert.equal(map.permits('eve', 'write', 'queue', 'A'), false);
  assert.equal(map.permits('eve', 'read', 'queue', 'A.B'), false);
  assert.equal(mapOf().permits('amy', 'read', 'queue', 'A'), false, 'an empty map denies');
});

test('a wildcard name needs one entry that covers everything it matches', () => {
  const rows: [entry: string, name: string, isPermitted: boolean][] = [
    ['>', '>', true],
    ['>', 'A.>', true],
    ['>', '*', true],
    ['A.>', 'A.>', true],
    ['A.>', 'A.*', true],
    ['A.>', 'A.*.C', true],
    ['A.>', 'A.B.>', true],
    ['A.>', '>', false],
    ['A.>', '*', false],
    ['A.*', 'A.*', true],
    ['A.*', 'A.>', false],
    ['A.*.*', 'A.*.>', false],
    ['A.*.*', 'A.>', false],
    ['A.*', 'A.B.>', false],
    ['A.B', 'A.*', false],
    ['A.B', 'A.>', false],
    ['*.B', '*.B', true],
    ['*.B', '*.*', false],
    ['A.*.>', 'A.>', false],
    ['A.*.>', 'A.*', true],
    ['A.*.>', 'A.*.>', true],
    ['A.>.>', 'A.>', false],
    ['A.>.B', 'A.>', false],
  ];
  for (const [entry, name, isPermitted] of rows) {
    const map = mapOf(queue(entry, 'staff'));
    assert.equal(map.permits('bob', 'read', 'queue', name), isPermitted, `${entry} for ${name}`);
  }
});

test('permissions are decided per user and name, also beyond the cache size', () => {
  const map = mapOf(queue('A.>', 'staff'), queue('B', '*'));
  for (let i = 0; i < 12_000; i++) {
    assert.equal(map.permits('bob', 'read', 'queue', `A.${i}`), true);
    assert.equal(map.permits('eve', 'read', 'queue', `A.${i}`), false);
  }
  // A name and a user that together read like another pair.
  assert.equal(map.permits('eve', 'read', 'queue', 'B'), true);
  assert.equal(map.permits('', 'read', 'queue', 'Beve'), false);
});

test('temporary destinations have their own permissions, and are unrestricted by default', () => {
  const groups = { read: ['staff'], write: ['*'], admin: ['admins'] };
  const map = new AuthorisationMap({ entries: [queue('>', '*')], temporary: groups, users });
  const permitted = (user: string) =>
    (['read', 'write', 'admin'] as const).filter((right) => map.permitsTemporary(user, right));
  assert.deepEqual(permitted('amy'), ['read', 'write', 'admin']);
  assert.deepEqual(permitted('bob'), ['read', 'write']);
  assert.deepEqual(permitted('eve'), ['write']);
  assert.equal(mapOf().permitsTemporary('eve', 'admin'), true);
});

test('the directory groups of a user replace the groups of the map', () => {
  const map = mapOf(queue('A', 'staff'), queue('B', 'admins'));
  const [staff, admins, none] = [['staff'], ['admins'], []];
  assert.equal(map.permits('eve', 'read', 'queue', 'A', staff), true);
  assert.equal(map.permits('eve', 'read', 'queue', 'B', staff), false);
  // The same user with other groups, after a change in the directory.
  assert.equal(map.permits('eve', 'read', 'queue', 'B', admins), true);
  assert.equal(map.permits('eve', 'read', 'queue', 'A', admins), false);
  assert.equal(map.permits('amy', 'read', 'queue', 'A', none), false, 'not those of the map');
  assert.equal(map.permits('amy', 'read', 'queue', 'A'), true);
});

test('directory permissions can name users', () => {
  const none = { read: [], write: [], admin: [] };
  const users = { read: ['eve'], write: [], admin: ['bob'] };
  const map = new AuthorisationMap({
    entries: [{ kind: 'queue', name: 'A.>', ...none, users }],
    temporary: { ...none, users },
    users: [],
  });
  assert.equal(map.permits('eve', 'read', 'queue', 'A.B', []), true);
  assert.equal(map.permits('eve', 'write', 'queue', 'A.B', []), false);
  assert.equal(map.permits('bob', 'read', 'queue', 'A.B', ['eve']), false);
  assert.equal(map.permitsTemporary('bob', 'admin', []), true);
  assert.equal(map.permitsTemporary('eve', 'admin', []), false);
});
