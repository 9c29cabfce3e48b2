import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readRabbitMqSettings } from './cuttlefish.ts';

const read = (...lines: string[]) => readRabbitMqSettings(lines.join('\n'), 4);
const refused = (message: RegExp) => ({ code: 'bad-request', message });

test('without log-in services, only the own users log in', () => {
  const { mqtt: _, stomp: __, ...settings } = read('heartbeat = 60');
  assert.deepEqual(settings, {
    loginServices: [{ authentication: 'internal', authorisation: 'internal' }],
    mechanisms: ['PLAIN', 'AMQPLAIN'],
    limits: { heartbeatSeconds: 60 },
    listeners: {},
    changesOperatorPolicies: false,
    arns: {},
  });
});

test('limits are read with the names of the broker', () => {
  const { limits } = read(
    'consumer_timeout = 0',
    'connection_max = 5',
    'channel_max_per_node = 6',
    'cluster_queue_limit = 7',
    'cluster_exchange_limit = 8',
    'vhost_max = 9',
    'consumer_max_per_channel = 10',
    'max_message_size = 11',
  );
  assert.deepEqual(limits, {
    consumerTimeoutMs: null,
    connectionCountMax: 5,
    channelCountMax: 6,
    queueCountSum: 7,
    exchangeCountSum: 8,
    vhostCountMax: 9,
    consumersPerChannelMax: 10,
    bodyBytesMax: 11,
  });
  assert.equal(read('consumer_timeout = 60000').limits.consumerTimeoutMs, 60_000);
});

test('log-in services are asked in the order of their numbers', () => {
  const { loginServices } = read(
    'auth_backends.10 = internal',
    'auth_backends.2.authn = rabbit_auth_backend_oauth2',
    'auth_backends.2.authz = internal',
    'auth_backends.1 = oauth2',
    'auth_oauth2.resource_server_id = rabbitmq',
    'auth_oauth2.issuer = https://example.com',
  );
  assert.deepEqual(
    loginServices.map(({ authentication, authorisation }) => [authentication, authorisation]),
    [
      ['oauth2', 'oauth2'],
      ['oauth2', 'internal'],
      ['internal', 'internal'],
    ],
  );
});

test('the settings of OAuth 2.0 have the defaults of RabbitMQ', () => {
  const { oauth } = read(
    'auth_backends.1 = oauth2',
    'auth_oauth2.resource_server_id = rabbitmq',
    'auth_oauth2.issuer = https://example.com/tenant/',
  );
  assert.deepEqual(oauth?.resourceServers, [
    {
      id: 'rabbitmq',
      provider: '',
      scopePrefix: 'rabbitmq.',
      additionalScopes: [],
      usernameClaims: ['sub', 'client_id'],
      scopeAliases: {},
      verifiesAudience: true,
    },
  ]);
  const [provider] = oauth?.providers ?? [];
  assert.equal(
    provider?.discoveryUrl,
    'https://example.com/tenant/.well-known/openid-configuration',
  );
  assert.equal(provider?.keysUrl, null);
  assert.ok(!provider?.algorithms.some((each) => each.startsWith('HS')));
});

test('resource servers and providers can have settings of their own', () => {
  const { oauth } = read(
    'auth_backends.1 = oauth2',
    'auth_oauth2.default_oauth_provider = a',
    'auth_oauth2.preferred_username_claims.2 = upn',
    'auth_oauth2.preferred_username_claims.1 = email',
    'auth_oauth2.additional_scopes_key = roles realm.access',
    'auth_oauth2.verify_aud = false',
    'auth_oauth2.scope_aliases.admin = x.tag:administrator x.read:*/*',
    'auth_oauth2.algorithms.1 = ES256',
    'auth_oauth2.oauth_providers.a.jwks_uri = https://a.example/keys',
    'auth_oauth2.oauth_providers.b.issuer = https://b.example',
    'auth_oauth2.oauth_providers.b.discovery_endpoint_path = .well-known/other',
    'auth_oauth2.oauth_providers.b.discovery_endpoint_params.p = 1&2',
    'auth_oauth2.oauth_providers.b.algorithms.1 = RS256',
    'auth_oauth2.oauth_providers.b.default_key = k',
    'auth_oauth2.resource_servers.one.scope_prefix = x.',
    'auth_oauth2.resource_servers.two.id = second',
    'auth_oauth2.resource_servers.two.oauth_provider_id = b',
    'auth_oauth2.resource_servers.two.verify_aud = true',
    'auth_oauth2.resource_servers.two.scope_aliases.1.alias = api://a/role',
    'auth_oauth2.resource_servers.two.scope_aliases.1.scope = second.write:*/*',
  );
  const common = {
    additionalScopes: [['roles'], ['realm', 'access']],
    usernameClaims: ['email', 'upn', 'sub', 'client_id'],
  };
  assert.deepEqual(oauth?.resourceServers, [
    {
      ...common,
      id: 'one',
      provider: 'a',
      scopePrefix: 'x.',
      scopeAliases: { admin: ['x.tag:administrator', 'x.read:*/*'] },
      verifiesAudience: false,
    },
    {
      ...common,
      id: 'second',
      provider: 'b',
      scopePrefix: 'second.',
      scopeAliases: { 'api://a/role': ['second.write:*/*'] },
      verifiesAudience: true,
    },
  ]);
  const shown = oauth?.providers.map(({ id, keysUrl, discoveryUrl, algorithms, defaultKey }) => {
    return [id, keysUrl ?? discoveryUrl, algorithms, defaultKey];
  });
  assert.deepEqual(shown, [
    ['a', 'https://a.example/keys', ['ES256'], null],
    ['b', 'https://b.example/.well-known/other?p=1%262', ['RS256'], 'k'],
  ]);
});

