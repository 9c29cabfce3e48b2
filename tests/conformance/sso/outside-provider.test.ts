import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { CreateRoleCommand, type IAMClient } from '@aws-sdk/client-iam';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { type MutableToken, OAuth2Server } from 'oauth2-mock-server';
import { systemClock } from '../../../src/base/clock.ts';
import { Browser } from '../../support/browser.ts';
import { Callers, policyText } from '../../support/callers.ts';
import { planeCertificates } from '../../support/certificates.ts';
import { signInToConsole } from '../../support/console-sign-in.ts';
import { accountId, ControlPlane, Machine } from '../../support/control-plane.ts';
import {
  callPortal,
  pollDevice,
  registerClient,
  type SsoClient,
  startDevice,
} from '../../support/sso-client.ts';
import { eventsNamed } from '../../support/trail-events.ts';

// People sign in with an OIDC provider of another project, and get roles by its claims.

const folder = mkdtempSync(join(tmpdir(), 'waxwing-provider-'));
let provider: OAuth2Server;
let plane: ControlPlane;
let callers: Callers;
let iam: IAMClient;
let client: SsoClient;
/** Changes the ID token of the next sign-in. */
let change: (token: MutableToken) => void = () => {};

before(async () => {
  const { authority, servers } = await planeCertificates();
  const [server] = servers;
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
  writeFileSync(key, server?.privateKey ?? '');
  writeFileSync(certificate, server?.certificate ?? '');
  provider = new OAuth2Server(key, certificate);
  await provider.issuer.keys.generate('RS256');
  await provider.start(0, 'localhost');
  provider.service.on('beforeTokenSigning', (token: MutableToken) => {
    Object.assign(token.payload, {
      sub: '4711',
      preferred_username: 'anna',
      groups: ['operators'],
    });
    change(token);
  });
  const machine = new Machine();
  machine.clock.advance(systemClock.nowMs() - machine.clock.nowMs());
  machine.authorities = authority;
  machine.outsideProvider = {
    issuer: provider.issuer.url ?? '',
    clientId: 'waxwing',
    clientSecret: 'a secret of the client',
    scopes: 'openid profile',
  };
  plane = await ControlPlane.start(machine);
  callers = new Callers(plane);
  ({ iam } = callers.as());
  await newRole('operator', 'operators');
  await newRole('admin', 'admins');
  client = await registerClient(plane);
});

after(async () => {
  callers.close();
  await plane.close();
  await provider.stop();
  rmSync(folder, { recursive: true });
});

const providerName = () => (provider.issuer.url ?? '').replace('https://', '');
const providerArn = () => `arn:aws:iam::${accountId}:oidc-provider/${providerName()}`;

/** Creates a role for the people of a group. */
async function newRole(RoleName: string, group: string): Promise<void> {
  const Condition = {
    StringEquals: { [`${providerName()}:aud`]: 'waxwing' },
    'ForAnyValue:StringEquals': { [`${providerName()}:groups`]: group },
  };
  const AssumeRolePolicyDocument = policyText({
    Effect: 'Allow',
    Principal: { Federated: providerArn() },
    Action: 'sts:AssumeRoleWithWebIdentity',
    Condition,
  });
  await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }));
}

/** Signs in with the provider; the page that follows, and the device code. */
async function signIn() {
  const { body } = await startDevice(plane, client);
  const browser = new Browser(plane.endpoint.ca);
  const first = await browser.open(body.verificationUriComplete);
  assert.match(first.text, /Continue to localhost:\d+/);
  const page = await browser.click(first, '/sso/provider');
  return { browser, page, deviceCode: body.deviceCode as string };
}

test('a person signs in with the provider and gets the roles of the claims', async () => {
  change = () => {};
  const { browser, page, deviceCode } = await signIn();
  assert.match(page.text, /signed in as <strong>anna<\/strong>/);
  await browser.submit(page, { decision: 'allow' });
  const { body: token, status } = await pollDevice(plane, client, deviceCode);
  assert.equal(status, 200, JSON.stringify(token));
  const list = `/assignment/roles?account_id=${accountId}`;
  const { body: roles } = await callPortal(plane, 'GET', list, token.accessToken);
  assert.deepEqual(roles.roleList, [{ roleName: 'operator', accountId }]);
  const path = `/federation/credentials?account_id=${accountId}&role_name=`;
  const { body } = await callPortal(plane, 'GET', `${path}operator`, token.accessToken);
  const { accessKeyId, secretAccessKey, sessionToken } = body.roleCredentials;
  const own = callers.as({ accessKeyId, secretAccessKey, sessionToken });
  const { Arn } = await own.sts.send(new GetCallerIdentityCommand({}));
  assert.equal(Arn, `arn:aws:sts::${accountId}:assumed-role/operator/anna`);
  const refused = await callPortal(plane, 'GET', `${path}admin`, token.accessToken);
  assert.equal(refused.status, 403);
  const event = (await eventsNamed(plane, 'UserAuthentication')).at(-1);
  assert.deepEqual(event?.responseElements, { UserAuthentication: 'Success' });
  assert.deepEqual(
    [event?.userIdentity.type, event?.userIdentity.userName],
    ['IdentityCenterUser', 'anna'],
  );
  assert.ok(!plane.written.includes('a secret of the client'));
});

