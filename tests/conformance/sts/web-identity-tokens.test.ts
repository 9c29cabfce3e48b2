import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import {
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  DisableOutboundWebIdentityFederationCommand,
  EnableOutboundWebIdentityFederationCommand,
  GetOutboundWebIdentityFederationInfoCommand,
  ListRolePoliciesCommand,
} from '@aws-sdk/client-iam';
import {
  GetSessionTokenCommand,
  GetWebIdentityTokenCommand,
  type GetWebIdentityTokenCommandInput,
  type STSClient,
} from '@aws-sdk/client-sts';
import {
  type CryptoKey,
  createLocalJWKSet,
  decodeProtectedHeader,
  exportJWK,
  generateKeyPair,
  type JSONWebKeySet,
  jwtVerify,
  SignJWT,
} from 'jose';
import { systemClock } from '../../../src/base/clock.ts';
import { readRabbitMqSettings } from '../../../src/control/configurations/rabbitmq/cuttlefish.ts';
import { HttpsClient } from '../../../src/net/http/https-client.ts';
import { Tokens } from '../../../src/oauth/tokens.ts';
import {
  assume,
  credentialsOf,
  newRole,
  newUser,
  testAccounts,
  trust,
  userArn,
} from '../../support/callers.ts';
import { accountId, region } from '../../support/control-plane.ts';
import { eventsNamed } from '../../support/trail-events.ts';

const accounts = await testAccounts();
let { plane, callers, iam } = accounts;
let http = new HttpsClient({ authorities: plane.endpoint.ca, clock: systemClock });
after(() => http.close());

const tokenActions = ['sts:GetWebIdentityToken', 'sts:TagGetWebIdentityToken'];
const mayAsk = (more: object = {}, Action: string | readonly string[] = tokenActions) => ({
  Effect: 'Allow',
  Action,
  Resource: '*',
  ...more,
});

const rootArn = `arn:aws:iam::${accountId}:root`;

/** The issuer's URL, which is created if there is none. */
async function issuer(): Promise<string> {
  try {
    const found = await iam.send(new GetOutboundWebIdentityFederationInfoCommand({}));
    assert.equal(found.JwtVendingEnabled, true);
    return found.IssuerIdentifier ?? '';
  } catch {
    const made = await iam.send(new EnableOutboundWebIdentityFederationCommand({}));
    return made.IssuerIdentifier ?? '';
  }
}

function ask(sts: STSClient, more: Partial<GetWebIdentityTokenCommandInput> = {}) {
  const input = { Audience: ['rabbitmq'], SigningAlgorithm: 'ES384', ...more };
  return sts.send(new GetWebIdentityTokenCommand(input));
}

/** Verifies a token as another service does: with the keys that the issuer's document names. */
async function verified(token: string, audience: string) {
  const url = await issuer();
  const found = (await http.getJson(new URL(`${url}/.well-known/openid-configuration`))) as {
    issuer: string;
    jwks_uri: string;
  };
  assert.equal(found.issuer, url);
  const keys = (await http.getJson(new URL(found.jwks_uri))) as JSONWebKeySet;
  const currentDate = new Date(plane.machine.clock.nowMs());
  const { payload } = await jwtVerify(token, createLocalJWKSet(keys), {
    issuer: url,
    audience,
    currentDate,
  });
  return payload;
}

