import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import {
  AddClientIDToOpenIDConnectProviderCommand,
  CreateOpenIDConnectProviderCommand,
  CreateRoleCommand,
  DeleteOpenIDConnectProviderCommand,
  GetOpenIDConnectProviderCommand,
  type IAMClient,
  ListOpenIDConnectProvidersCommand,
  ListOpenIDConnectProviderTagsCommand,
  PutRolePolicyCommand,
  RemoveClientIDFromOpenIDConnectProviderCommand,
  TagOpenIDConnectProviderCommand,
  UntagOpenIDConnectProviderCommand,
  UpdateOpenIDConnectProviderThumbprintCommand,
} from '@aws-sdk/client-iam';
import { ListBrokersCommand } from '@aws-sdk/client-mq';
import {
  AssumeRoleWithWebIdentityCommand,
  type AssumeRoleWithWebIdentityCommandInput,
  DecodeAuthorizationMessageCommand,
  GetCallerIdentityCommand,
} from '@aws-sdk/client-sts';
import { type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import { Callers, credentialsOf, newUser, policyText } from '../../support/callers.ts';
import { planeCertificates } from '../../support/certificates.ts';
import { accountId, ControlPlane, Machine } from '../../support/control-plane.ts';
import { IdentityProvider } from '../../support/identity-provider.ts';
import { eventsNamed } from '../../support/trail-events.ts';

let plane: ControlPlane;
let callers: Callers;
let iam: IAMClient;
let issuer: IdentityProvider;
let providerArn: string;

before(async () => {
  const machine = new Machine();
  machine.authorities = (await planeCertificates()).authority;
  plane = await ControlPlane.start(machine);
  callers = new Callers(plane);
  ({ iam } = callers.as());
  issuer = await IdentityProvider.start();
  const { OpenIDConnectProviderArn = '' } = await iam.send(
    new CreateOpenIDConnectProviderCommand({ Url: issuer.url, ClientIDList: ['waxwing'] }),
  );
  providerArn = OpenIDConnectProviderArn;
  await newRole('shift', {
    StringEquals: { [`${issuer.name}:aud`]: 'waxwing' },
    StringLike: { [`${issuer.name}:sub`]: 'an*' },
  });
});

after(async () => {
  callers.close();
  await issuer.close();
  await plane.close();
});

const nowMs = () => plane.machine.clock.nowMs();
const roleArn = (name: string) => `arn:aws:iam::${accountId}:role/${name}`;

/** Creates a role that trusts the provider under conditions. */
async function newRole(RoleName: string, Condition: object, Federated = providerArn) {
  const Action = ['sts:AssumeRoleWithWebIdentity', 'sts:TagSession', 'sts:SetSourceIdentity'];
  const AssumeRolePolicyDocument = policyText({
    Effect: 'Allow',
    Principal: { Federated },
    Action,
    Condition,
  });
  await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }));
  const PolicyDocument = policyText({ Effect: 'Allow', Action: 'mq:ListBrokers', Resource: '*' });
  await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'rights', PolicyDocument }));
}

/** Exchanges a token. The call has no signature. */
function assume(
  WebIdentityToken: string,
  more: Partial<AssumeRoleWithWebIdentityCommandInput> = {},
) {
  const input = { RoleArn: roleArn('shift'), RoleSessionName: 'anna', WebIdentityToken, ...more };
  return callers.as().sts.send(new AssumeRoleWithWebIdentityCommand(input));
}

/** Exchanges a token with these claims in place of the usual ones. */
const assumeWith = async (claims: JWTPayload) => assume(await issuer.token(nowMs(), claims));

