import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Directory } from '../../../src/ldap/directory.ts';
import { findPermissions } from '../../../src/ldap/permissions.ts';
import type { DirectorySettings } from '../../../src/ldap/settings.ts';
import { installed } from '../../support/debian-packages.ts';
import {
  directoryOf,
  freeLdapPort,
  LdapAuthority,
  LdapServer,
  oddUser,
  passwordOf,
  patientLimits,
  permissionBase,
  service,
} from '../../support/ldap-server.ts';

// Log-ins against Debian's slapd over TLS.
const skip = (await installed('slapd')) ?? false;

let authority: LdapAuthority;
let servers: LdapServer[] = [];
let reports: string[] = [];

before(async () => {
  if (skip !== false) return;
  authority = await LdapAuthority.create();
  const port = await freeLdapPort();
  servers = await Promise.all(
    ['127.0.0.1', '127.0.0.2'].map((host) => LdapServer.start(host, port, authority)),
  );
});

after(async () => {
  await Promise.all(servers.map((server) => server.remove()));
});

function directory(changes: Partial<DirectorySettings> = {}): Directory {
  reports = [];
  return new Directory({
    settings: directoryOf(authority, servers, changes),
    report: (text) => reports.push(text),
    limits: patientLimits,
  });
}

const groupsOf = async (of: Directory, user: string) => {
  const found = await of.logIn(user, passwordOf(user));
  return typeof found === 'string' ? found : [...found.groups].sort();
};

test('users log in with their passwords and have the groups that contain them', {
  skip,
}, async () => {
  const users = directory();
  assert.deepEqual(await groupsOf(users, 'amy'), ['admins', 'staff']);
  assert.deepEqual(await groupsOf(users, 'bob'), ['staff']);
  assert.deepEqual(await groupsOf(users, 'eve'), ['amazonmq-console-admins']);
  assert.deepEqual(await groupsOf(users, oddUser), ['staff']);
  assert.deepEqual(await groupsOf(users, 'deep'), ['staff']);
  assert.equal(await users.logIn('amy', passwordOf('bob')), 'wrong-password');
  assert.equal(await users.logIn('nobody', passwordOf('amy')), 'unknown-user');
  assert.deepEqual(reports, []);
});

test('an empty password is refused even though the server accepts it', { skip }, async () => {
  let isAccepted = false;
  await servers[0]?.change(async (client) => {
    await client.bind('uid=amy,ou=people,dc=example,dc=com', '');
    isAccepted = true;
  });
  assert.ok(isAccepted, 'the server does not check empty passwords');
  assert.equal(await directory().logIn('amy', ''), 'unknown-user');
});

test('client input cannot alter an LDAP search', { skip }, async () => {
  const users = directory();
  const names = [
    ...[
      '*',
      'a*',
      'amy*',
      'amy)(uid=*',
      '*)(uid=amy',
      'amy)(|(uid=*',
      ')(&',
      '(uid=amy)',
      'amy))((',
    ],
    ...[
      'amy\0',
      '\\61my',
      'amy\\',
      'uid=amy,ou=people,dc=example,dc=com',
      '',
      '{0}',
      '{1}',
      '\ud800',
    ],
  ];
  for (const name of names) {
    const found = await users.logIn(name, passwordOf('amy'));
    assert.equal(typeof found, 'string', JSON.stringify(name));
  }
  assert.deepEqual(reports, []);
});

test('a user name with several entries is refused', { skip }, async () => {
  assert.equal(await directory().logIn('twin', passwordOf('twin')), 'unknown-user');
  assert.deepEqual(reports, ['the user search found several entries for one name']);
});

test('without search subtree, only entries directly below the base are found', {
  skip,
}, async () => {
  const base = 'ou=people,dc=example,dc=com';
  const users = directory({ users: { base, filter: '(uid={0})', isSubtree: false } });
  assert.equal(await groupsOf(users, 'deep'), 'unknown-user');
  assert.deepEqual(await groupsOf(users, 'bob'), ['staff']);
  const above = { base: 'dc=example,dc=com', filter: '(member={0})' };
  const without = directory({ groups: { ...above, isSubtree: false } });
  assert.deepEqual(await groupsOf(without, 'bob'), []);
  const within = directory({ groups: { ...above, isSubtree: true } });
  assert.deepEqual(await groupsOf(within, 'bob'), ['staff']);
});

