import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { systemClock } from '../../../src/base/clock.ts';
import { userWithRights } from '../../../src/broker/logins/logins.ts';
import { afterDecisions } from '../../../src/broker/logins/undecided.ts';
import { readRabbitMqSettings } from '../../../src/control/configurations/rabbitmq/cuttlefish.ts';
import type { LdapServiceSettings } from '../../../src/control/configurations/rabbitmq/ldap.ts';
import { LdapService } from '../../../src/engines/waxwing/rabbitmq/ldap-service.ts';
import { RemoteLogins } from '../../../src/engines/waxwing/rabbitmq/remote-logins.ts';
import { installed } from '../../support/debian-packages.ts';
import {
  freeLdapPort,
  LdapAuthority,
  LdapServer,
  oddUser,
  passwordOf,
  service,
} from '../../support/ldap-server.ts';

// Log-ins and rights of users of RabbitMQ brokers, against Debian's slapd over TLS.
const skip = (await installed('slapd')) ?? false;

const groups = 'ou=groups,dc=example,dc=com';
const people = 'ou=people,dc=example,dc=com';

let authority: LdapAuthority;
let server: LdapServer;
/** Refusals wait with a timer that keeps no process alive. */
const alive = setInterval(() => {}, 60_000);

before(async () => {
  if (skip !== false) return;
  authority = await LdapAuthority.create();
  server = await LdapServer.start('127.0.0.1', await freeLdapPort(), authority);
});

after(async () => {
  clearInterval(alive);
  if (skip === false) await server.remove();
});

const account = `auth_ldap.other_bind.user_dn = ${service.name}
aws.arns.assume_role_arn = arn:aws:iam::123456789012:role/r
aws.arns.auth_ldap.other_bind.password = arn:aws:secretsmanager:us-east-1:123456789012:secret:s
`;

/** Log-ins with the settings of a configuration. */
function loginsOf(lines: string, changes: Partial<LdapServiceSettings> = {}) {
  const { ldap } = readRabbitMqSettings(
    `auth_backends.1 = ldap
auth_ldap.servers.1 = 127.0.0.1
auth_ldap.port = ${server.port}
auth_ldap.timeout = 15000
${account}${lines}`,
    4,
  );
  assert.ok(ldap);
  const withPassword = { as: 'account', ...service } as const;
  const lookup = ldap.lookup && { ...ldap.lookup, bind: withPassword };
  const settings = {
    ...ldap,
    authorities: authority.certificate,
    bind: withPassword,
    lookup,
    ...changes,
  };
  const reports: string[] = [];
  const logins = new RemoteLogins(
    new LdapService(settings, systemClock),
    { keptMs: 0, keepsRefusals: false },
    (text) => reports.push(text),
  );
  const check = (username: string, password = passwordOf(username)) =>
    logins.check({ username, password, peerAddress: '192.0.2.1:1', isGone: false });
  const rightsOf = async (username: string) => {
    const found = await check(username);
    assert.ok(typeof found !== 'string' && 'user' in found, String(found));
    const { rights } = found.user;
    assert.ok(rights);
    return rights;
  };
  return { check, rightsOf, reports };
}

const direct = `auth_ldap.user_dn_pattern = uid=\${username},${people}\n`;

test('users log in with their entries, and wrong passwords do not', { skip }, async () => {
  for (const lines of [
    direct,
    `auth_ldap.dn_lookup_attribute = uid\nauth_ldap.dn_lookup_base = ${people}
auth_ldap.dn_lookup_bind.user_dn = ${service.name}
aws.arns.auth_ldap.dn_lookup_bind.password = arn:aws:secretsmanager:us-east-1:123456789012:secret:s
`,
  ]) {
    const { check } = loginsOf(lines);
    for (const user of ['amy', oddUser]) {
      const found = await check(user);
      assert.ok(typeof found !== 'string' && 'user' in found, user);
      assert.equal(found.user.name, user);
    }
    for (const [user, password] of [
      ['amy', passwordOf('bob')],
      ['amy', ''],
      ['nobody', 'x'],
      ['*', passwordOf('amy')],
      [`amy,${people}`, passwordOf('amy')],
    ] as const) {
      assert.equal(typeof (await check(user, password)), 'string', user);
    }
  }
});