test('an OIDC provider is created, changed, listed and deleted', async () => {
  const Url = 'https://login.example.com/realms/one';
  const Tags = [{ Key: 'team', Value: 'shop' }];
  const { OpenIDConnectProviderArn } = await iam.send(
    new CreateOpenIDConnectProviderCommand({ Url, ClientIDList: ['a', 'b', 'a'], Tags }),
  );
  const named = { OpenIDConnectProviderArn };
  assert.equal(
    OpenIDConnectProviderArn,
    `arn:aws:iam::${accountId}:oidc-provider/login.example.com/realms/one`,
  );
  await assert.rejects(iam.send(new CreateOpenIDConnectProviderCommand({ Url })), {
    name: 'EntityAlreadyExistsException',
  });
  await iam.send(new AddClientIDToOpenIDConnectProviderCommand({ ...named, ClientID: 'c' }));
  await iam.send(new RemoveClientIDFromOpenIDConnectProviderCommand({ ...named, ClientID: 'a' }));
  const ThumbprintList = ['AB'.repeat(20)];
  await iam.send(new UpdateOpenIDConnectProviderThumbprintCommand({ ...named, ThumbprintList }));
  await iam.send(
    new TagOpenIDConnectProviderCommand({ ...named, Tags: [{ Key: 'x', Value: 'y' }] }),
  );
  await iam.send(new UntagOpenIDConnectProviderCommand({ ...named, TagKeys: ['team'] }));
  const found = await iam.send(new GetOpenIDConnectProviderCommand(named));
  assert.equal(found.Url, 'login.example.com/realms/one');
  assert.deepEqual(found.ClientIDList, ['b', 'c']);
  assert.deepEqual(found.ThumbprintList, ['ab'.repeat(20)]);
  const listed = await iam.send(new ListOpenIDConnectProviderTagsCommand(named));
  assert.deepEqual(listed.Tags, [{ Key: 'x', Value: 'y' }]);
  const arns = async () =>
    (await iam.send(new ListOpenIDConnectProvidersCommand({}))).OpenIDConnectProviderList?.map(
      ({ Arn }) => Arn,
    );
  assert.ok((await arns())?.includes(OpenIDConnectProviderArn));
  await iam.send(new DeleteOpenIDConnectProviderCommand(named));
  assert.ok(!(await arns())?.includes(OpenIDConnectProviderArn));
  await assert.rejects(iam.send(new GetOpenIDConnectProviderCommand(named)), {
    name: 'NoSuchEntityException',
  });
});

test('a provider needs an https URL, and its thumbprints are 40 hexadecimal digits', async () => {
  for (const Url of ['http://x.example', 'https://u:p@x.example', 'https://x.example/?a=b', 'x']) {
    await assert.rejects(
      iam.send(new CreateOpenIDConnectProviderCommand({ Url })),
      { name: 'ValidationError' },
      Url,
    );
  }
  const ThumbprintList = ['z'.repeat(40)];
  const Url = 'https://x.example';
  await assert.rejects(iam.send(new CreateOpenIDConnectProviderCommand({ Url, ThumbprintList })), {
    name: 'ValidationError',
  });
});

test('AssumeRoleWithWebIdentity: a token is exchanged for credentials of a role that trusts its provider', async () => {
  const issued = await assumeWith({ sub: 'anna' });
  assert.equal(issued.SubjectFromWebIdentityToken, 'anna');
  assert.deepEqual([issued.Provider, issued.Audience], [providerArn, 'waxwing']);
  assert.equal(issued.Credentials?.Expiration?.getTime(), nowMs() + 3_600_000);
  const own = callers.as(credentialsOf(issued.Credentials));
  await own.mq.send(new ListBrokersCommand({}));
  const { Arn } = await own.sts.send(new GetCallerIdentityCommand({}));
  assert.equal(Arn, `arn:aws:sts::${accountId}:assumed-role/shift/anna`);
  const used = (await eventsNamed(plane, 'ListBrokers')).at(-1);
  assert.ok(used !== undefined);
  const { webIdFederationData } = used.userIdentity.sessionContext as {
    webIdFederationData: object;
  };
  assert.deepEqual(webIdFederationData, { federatedProvider: providerArn });
});

test('the trail names the provider and the subject, and has neither token nor secret', async () => {
  const token = await issuer.token(nowMs(), { sub: 'andreas' });
  const { Credentials } = await assume(token);
  const event = (await eventsNamed(plane, 'AssumeRoleWithWebIdentity')).at(-1);
  assert.deepEqual(event?.userIdentity, {
    type: 'WebIdentityUser',
    principalId: `${providerArn}:waxwing:andreas`,
    userName: 'andreas',
    identityProvider: providerArn,
  });
  const shown = event?.responseElements as Record<string, unknown>;
  assert.equal(shown['subjectFromWebIdentityToken'], 'andreas');
  assert.deepEqual(Object.keys(event?.requestParameters ?? {}).sort(), [
    'roleArn',
    'roleSessionName',
  ]);
  for (const secret of [token, Credentials?.SecretAccessKey, Credentials?.SessionToken]) {
    assert.ok(secret !== undefined && !plane.written.includes(secret));
  }
});

test('a role is refused to subjects that its conditions exclude, with an event of their identity', async () => {
  const message = 'Not authorized to perform sts:AssumeRoleWithWebIdentity';
  await assert.rejects(assumeWith({ sub: 'bert' }), { name: 'AccessDenied', message });
  const event = (await eventsNamed(plane, 'AssumeRoleWithWebIdentity')).at(-1);
  assert.equal(event?.errorCode, 'AccessDenied');
  assert.equal(event?.userIdentity.principalId, `${providerArn}:waxwing:bert`);
  const token = await issuer.token(nowMs());
  await assert.rejects(assume(token, { RoleArn: roleArn('missing') }), { message });
});