test('a person of the provider chooses a role for the web console', async () => {
  change = () => {};
  const browser = new Browser(plane.endpoint.ca);
  const first = await browser.open(`${plane.endpoint.url}/sso/console`);
  assert.match(first.text, /web console/);
  const begun = await browser.click(first, '/sso/provider');
  const [, code = ''] = /\/console\/#code=([\w-]{43})$/.exec(begun.url) ?? [];
  const refused = await signInToConsole(plane.endpoint, { userName: 'anna', password: 'x' });
  assert.equal(refused.status, 403);
  const choice = await signInToConsole(plane.endpoint, { code });
  assert.deepEqual(choice.body.roles, ['operator']);
  const chosen = { code: choice.body.code, roleName: 'operator' };
  const { status, body } = await signInToConsole(plane.endpoint, chosen);
  assert.equal(status, 200, JSON.stringify(body));
  assert.equal(body.name, 'operator/anna');
  const { accessKeyId, secretAccessKey, sessionToken } = body;
  const own = callers.as({ accessKeyId, secretAccessKey, sessionToken });
  await own.sts.send(new GetCallerIdentityCommand({}));
  const event = (await eventsNamed(plane, 'GetCallerIdentity')).at(-1);
  assert.equal(event?.sessionCredentialFromConsole, 'true');
  const login = (await eventsNamed(plane, 'ConsoleLogin')).at(-1);
  assert.equal(login?.userIdentity.type, 'AssumedRole');
  // A choice is made once, and only among the roles of the person.
  assert.equal((await signInToConsole(plane.endpoint, chosen)).status, 403);
  const again = await browser.open(`${plane.endpoint.url}/sso/console`);
  const next = await browser.click(again, '/sso/provider');
  const other = await signInToConsole(plane.endpoint, { code: next.url.replace(/^.*code=/, '') });
  const wrong = { code: other.body.code, roleName: 'admin' };
  assert.equal((await signInToConsole(plane.endpoint, wrong)).status, 403);
});

/** ID tokens that are not accepted. */
const wrongTokens: Readonly<Record<string, (token: MutableToken) => void>> = {
  'another nonce': ({ payload }) => Object.assign(payload, { nonce: 'other' }),
  'another audience': ({ payload }) => Object.assign(payload, { aud: 'other' }),
  'another issuer': ({ payload }) => Object.assign(payload, { iss: 'https://other.example' }),
  'an end in the past': ({ payload }) => Object.assign(payload, { exp: 1 }),
  'a key that the provider does not publish': ({ header }) => Object.assign(header, { kid: 'x' }),
};

for (const [what, make] of Object.entries(wrongTokens)) {
  test(`an ID token with ${what} is refused, and the failure is recorded`, async () => {
    change = make;
    const { page, deviceCode } = await signIn();
    assert.equal(page.status, 403);
    assert.match(page.text, /could not be signed in/);
    assert.equal(
      (await pollDevice(plane, client, deviceCode)).code,
      'AuthorizationPendingException',
    );
    const event = (await eventsNamed(plane, 'UserAuthentication')).at(-1);
    assert.deepEqual(event?.responseElements, { UserAuthentication: 'Failure' });
    change = () => {};
  });
}

test('an answer of the provider that nobody asked for, or with another state, is refused', async () => {
  const browser = new Browser(plane.endpoint.ca);
  const callback = `${plane.endpoint.url}/sso/callback?code=x&state=y`;
  assert.match((await browser.open(callback)).text, /has expired/);
  const { body } = await startDevice(plane, client);
  await browser.open(body.verificationUriComplete);
  assert.match((await browser.open(callback)).text, /has expired/);
});

test('users of the account cannot sign in with passwords where a provider is configured', async () => {
  const { body } = await startDevice(plane, client);
  const browser = new Browser(plane.endpoint.ca);
  const page = await browser.open(body.verificationUriComplete);
  const token = /Continue/.test(page.text);
  assert.ok(token);
  assert.doesNotMatch(page.text, /password/);
});