test('groups are found by user name, by user attributes, or not at all', {
  skip,
}, async () => {
  const base = 'ou=groups,dc=example,dc=com';
  const byName = '(member=uid={1},ou=people,dc=example,dc=com)';
  const named = directory({ groups: { base, filter: byName, isSubtree: true } });
  assert.deepEqual(await groupsOf(named, 'amy'), ['admins', 'staff']);
  const own = directory({ userGroupAttribute: 'TITLE' });
  assert.deepEqual(await groupsOf(own, 'eve'), [
    'amazonmq-console-admins',
    'another',
    'eves group',
  ]);
  assert.deepEqual(await groupsOf(own, 'bob'), ['staff']);
  assert.deepEqual(await groupsOf(directory({ groupNameAttribute: null }), 'amy'), []);
});

test('the second server is asked if the first is down, and login fails if both are down', {
  skip,
}, async () => {
  const [first, second] = servers;
  const users = directory();
  await first?.stop();
  assert.deepEqual(await groupsOf(users, 'bob'), ['staff']);
  assert.match(reports.join(), /^LDAP server 127\.0\.0\.1:\d+: .*ECONNREFUSED/);
  reports = [];
  assert.equal(await users.logIn('bob', 'wrong'), 'wrong-password');
  assert.deepEqual(reports, [], 'the server that answered is asked first');
  await second?.stop();
  await assert.rejects(users.logIn('bob', passwordOf('bob')), { code: 'host-unavailable' });
  assert.equal(reports.length, 2);
  await Promise.all(servers.map((server) => server.start()));
  assert.deepEqual(await groupsOf(users, 'bob'), ['staff']);
});

test('a server without a valid certificate is not used', { skip }, async () => {
  const { certificate } = await LdapAuthority.create();
  for (const changes of [{ authorities: certificate }, { authorities: null }]) {
    await assert.rejects(directory(changes).logIn('bob', passwordOf('bob')), {
      code: 'host-unavailable',
      message: /unable to verify the first certificate|self.signed|unable to get/,
    });
  }
  // The certificate is for the address.
  await assert.rejects(directory({ hosts: ['localhost'] }).logIn('bob', passwordOf('bob')), {
    code: 'host-unavailable',
    message: /does not match certificate/,
  });
});

test('login fails with wrong service account credentials or an unusable filter', {
  skip,
}, async () => {
  const wrong = directory({ serviceAccount: { ...service, password: 'canary-wrong' } });
  await assert.rejects(wrong.logIn('bob', passwordOf('bob')), {
    code: 'request-refused',
    message: /^LDAP server 127\.0\.0\.2:\d+: it refused the service account$/,
  });
  assert.doesNotMatch(reports.join(), /canary/);
  const base = 'ou=people,dc=example,dc=com';
  const filters = ['(uid=amy)', 'user.search.matching', '(uid={0}', '((uid={0}))', '(={0})'];
  for (const filter of filters) {
    const unusable = directory({ users: { base, filter, isSubtree: true } });
    await assert.rejects(unusable.logIn('amy', passwordOf('amy')), { code: 'filter-invalid' });
    assert.match(reports.join(), /^every log-in is refused: the filter /);
  }
  const everybody = { base: 'ou=groups,dc=example,dc=com', filter: '(cn=admins)', isSubtree: true };
  const all = directory({ groups: everybody });
  await assert.rejects(all.logIn('eve', passwordOf('eve')), { code: 'filter-invalid' });
});

const bases = {
  queues: permissionBase('queues'),
  topics: permissionBase('topics'),
  temporary: permissionBase('temporary'),
};

/** The permissions as lines. */
async function permissions(isLegacy: boolean, changes: Partial<typeof bases> = {}) {
  const found = await directory().withConnection((connection) =>
    findPermissions(connection, { ...bases, ...changes, isLegacy }),
  );
  return found.map(({ kind, name, right, ...who }) => {
    return `${kind} ${name} ${right}: ${who.groups.join()} ${who.users.join()}`.trimEnd();
  });
}

test('authorization entries of destinations are found with their groups and users', {
  skip,
}, async () => {
  assert.deepEqual((await permissions(false)).sort(), [
    'queue > admin: admins',
    'queue > read: admins',
    'queue > write: admins',
    'queue staff.> admin: staff eve',
    'queue staff.> write: staff eve',
    'temporary  admin: staff',
    'topic news.* read: staff',
  ]);
  // Members are named by the first part of their names, and are groups.
  const legacy = await permissions(true);
  assert.ok(legacy.includes('queue > admin: admins,nobody'));
  assert.ok(legacy.includes('queue staff.> write: staff,eve'));
  const missing = permissions(false, { topics: 'ou=nowhere,dc=example,dc=com' });
  await assert.rejects(missing, { code: 'request-refused', message: /code 32$/ });
});