test('lists in claims are condition keys with several values', async () => {
  const key = `${issuer.name}:groups`;
  await newRole('operators', { 'ForAnyValue:StringEquals': { [key]: ['operators', 'admins'] } });
  const exchange = async (groups: unknown) =>
    assume(await issuer.token(nowMs(), { groups }), { RoleArn: roleArn('operators') });
  await exchange(['staff', 'operators']);
  await exchange('admins');
  for (const groups of [['staff'], [], undefined, { operators: true }]) {
    await assert.rejects(exchange(groups), { name: 'AccessDenied' });
  }
});

test('session policies, duration and tags of a session are applied', async () => {
  const token = await issuer.token(nowMs(), {
    'https://aws.amazon.com/tags': {
      principal_tags: { team: ['orders'] },
      transitive_tag_keys: ['team'],
    },
    'https://aws.amazon.com/source_identity': 'anna.n',
  });
  const Policy = policyText({ Effect: 'Allow', Action: 'kms:*', Resource: '*' });
  const limited = await assume(token, { Policy, DurationSeconds: 900 });
  assert.equal(limited.SourceIdentity, 'anna.n');
  assert.equal(limited.Credentials?.Expiration?.getTime(), nowMs() + 900_000);
  const own = callers.as(credentialsOf(limited.Credentials));
  await assert.rejects(own.mq.send(new ListBrokersCommand({})), { name: 'ForbiddenException' });
  await assert.rejects(assume(token, { DurationSeconds: 7200 }), { name: 'ValidationError' });
  const wrong = { 'https://aws.amazon.com/tags': { principal_tags: { team: ['a', 'b'] } } };
  await assert.rejects(assumeWith(wrong), { name: 'InvalidIdentityTokenException' });
});

const soon = () => Math.floor(nowMs() / 1000);

/** Claims that are not accepted, and the error. */
const wrongClaims: Readonly<Record<string, () => [JWTPayload, string]>> = {
  'an expired token': () => [{ exp: soon() - 1 }, 'ExpiredTokenException'],
  'a token that ends now': () => [{ exp: soon() }, 'ExpiredTokenException'],
  'a token without an end': () => [{ exp: undefined as never }, 'InvalidIdentityTokenException'],
  'a token that is not valid yet': () => [{ nbf: soon() + 600 }, 'InvalidIdentityTokenException'],
  'a token from the future': () => [{ iat: soon() + 600 }, 'InvalidIdentityTokenException'],
  'a token without iat': () => [{ iat: undefined as never }, 'InvalidIdentityTokenException'],
  'a token for another client': () => [{ aud: 'other' }, 'InvalidIdentityTokenException'],
  'a token without an audience': () => [
    { aud: undefined as never },
    'InvalidIdentityTokenException',
  ],
  'a token whose azp is not registered': () => [{ azp: 'other' }, 'IDPRejectedClaimException'],
  'a token without a subject': () => [{ sub: undefined as never }, 'InvalidIdentityTokenException'],
  'a token with an empty subject': () => [{ sub: '' }, 'InvalidIdentityTokenException'],
  'a token of an unknown issuer': () => [
    { iss: 'https://unknown.example' },
    'InvalidIdentityTokenException',
  ],
};

for (const [what, make] of Object.entries(wrongClaims)) {
  test(`${what} is refused`, async () => {
    const [claims, name] = make();
    await assert.rejects(assumeWith(claims), { name });
  });
}

test('a token for several clients is accepted if one of them is registered', async () => {
  await assumeWith({ aud: ['other', 'waxwing'], azp: 'waxwing' });
  const { Audience } = await assumeWith({ aud: ['other', 'waxwing'] });
  assert.equal(Audience, 'waxwing');
});

test('tokens without a signature, or signed with the public key as a secret, are refused', async () => {
  const claims = { iss: issuer.url, aud: 'waxwing', sub: 'anna', iat: soon(), exp: soon() + 60 };
  const none = new UnsecuredJWT(claims).encode();
  const unknown = await new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256', kid: 'first' })
    .sign(Buffer.from('the public key as PEM, or anything else'));
  const [head, payload] = (await issuer.token(nowMs())).split('.');
  const other = (await issuer.token(nowMs(), { sub: 'other' })).split('.')[2];
  for (const token of [none, unknown, `${head}.${payload}.${other}`, 'a.b.c', 'abcd']) {
    await assert.rejects(assume(token), { name: 'InvalidIdentityTokenException' }, token);
  }
});

test('each asymmetric algorithm is accepted', async () => {
  for (const algorithm of ['RS512', 'PS256', 'ES256', 'ES384', 'ES512']) {
    const keys = await issuer.addKey(algorithm, algorithm);
    // The kept keys lack the new one, so that they are requested again.
    await plane.advance(31_000);
    await assume(await issuer.token(nowMs(), {}, keys));
  }
});