test('the issuer is enabled, described and disabled, each only once', async () => {
  const absent = { name: 'FeatureDisabledException' };
  await assert.rejects(iam.send(new GetOutboundWebIdentityFederationInfoCommand({})), absent);
  await assert.rejects(iam.send(new DisableOutboundWebIdentityFederationCommand({})), absent);
  await assert.rejects(ask(callers.as().sts), {
    name: 'OutboundWebIdentityFederationDisabledException',
  });
  const both = await Promise.allSettled(
    [1, 2].map(() => iam.send(new EnableOutboundWebIdentityFederationCommand({}))),
  );
  assert.deepEqual(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
  const url = await issuer();
  assert.match(url, /^https:\/\/127\.0\.0\.1:\d+\/web-identity\/[\da-f-]{36}$/);
  await assert.rejects(iam.send(new EnableOutboundWebIdentityFederationCommand({})), {
    name: 'FeatureEnabledException',
  });
  await iam.send(new DisableOutboundWebIdentityFederationCommand({}));
  await assert.rejects(iam.send(new GetOutboundWebIdentityFederationInfoCommand({})), absent);
  assert.equal(await issuer(), url);
});

for (const SigningAlgorithm of ['ES384', 'RS256']) {
  test(`a session of a role gets a token with ${SigningAlgorithm} that others can verify`, async () => {
    const name = `orders-${SigningAlgorithm}`;
    const url = await issuer();
    const owner = await newUser(iam, `owner-${SigningAlgorithm}`, {
      statements: [mayAsk({}, 'sts:AssumeRole')],
    });
    await newRole(iam, name, trust(userArn(`owner-${SigningAlgorithm}`)), [mayAsk()]);
    const { Credentials: session } = await assume(callers.as(owner).sts, name);
    const { sts } = callers.as(credentialsOf(session));
    const { WebIdentityToken = '', Expiration } = await ask(sts, {
      SigningAlgorithm,
      Tags: [{ Key: 'team', Value: 'shop' }],
    });
    const nowSeconds = Math.floor(plane.machine.clock.nowMs() / 1000);
    assert.equal(decodeProtectedHeader(WebIdentityToken).alg, SigningAlgorithm);
    const { jti, ...claims } = await verified(WebIdentityToken, 'rabbitmq');
    assert.match(jti ?? '', /^[\da-f-]{36}$/);
    const arn = `arn:aws:iam::${accountId}:role/${name}`;
    assert.deepEqual(claims, {
      iss: url,
      sub: arn,
      aud: 'rabbitmq',
      iat: nowSeconds,
      nbf: nowSeconds,
      exp: nowSeconds + 300,
      'https://sts.amazonaws.com/': {
        aws_account: accountId,
        source_region: region,
        principal_id: arn,
        request_tags: { team: 'shop' },
        original_session_exp: session?.Expiration?.toISOString(),
      },
    });
    assert.equal(Expiration?.getTime(), (nowSeconds + 300) * 1000);
    await assert.rejects(verified(WebIdentityToken, 'another'), { claim: 'aud' });
  });
}

test('a token needs its permission, and policies can limit audience, algorithm, time and tags', async () => {
  await issuer();
  const none = callers.as(await newUser(iam, 'none')).sts;
  await assert.rejects(ask(none), { name: 'AccessDenied' });
  const untagged = await newUser(iam, 'untagged', {
    statements: [mayAsk({}, 'sts:GetWebIdentityToken')],
  });
  await ask(callers.as(untagged).sts);
  await assert.rejects(ask(callers.as(untagged).sts, { Tags: [{ Key: 'a', Value: 'b' }] }), {
    name: 'AccessDenied',
    message: /sts:TagGetWebIdentityToken/,
  });
  const Condition = {
    'ForAllValues:StringEquals': {
      'sts:IdentityTokenAudience': ['rabbitmq', 'spare'],
      'aws:TagKeys': ['team'],
    },
    StringEquals: { 'sts:SigningAlgorithm': 'ES384' },
    NumericLessThanEquals: { 'sts:DurationSeconds': '600' },
  };
  const limited = await newUser(iam, 'limited', { statements: [mayAsk({ Condition })] });
  const { sts } = callers.as(limited);
  const both = await ask(sts, {
    Audience: ['rabbitmq', 'spare'],
    DurationSeconds: 600,
    Tags: [{ Key: 'team', Value: 'x' }],
  });
  const { sub, aud } = await verified(both.WebIdentityToken ?? '', 'spare');
  assert.deepEqual([sub, aud], [userArn('limited'), ['rabbitmq', 'spare']]);
  const refused: Partial<GetWebIdentityTokenCommandInput>[] = [
    { Audience: ['rabbitmq', 'other'] },
    { SigningAlgorithm: 'RS256' },
    { DurationSeconds: 601 },
    { Tags: [{ Key: 'role', Value: 'x' }] },
  ];
  for (const each of refused) await assert.rejects(ask(sts, each), { name: 'AccessDenied' });
  const { Credentials: session } = await sts.send(new GetSessionTokenCommand({}));
  await assert.rejects(ask(callers.as(credentialsOf(session)).sts), {
    name: 'AccessDenied',
    message: 'Cannot call GetWebIdentityToken with session credentials',
  });
});

test('what is out of range or does not fit is refused', async () => {
  await issuer();
  const { sts } = callers.as();
  const invalid: Partial<GetWebIdentityTokenCommandInput>[] = [
    { Audience: [] },
    { Audience: [''] },
    { Audience: ['x'.repeat(1001)] },
    { Audience: ['team rabbitmq'] },
    { Audience: ['team\u00a0rabbitmq'] },
    { Audience: ['rabbitmq\n'] },
    { Audience: Array.from({ length: 11 }, (_, index) => `a${index}`) },
    { SigningAlgorithm: 'HS256' },
    { SigningAlgorithm: 'none' },
    { DurationSeconds: 59 },
    { DurationSeconds: 3601 },
    { SubjectMode: 'OriginIdentity' },
    { Scope: 'read' },
    { Tags: [{ Key: '"', Value: 'x' }] },
    {
      Tags: [
        { Key: 'team', Value: 'x' },
        { Key: 'Team', Value: 'y' },
      ],
    },
  ];
  for (const each of invalid) {
    await assert.rejects(
      ask(sts, each),
      /ValidationError|InvalidParameterValue/,
      JSON.stringify(each),
    );
  }
  const Tags = Array.from({ length: 50 }, (_, index) => ({
    Key: `k${index}`,
    Value: 'v'.repeat(256),
  }));
  await assert.rejects(ask(sts, { Tags }), {
    name: 'JWTPayloadSizeExceededException',
    message: /at most 5120 are allowed/,
  });
  const proto = await ask(sts, { Tags: [{ Key: '__proto__', Value: 'x' }] });
  const claims = await verified(proto.WebIdentityToken ?? '', 'rabbitmq');
  assert.match(JSON.stringify(claims), /"request_tags":\{"__proto__":"x"\}/);
});

test('a session gets no token when its role is deleted, or its policies were changed', async () => {
  await issuer();
  const owner = await newUser(iam, 'owner-ended', { statements: [mayAsk({}, 'sts:AssumeRole')] });
  const sessions = [];
  for (const name of ['withdrawn', 'deleted']) {
    await newRole(iam, name, trust(userArn('owner-ended')), [mayAsk()]);
    const { Credentials } = await assume(callers.as(owner).sts, name);
    const { sts } = callers.as(credentialsOf(Credentials));
    await ask(sts);
    sessions.push(sts);
  }
  const of = async (RoleName: string) => {
    const { PolicyNames = [] } = await iam.send(new ListRolePoliciesCommand({ RoleName }));
    for (const PolicyName of PolicyNames) {
      await iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName }));
    }
  };
  await of('withdrawn');
  await of('deleted');
  await iam.send(new DeleteRoleCommand({ RoleName: 'deleted' }));
  const [withdrawn, deleted] = sessions;
  assert.ok(withdrawn !== undefined && deleted !== undefined);
  await assert.rejects(ask(withdrawn), { name: 'AccessDenied' });
  // A new role with the same name is another one, to which the session does not belong.
  await newRole(iam, 'deleted', trust(userArn('owner-ended')), [mayAsk()]);
  await assert.rejects(ask(deleted), { name: /InvalidClientTokenId|AccessDenied|ExpiredToken/ });
});

