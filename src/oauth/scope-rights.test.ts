import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Claims, scopesOf, tagsOf, usernameOf } from './claims.ts';
import { ScopeRights } from './scope-rights.ts';
import type { ResourceServer } from './settings.ts';

const server: ResourceServer = {
  id: 'rabbitmq',
  provider: '',
  scopePrefix: 'rabbitmq.',
  additionalScopes: [],
  usernameClaims: ['sub', 'client_id'],
  scopeAliases: {},
  verifiesAudience: true,
};

const rightsOf = (scopes: string[], claims: Claims = {}) => new ScopeRights(scopes, claims);

test('a scope grants its right on names in virtual hosts that its patterns match', () => {
  const cases: readonly (readonly [
    scope: string,
    vhost: string,
    name: string,
    granted: boolean,
  ])[] = [
    ['read:*/*', '/', 'a/b', true],
    ['read:%2F/*', '/', 'q', true],
    ['read:%2F/*', 'x', 'q', false],
    ['read:v*/q-*-end', 'v1', 'q-1-end', true],
    ['read:v*/q-*-end', 'v1', 'q-end', false],
    ['read:v/a*a', 'v', 'a', false],
    ['read:v/a*a', 'v', 'aa', true],
    ['read:v/*b*c*', 'v', 'abxcx', true],
    ['read:v/*b*c*', 'v', 'acxbx', false],
    ['read:v/bar%2A%2Fbaz', 'v', 'bar*/baz', true],
    ['read:v/bar%2A%2Fbaz', 'v', 'barx/baz', false],
    ['read:v/a+b', 'v', 'a b', true],
    ['read:v/%zz', 'v', '%zz', false],
    ['read:v', 'v', '', false],
    ['read:v/q/k/more', 'v', 'q', false],
    ['read:v/q', 'v', 'Q', false],
    ['READ:v/q', 'v', 'q', false],
    ['write:v/q', 'v', 'q', false],
    ['read:v/amq.default', 'v', 'amq.default', true],
    ['read:{vhost}/{vhost}-*', 'v*', 'v*-1', true],
    ['read:{vhost}/{vhost}-*', 'v*', 'vv-1', false],
  ];
  for (const [scope, vhost, name, granted] of cases) {
    const rights = rightsOf([scope]);
    assert.equal(rights.permits(vhost, 'read', name), granted, `${scope} in ${vhost} on ${name}`);
  }
});

test('a virtual host is permitted if any scope names it', () => {
  const rights = rightsOf(['configure:a/x', 'tag:administrator', 'read:b*/y/z']);
  const permitted = ['a', 'b', 'b1', 'c', '/'].filter((vhost) => rights.permitsVhost(vhost));
  assert.deepEqual(permitted, ['a', 'b', 'b1']);
});

test('only scopes with a third part grant routing keys', () => {
  const rights = rightsOf(['write:v/t', 'write:v/x/a.*', 'read:*/*/%23']);
  const cases = [
    ['write', 't', 'a', false],
    ['write', 'x', 'a.b', true],
    ['write', 'x', 'b.a', false],
    ['read', 'x', '#', true],
    ['read', 'x', 'a', false],
  ] as const;
  for (const [right, exchange, key, granted] of cases) {
    assert.equal(rights.permitsTopic('v', right, exchange, key), granted, `${right} ${key}`);
  }
});

test('a claim in a scope matches only itself, and a missing one grants nothing', () => {
  const claims = { sub: '*', client_id: 'a/b', number: 7 };
  const rights = rightsOf(
    ['read:v/{sub}', 'read:v/q-{client_id}', 'read:v/{other}x', 'read:v/{number}'],
    claims,
  );
  const permitted = ['*', 'q', 'q-a/b', 'x', 'otherx', '7', 'number'].filter((name) =>
    rights.permits('v', 'read', name),
  );
  assert.deepEqual(permitted, ['*', 'q-a/b']);
});

test('scopes come from several claims, without the prefix of the service', () => {
  const of = (claims: Claims, more: Partial<ResourceServer> = {}) =>
    scopesOf(claims, { ...server, ...more });
  assert.deepEqual(of({ scope: 'rabbitmq.read:a/b  other.write:a/b' }), ['read:a/b']);
  assert.deepEqual(of({ scope: ['rabbitmq.a', 'rabbitmq.a', 7, 'b'] }), ['a']);
  assert.deepEqual(of({ scope: 'a b' }, { scopePrefix: '' }), ['a', 'b']);
  assert.deepEqual(of({}), []);
  const nested = {
    authorization: { permissions: [{ scopes: ['rabbitmq.x'] }, { scopes: ['y'] }] },
  };
  assert.deepEqual(of(nested), ['x']);
  const roles = { roles: ['rabbitmq.r'], realm: { access: { rabbitmq: ['s', 't'] } } };
  const additionalScopes = [['roles'], ['realm', 'access'], ['none', 'at', 'all']];
  assert.deepEqual(of(roles, { additionalScopes }), ['r', 's', 't']);
  const scopeAliases = { admin: ['rabbitmq.tag:administrator', 'rabbitmq.read:*/*'] };
  assert.deepEqual(of({ scope: 'admin constructor' }, { scopeAliases }), [
    'tag:administrator',
    'read:*/*',
  ]);
  const many = Array.from({ length: 2049 }, (_, i) => `rabbitmq.${i}`);
  assert.throws(() => of({ scope: many }), { code: 'token-refused', message: /2048 scopes/ });
  assert.equal(of({ scope: many.slice(1) }).length, 2048);
});

test('tags and the user name come from the token', () => {
  assert.deepEqual(tagsOf(['tag:management', 'tag:', 'read:*/*', 'tag:policymaker']), [
    'management',
    'policymaker',
  ]);
  const nameOf = (claims: Claims, usernameClaims = server.usernameClaims) =>
    usernameOf(claims, { ...server, usernameClaims });
  assert.equal(nameOf({ sub: 'anna', client_id: 'web' }), 'anna');
  assert.equal(nameOf({ client_id: 'web' }), 'web');
  assert.equal(nameOf({ sub: 7 }), 'unknown');
  assert.equal(nameOf({ sub: 'anna', mail: 'a@b' }, ['mail', 'sub']), 'a@b');
  assert.throws(() => nameOf({ sub: '' }), { code: 'token-refused' });
});