test('all spellings of the name of a user are one identity', { skip }, async () => {
  const { check } = loginsOf(direct);
  const identityOf = async (username: string, password = passwordOf('amy')) => {
    const found = await check(username, password);
    assert.ok(typeof found !== 'string' && 'user' in found, username);
    return found.user.rights?.identity;
  };
  const amy = await identityOf('amy');
  assert.ok(amy);
  for (const name of ['AMY', 'Amy', 'amy ', ' amy', 'A\u{ff2d}Y']) {
    assert.equal(await identityOf(name), amy, JSON.stringify(name));
  }
  assert.notEqual(await identityOf('bob', passwordOf('bob')), amy);
});

test('queries decide about tags, virtual hosts, objects and routing keys', { skip }, async () => {
  const { rightsOf } = loginsOf(`${direct}
auth_ldap.queries.tags = '''[{administrator, {in_group, "cn=admins,${groups}"}},
  {management, {constant, true}}]'''
auth_ldap.queries.vhost_access = {'not', {equals, "\${vhost}", "closed"}}
auth_ldap.queries.resource_access = '''
{for, [{permission, configure, {in_group, "cn=admins,${groups}", "member"}},
       {permission, write, {for, [{resource, queue, {constant, true}},
                                  {resource, exchange, {in_group, "cn=staff,${groups}"}}]}},
       {permission, read, {'and', [{exists, "uid=\${username},${people}"},
                                   {match, {string, "\${name}"}, {string, "^\${username}-"}}]}}]}
'''
auth_ldap.queries.topic_access = {'or', [{match, "\${routing_key}", "^a\\."}, {equals, {attribute, "\${user_dn}", "title"}, "eves group"}]}
`);
  const amy = await rightsOf('amy');
  const bob = await rightsOf('bob');
  const eve = await rightsOf('eve');
  assert.deepEqual([amy.tags, bob.tags], [['administrator', 'management'], ['management']]);
  const decide = (of: () => boolean) => afterDecisions(of);
  assert.equal(await decide(() => amy.permitsVhost('/')), true);
  assert.equal(await decide(() => amy.permitsVhost('closed')), false);
  const cases = [
    [amy, 'configure', 'queue', 'q', true],
    [bob, 'configure', 'queue', 'q', false],
    [bob, 'write', 'exchange', 'q', true],
    [eve, 'write', 'exchange', 'q', false],
    [eve, 'write', 'queue', 'q', true],
    [eve, 'read', 'queue', 'eve-1', true],
    [eve, 'read', 'queue', 'amy-1', false],
  ] as const;
  for (const [rights, right, kind, name, isPermitted] of cases) {
    const found = await decide(() => rights.permits('/', right, kind, name));
    assert.equal(found, isPermitted, `${right} ${kind} ${name}`);
  }
  assert.equal(await decide(() => bob.permitsTopic('/', 'write', 't', 'a.b')), true);
  assert.equal(await decide(() => bob.permitsTopic('/', 'write', 't', 'b.a')), false);
  assert.equal(await decide(() => eve.permitsTopic('/', 'write', 't', 'b.a')), true);
});

test('a group can contain groups', { skip }, async () => {
  await server.change((client) =>
    client.add(`cn=everybody,${groups}`, {
      objectClass: 'groupOfNames',
      cn: 'everybody',
      member: [`cn=staff,${groups}`, `cn=everybody,${groups}`],
    }),
  );
  const { rightsOf } = loginsOf(`${direct}
auth_ldap.group_lookup_base = ${groups}
auth_ldap.queries.tags = [{monitoring, {in_group_nested, "cn=everybody,${groups}"}}]
`);
  assert.deepEqual((await rightsOf('bob')).tags, ['monitoring']);
  assert.deepEqual((await rightsOf('eve')).tags, []);
});

test('names of users do not change queries', { skip }, async () => {
  const { rightsOf } = loginsOf(`${direct}
auth_ldap.queries.vhost_access = {exists, "uid=\${username},${people}"}
`);
  const rights = await rightsOf(oddUser);
  assert.equal(await afterDecisions(() => rights.permitsVhost('/')), true);
  assert.equal(userWithRights(oddUser, rights).name, oddUser);
});

test('without an answer, log-ins are not checked and rights are refused', { skip }, async () => {
  const query = 'auth_ldap.queries.vhost_access = {exists, "dc=example,dc=com"}\n';
  const { check, rightsOf, reports } = loginsOf(`${direct}${query}`);
  const rights = await rightsOf('amy');
  await server.stop();
  try {
    assert.equal(await check('amy'), 'unavailable');
    assert.equal(await afterDecisions(() => rights.permitsVhost('/')), false);
  } finally {
    await server.start();
  }
  assert.match(reports.join('\n'), /a permission was refused without an answer: LDAP server 127/);
  for (const text of reports) assert.ok(!text.includes('canary'), text);
});