test('keys are requested once and kept; unknown keys cause at most one request in 30 seconds', async () => {
  await plane.advance(3_600_001);
  await assumeWith({});
  const count = issuer.requests.length;
  await assumeWith({});
  assert.equal(issuer.requests.length, count);
  const other = await IdentityProvider.start();
  const foreign = await other.addKey('unknown', 'RS256');
  const forged = async () => assume(await issuer.token(nowMs(), {}, foreign));
  await assert.rejects(forged(), { name: 'InvalidIdentityTokenException' });
  assert.equal(issuer.requests.length, count);
  await plane.advance(31_000);
  for (let i = 0; i < 5; i += 1) {
    await assert.rejects(forged(), { name: 'InvalidIdentityTokenException' });
  }
  assert.equal(issuer.requests.length, count + 2);
  await other.close();
});

/** Registers a provider that misbehaves, and exchanges one of its tokens. */
async function exchangeFrom(misbehave: (other: IdentityProvider) => void): Promise<unknown> {
  const other = await IdentityProvider.start();
  try {
    const token = await other.token(nowMs());
    misbehave(other);
    await iam.send(
      new CreateOpenIDConnectProviderCommand({ Url: other.url, ClientIDList: ['waxwing'] }),
    );
    return await assume(token);
  } finally {
    await other.close();
  }
}

const discovery = '/tenant/.well-known/openid-configuration';
const unavailable = { name: 'IDPCommunicationErrorException' };

test('a provider that answers too much, something else, or for another issuer is not used', async () => {
  const answers: Readonly<Record<string, string>> = {
    [discovery]: JSON.stringify({ issuer: 'https://other.example', jwks_uri: 'https://x.example' }),
    '/tenant/keys': `{"keys":[],"x":"${'x'.repeat(300_000)}"}`,
  };
  for (const [path, body] of Object.entries(answers)) {
    const give = (other: IdentityProvider) =>
      other.answers.set(path, (_, response) => response.end(body));
    await assert.rejects(exchangeFrom(give), unavailable);
  }
  const wordless = (other: IdentityProvider) =>
    other.answers.set(discovery, (_, response) => response.writeHead(500).end('{}'));
  await assert.rejects(exchangeFrom(wordless), unavailable);
});

test('keys are never requested without TLS, and redirects are not followed', async () => {
  let plainCount = 0;
  const plain = createServer((_, response) => {
    plainCount += 1;
    response.end('{"keys":[]}');
  }).listen(0, '127.0.0.1');
  await once(plain, 'listening');
  const { port } = plain.address() as { port: number };
  const location = `http://127.0.0.1:${port}/keys`;
  const redirects = (other: IdentityProvider) =>
    other.answers.set('/tenant/keys', (_, response) =>
      response.writeHead(302, { Location: location }).end(),
    );
  const names = (other: IdentityProvider) =>
    other.answers.set(discovery, (_, response) =>
      response.end(JSON.stringify({ issuer: other.url, jwks_uri: location })),
    );
  await assert.rejects(exchangeFrom(redirects), unavailable);
  await assert.rejects(exchangeFrom(names), unavailable);
  assert.equal(plainCount, 0);
  plain.close();
});

test('DecodeAuthorizationMessage: a refusal has a message that only those with the permission can decode', async () => {
  const refused = await newUser(iam, 'refused');
  const reader = await newUser(iam, 'reader', {
    statements: [{ Effect: 'Allow', Action: 'sts:DecodeAuthorizationMessage', Resource: '*' }],
  });
  let EncodedMessage = '';
  const { mq } = callers.as(refused);
  mq.middlewareStack.add(
    (next) => async (call) => {
      try {
        return await next(call);
      } catch (error) {
        const { $response } = error as { $response?: { headers: Record<string, string> } };
        EncodedMessage = $response?.headers['x-waxwing-authorization-message'] ?? '';
        throw error;
      }
    },
    { step: 'finalizeRequest', name: 'readMessage' },
  );
  await assert.rejects(mq.send(new ListBrokersCommand({})), { name: 'ForbiddenException' });
  assert.match(EncodedMessage, /^[\w-]{40,4096}$/);
  const decode = new DecodeAuthorizationMessageCommand({ EncodedMessage });
  await assert.rejects(callers.as(refused).sts.send(decode), { name: 'AccessDenied' });
  const { DecodedMessage = '' } = await callers.as(reader).sts.send(decode);
  const { allowed, explicitDeny, context } = JSON.parse(DecodedMessage);
  assert.deepEqual([allowed, explicitDeny], [false, false]);
  assert.equal(context.principal.arn, `arn:aws:iam::${accountId}:user/refused`);
  assert.deepEqual([context.action, context.resource], ['mq:ListBrokers', '*']);
  await assert.rejects(
    callers.as(reader).sts.send(new DecodeAuthorizationMessageCommand({ EncodedMessage: 'abcd' })),
    { name: 'InvalidAuthorizationMessageException' },
  );
});