test('forged tokens are refused: other keys, algorithms, keys named by the token, and other issuers', async () => {
  const url = await issuer();
  const { oauth: settings } = readRabbitMqSettings(
    `auth_backends.1 = oauth2\nauth_oauth2.resource_server_id = rabbitmq\nauth_oauth2.issuer = ${url}\n`,
    4,
  );
  assert.ok(settings);
  const tokens = new Tokens({
    settings,
    fetcher: () => (asked) => http.getJson(asked),
    clock: plane.machine.clock,
    report: () => {},
  });
  const { WebIdentityToken: good = '' } = await ask(callers.as().sts);
  await tokens.verify(good, '192.0.2.1');
  const [head = '', payload = '', signature = ''] = good.split('.');
  const { kid } = decodeProtectedHeader(good);
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<
    string,
    unknown
  >;
  const keys = (await http.getJson(new URL(`${url}/.well-known/jwks.json`))) as JSONWebKeySet;
  const published = Buffer.from(JSON.stringify(keys.keys[0]));
  const own = await generateKeyPair('ES384', { extractable: true });
  const signed = (header: object, key: CryptoKey | Uint8Array) =>
    new SignJWT(claims).setProtectedHeader({ alg: 'ES384', ...header }).sign(key);
  const jwk = await exportJWK(own.publicKey);
  const bytes = Buffer.from(signature, 'base64url');
  bytes[0] = (bytes[0] ?? 0) ^ 1;
  const forged = [
    `${encode({ alg: 'none', kid })}.${payload}.${signature}`,
    `${encode({ alg: 'none' })}.${payload}.`,
    `${encode({ alg: 'RS256', kid })}.${payload}.${signature}`,
    `${head}.${payload}.${bytes.toString('base64url')}`,
    `${head}.${payload}.${Buffer.alloc(96).toString('base64url')}`,
    `${head}.${encode({ ...claims, sub: 'other' })}.${signature}`,
    `${head}.${encode({ ...claims, exp: 9_999_999_999 })}.${signature}`,
    `${encode({ alg: 'ES384', kid, crit: ['b64'], b64: false })}.${payload}.${signature}`,
    await signed({ kid }, own.privateKey),
    await signed({ kid: 'other' }, own.privateKey),
    await signed({ kid, jwk }, own.privateKey),
    await signed({ kid, jku: 'https://192.0.2.1/keys' }, own.privateKey),
    await signed({ alg: 'HS256', kid }, published),
  ];
  for (const token of forged) {
    await assert.rejects(tokens.verify(token, '192.0.2.1'), { name: 'TokenError' }, token);
  }
  await tokens.verify(good, '192.0.2.1');
});