test('an HTTP service has paths, and answers can be kept', () => {
  const paths = ['user', 'vhost', 'resource', 'topic'].map(
    (name) => `auth_http.${name}_path = https://auth.example/${name}`,
  );
  const plain = read('auth_backends.1 = http', ...paths);
  assert.deepEqual(plain.http, {
    method: 'get',
    userPath: 'https://auth.example/user',
    vhostPath: 'https://auth.example/vhost',
    resourcePath: 'https://auth.example/resource',
    topicPath: 'https://auth.example/topic',
    timeoutMs: 5000,
    authorities: null,
    certificate: null,
    privateKey: null,
  });
  const cached = read(
    'auth_backends.1 = cache',
    'auth_cache.cached_backend = http',
    'auth_cache.cache_ttl = 60000',
    'auth_http.http_method = post',
    'auth_http.request_timeout = 1000',
    ...paths,
  );
  assert.deepEqual(cached.loginServices, [
    {
      authentication: 'http',
      authorisation: 'http',
      cache: { keptMs: 60_000, keepsRefusals: false },
    },
  ]);
  assert.deepEqual([cached.http?.method, cached.http?.timeoutMs], ['post', 1000]);
});

test('incomplete or unsafe settings are refused with the name of the key', () => {
  const oauth = ['auth_backends.1 = oauth2', 'auth_oauth2.resource_server_id = r'];
  const cases: readonly (readonly [lines: readonly string[], message: RegExp])[] = [
    [['auth_backends.1 = oauth2'], /\[auth_oauth2\.resource_server_id\] or a resource server/],
    [oauth, /\[auth_oauth2\.jwks_uri\] or \[auth_oauth2\.issuer\] is required/],
    [['auth_backends.1 = saml'], /\[auth_backends\.1\] must be internal or/],
    [['auth_backends.1.authz = internal'], /\[auth_backends\.1\.authn\] is missing/],
    [
      ['auth_backends.1.authn = internal', 'auth_backends.1.authz = oauth2'],
      /\[auth_backends\.1\.authz\] must be internal or/,
    ],
    [['auth_backends.1 = http'], /\[auth_http\.user_path\] is missing/],
    [['auth_http.user_path = http://a'], /begins with https/],
    [['auth_http.ssl_options.verify = verify_none'], /must be verify_peer/],
    [['auth_backends.1 = cache'], /\[auth_cache\.cached_backend\] is missing/],
    [['auth_mechanisms.1 = EXTERNAL'], /EXTERNAL needs \[ssl_options\.verify\]/],
    [['ssl_options.verify = verify_peer'], /\[aws\.arns\.ssl_options\.cacertfile\] is missing/],
    [['ssl_options.fail_if_no_peer_cert = true'], /needs \[ssl_options\.verify\]/],
    [['auth_oauth2.https.peer_verification = verify_none'], /must be verify_peer/],
    [['auth_oauth2.algorithms.1 = HS256'], /\[auth_oauth2\.algorithms\.1\] must be one of RS256/],
    [['auth_oauth2.jwks_uri = http://a'], /must be a URL that begins with https/],
    [['auth_oauth2.signing_keys.a = /etc/passwd'], /is not supported/],
    [['auth_oauth2.resource_server_type = x'], /is not supported/],
    [
      [...oauth, 'auth_oauth2.issuer = https://a', 'auth_oauth2.scope_aliases.1.alias = a'],
      /\[auth_oauth2\.scope_aliases\.1\.scope\] is missing/,
    ],
  ];
  for (const [lines, message] of cases) assert.throws(() => read(...lines), refused(message));
});