test('a token does not outlive the session that asks for it', async () => {
  await issuer();
  await newRole(iam, 'short', trust(rootArn), [mayAsk()]);
  const owner = await newUser(iam, 'owner-short', { statements: [mayAsk({}, 'sts:AssumeRole')] });
  const { Credentials: session } = await assume(callers.as(owner).sts, 'short', {
    DurationSeconds: 900,
  });
  const { sts } = callers.as(credentialsOf(session));
  await ask(sts, { DurationSeconds: 890 });
  await assert.rejects(ask(sts, { DurationSeconds: 901 }), {
    name: 'SessionDurationEscalationException',
    message: /valid for 901 s, but the session ends in 900 s/,
  });
});

test('a RabbitMQ broker accepts a token for its audience until it expires', async () => {
  const url = await issuer();
  const { oauth: settings } = readRabbitMqSettings(
    `auth_backends.1 = oauth2\nauth_oauth2.resource_server_id = rabbitmq\nauth_oauth2.issuer = ${url}\n`,
    4,
  );
  assert.ok(settings);
  const tokens = new Tokens({
    settings,
    fetcher: () => (asked) => http.getJson(asked),
    clock: plane.machine.clock,
    report: () => {},
  });
  const { sts } = callers.as();
  const { WebIdentityToken = '' } = await ask(sts, { DurationSeconds: 60 });
  const { username, expiresAtMs } = await tokens.verify(WebIdentityToken, '192.0.2.1');
  assert.equal(username, rootArn);
  const other = await ask(sts, { Audience: ['other'] });
  await assert.rejects(tokens.verify(other.WebIdentityToken ?? '', '192.0.2.1'), {
    message: 'its audience does not name a resource server',
  });
  plane.machine.clock.advance(expiresAtMs - plane.machine.clock.nowMs());
  await assert.rejects(tokens.verify(WebIdentityToken, '192.0.2.1'), {
    message: 'it has expired',
  });
});

test('the trail shows who asked for which audience, and no token', async () => {
  await issuer();
  const { WebIdentityToken = '' } = await ask(callers.as().sts, { Audience: ['for-the-trail'] });
  const events = await eventsNamed(plane, 'GetWebIdentityToken');
  const event = events.find((each) => JSON.stringify(each).includes('for-the-trail'));
  assert.ok(event !== undefined);
  const [, payload = '?', signature = '?'] = WebIdentityToken.split('.');
  const all = JSON.stringify([
    events,
    await eventsNamed(plane, 'EnableOutboundWebIdentityFederation'),
  ]);
  assert.ok(!all.includes(payload) && !all.includes(signature));
  assert.ok(!/sealedKey|PRIVATE/.test(all));
});

test('the public documents have no private key, and there is no other issuer', async () => {
  const url = await issuer();
  const keys = await http.send(new URL(`${url}/.well-known/jwks.json`));
  const { keys: set } = JSON.parse(keys.body.toString()) as JSONWebKeySet;
  assert.deepEqual(
    set.map(({ alg, ...key }) => [alg, Object.keys(key).sort().join(' ')]),
    [
      ['ES384', 'crv kid kty use x y'],
      ['RS256', 'e kid kty n use'],
    ],
  );
  const other = url.replace(/[^/]+$/, '00000000-0000-4000-8000-000000000000');
  for (const document of ['jwks.json', 'openid-configuration']) {
    const { status } = await http.send(new URL(`${other}/.well-known/${document}`));
    assert.equal(status, 404);
  }
  const posted = await http.send(new URL(`${url}/.well-known/jwks.json`), {
    method: 'GET',
    headers: {},
    body: 'x',
  });
  assert.equal(posted.status, 413);
});

test('keys survive a restart; enabling again replaces them', async () => {
  const url = new URL(await issuer());
  const { WebIdentityToken: before = '' } = await ask(callers.as().sts);
  ({ plane, callers, iam } = await accounts.restart());
  http.close();
  http = new HttpsClient({ authorities: plane.endpoint.ca, clock: systemClock });
  assert.equal(new URL(await issuer()).pathname, url.pathname);
  const { WebIdentityToken: later = '' } = await ask(callers.as().sts);
  assert.equal(decodeProtectedHeader(later).kid, decodeProtectedHeader(before).kid);
  await verified(later, 'rabbitmq');
  await iam.send(new DisableOutboundWebIdentityFederationCommand({}));
  await assert.rejects(ask(callers.as().sts), {
    name: 'OutboundWebIdentityFederationDisabledException',
  });
  // Issued tokens stay valid, as in AWS.
  const keys = `https://${new URL(plane.endpoint.url).host}${url.pathname}/.well-known/jwks.json`;
  assert.equal((await http.send(new URL(keys))).status, 200);
  await iam.send(new EnableOutboundWebIdentityFederationCommand({}));
  await assert.rejects(verified(later, 'rabbitmq'), { code: 'ERR_JWKS_NO_MATCHING_KEY' });
});
