import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import {
  CreateLoginProfileCommand,
  CreateRoleCommand,
  CreateUserCommand,
  CreateVirtualMFADeviceCommand,
  EnableMFADeviceCommand,
  type IAMClient,
  PutRolePolicyCommand,
  UpdateLoginProfileCommand,
} from '@aws-sdk/client-iam';
import { ListBrokersCommand } from '@aws-sdk/client-mq';
import { decodeSeed, stepAt, totpCode } from '../../../src/identity/accounts/mfa/totp.ts';
import { Browser, type ShownPage } from '../../support/browser.ts';
import { Callers, policyText } from '../../support/callers.ts';
import { accountId, ControlPlane } from '../../support/control-plane.ts';
import {
  callPortal,
  callSso,
  pollDevice,
  registerClient,
  type SsoClient,
  startDevice,
} from '../../support/sso-client.ts';
import { eventsNamed } from '../../support/trail-events.ts';

const password = 'correct-Horse-battery-7';
let plane: ControlPlane;
let callers: Callers;
let iam: IAMClient;
let client: SsoClient;
let mfaKey: Buffer;

before(async () => {
  plane = await ControlPlane.start();
  callers = new Callers(plane);
  ({ iam } = callers.as());
  await newPerson('anna');
  mfaKey = await newDevice('anna');
  await newPerson('bert');
  await newRole('operator', 'anna', { Bool: { 'aws:MultiFactorAuthPresent': 'true' } });
  await newRole('auditor', 'anna');
  await newRole('closed', 'bert');
  client = await registerClient(plane, { scopes: ['sso:account:access'] });
});

after(async () => {
  callers.close();
  await plane.close();
});

async function newPerson(UserName: string): Promise<void> {
  await iam.send(new CreateUserCommand({ UserName }));
  await iam.send(new CreateLoginProfileCommand({ UserName, Password: password }));
}

/** Gives a user an MFA device. Returns its key. */
async function newDevice(UserName: string): Promise<Buffer> {
  const { VirtualMFADevice: made } = await iam.send(
    new CreateVirtualMFADeviceCommand({ VirtualMFADeviceName: UserName }),
  );
  const key = decodeSeed(Buffer.from(made?.Base32StringSeed ?? []).toString('ascii'));
  await iam.send(
    new EnableMFADeviceCommand({
      UserName,
      SerialNumber: made?.SerialNumber ?? '',
      AuthenticationCode1: totpCode(key, stepAt(nowMs()) - 1),
      AuthenticationCode2: totpCode(key, stepAt(nowMs())),
    }),
  );
  return key;
}

async function newRole(RoleName: string, user: string, Condition: object = {}): Promise<void> {
  const Principal = { AWS: `arn:aws:iam::${accountId}:user/${user}` };
  const statement = { Effect: 'Allow', Principal, Action: 'sts:AssumeRole', Condition };
  const AssumeRolePolicyDocument = policyText(statement);
  await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }));
  const PolicyDocument = policyText({ Effect: 'Allow', Action: 'mq:ListBrokers', Resource: '*' });
  await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'rights', PolicyDocument }));
}

const nowMs = () => plane.machine.clock.nowMs();
const newBrowser = () => new Browser(plane.endpoint.ca);

/** The code of anna's device, of a step that was not used yet. */
async function freshCode(): Promise<string> {
  await plane.advance(30_000);
  return totpCode(mfaKey, stepAt(nowMs()));
}

async function annaSignsIn(browser: Browser, page: ShownPage): Promise<ShownPage> {
  const mfa_code = await freshCode();
  return browser.submit(page, { user_name: 'anna', password, mfa_code });
}

/** Starts a device authorization that must succeed. */
async function device() {
  const { status, body } = await startDevice(plane, client);
  assert.equal(status, 200, JSON.stringify(body));
  return body as { deviceCode: string; userCode: string; verificationUriComplete: string };
}

/** The access token of a sign-in of anna. */
async function annasTokens(): Promise<{ accessToken: string; refreshToken: string }> {
  const { deviceCode, verificationUriComplete } = await device();
  const browser = newBrowser();
  const confirm = await annaSignsIn(browser, await browser.open(verificationUriComplete));
  await browser.submit(confirm, { decision: 'allow' });
  const { status, body } = await pollDevice(plane, client, deviceCode);
  assert.equal(status, 200, JSON.stringify(body));
  return body;
}

test('a client waits until a person allows it, and gets a token once', async () => {
  const { deviceCode, userCode, verificationUriComplete } = await device();
  assert.match(userCode, /^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/);
  const waiting = await pollDevice(plane, client, deviceCode);
  assert.deepEqual(
    [waiting.status, waiting.code, waiting.body.error],
    [400, 'AuthorizationPendingException', 'authorization_pending'],
  );
  const browser = newBrowser();
  const first = await browser.open(verificationUriComplete);
  const confirm = await annaSignsIn(browser, first);
  assert.match(confirm.text, /signed in as <strong>anna<\/strong>/);
  assert.ok(confirm.text.includes(userCode));
  // The client chose its name.
  assert.ok(confirm.text.includes('the &lt;b&gt;client&lt;/b&gt; &amp; co'), confirm.text);
  const ended = await browser.submit(confirm, { decision: 'allow' });
  assert.match(ended.text, /The program has access now/);
  const got = await pollDevice(plane, client, deviceCode);
  assert.equal(got.status, 200);
  assert.deepEqual([got.body.tokenType, got.body.expiresIn], ['Bearer', 3600]);
  const again = await pollDevice(plane, client, deviceCode);
  assert.deepEqual([again.code, again.body.error], ['InvalidGrantException', 'invalid_grant']);
});

test('a person gets credentials of the roles that trust them, and of no others', async () => {
  const { accessToken } = await annasTokens();
  const { body: accounts } = await callPortal(plane, 'GET', '/assignment/accounts', accessToken);
  assert.deepEqual(accounts.accountList, [{ accountId, accountName: accountId }]);
  const list = `/assignment/roles?account_id=${accountId}`;
  const { body: roles } = await callPortal(plane, 'GET', list, accessToken);
  const names = roles.roleList.map(({ roleName }: { roleName: string }) => roleName);
  assert.deepEqual(names, ['auditor', 'operator']);
  const page = (await callPortal(plane, 'GET', `${list}&max_result=1`, accessToken)).body;
  const rest = `${list}&max_result=1&next_token=${page.nextToken}`;
  assert.deepEqual((await callPortal(plane, 'GET', rest, accessToken)).body.roleList, [
    { roleName: 'operator', accountId },
  ]);
  const credentials = (roleName: string, account = accountId) =>
    callPortal(
      plane,
      'GET',
      `/federation/credentials?role_name=${roleName}&account_id=${account}`,
      accessToken,
    );
  const { body } = await credentials('operator');
  const { accessKeyId, secretAccessKey, sessionToken, expiration } = body.roleCredentials;
  assert.equal(expiration, nowMs() + 3_600_000);
  const own = callers.as({ accessKeyId, secretAccessKey, sessionToken });
  await own.mq.send(new ListBrokersCommand({}));
  for (const [role, account] of [
    ['closed', accountId],
    ['missing', accountId],
    ['operator', '999988887777'],
  ] as const) {
    const refused = await credentials(role, account);
    assert.deepEqual([refused.status, refused.code], [403, 'ForbiddenException'], role);
  }
  const event = (await eventsNamed(plane, 'ListBrokers')).at(-1);
  assert.ok(event !== undefined);
  assert.equal(event.userIdentity.arn, `arn:aws:sts::${accountId}:assumed-role/operator/anna`);
  const { attributes } = event.userIdentity.sessionContext as {
    attributes: { mfaAuthenticated: string };
  };
  assert.equal(attributes.mfaAuthenticated, 'true');
});

test('a role that requires a second factor is not given without one', async () => {
  await newRole('careful', 'bert', { Bool: { 'aws:MultiFactorAuthPresent': 'true' } });
  const { deviceCode, verificationUriComplete } = await device();
  const browser = newBrowser();
  const page = await browser.open(verificationUriComplete);
  const confirm = await browser.submit(page, { user_name: 'bert', password, mfa_code: '' });
  await browser.submit(confirm, { decision: 'allow' });
  const { body } = await pollDevice(plane, client, deviceCode);
  const list = `/assignment/roles?account_id=${accountId}`;
  const { body: roles } = await callPortal(plane, 'GET', list, body.accessToken);
  assert.deepEqual(roles.roleList, [{ roleName: 'closed', accountId }]);
});

test('the trail shows sign-ins, tokens and credentials, and no secret', async () => {
  const { accessToken, refreshToken } = await annasTokens();
  const path = `/federation/credentials?role_name=auditor&account_id=${accountId}`;
  const { body } = await callPortal(plane, 'GET', path, accessToken);
  const login = (await eventsNamed(plane, 'ConsoleLogin')).at(-1);
  assert.ok(login !== undefined);
  assert.deepEqual(login.responseElements, { ConsoleLogin: 'Success' });
  assert.equal(login.eventSource, 'signin.amazonaws.com');
  assert.equal(login.userIdentity.arn, `arn:aws:iam::${accountId}:user/anna`);
  assert.equal((login.additionalEventData as { MFAUsed: string }).MFAUsed, 'Yes');
  const token = (await eventsNamed(plane, 'CreateToken')).at(-1);
  assert.equal(token?.eventSource, 'sso-oauth.amazonaws.com');
  assert.deepEqual(
    [token?.userIdentity.type, token?.userIdentity.userName],
    ['IdentityCenterUser', 'anna'],
  );
  const used = (await eventsNamed(plane, 'GetRoleCredentials')).at(-1);
  assert.deepEqual(used?.requestParameters, { roleName: 'auditor', accountId });
  assert.equal(used?.userIdentity.credentialId, token?.userIdentity.credentialId);
  const { secretAccessKey, sessionToken } = body.roleCredentials;
  const secrets = [accessToken, refreshToken, secretAccessKey, sessionToken, password];
  for (const secret of [...secrets, client.clientSecret]) {
    assert.ok(!plane.written.includes(secret));
  }
});

test('a refresh token gives further access tokens until the sign-in ends', async () => {
  const { refreshToken } = await annasTokens();
  const refresh = (of: SsoClient) =>
    callSso(plane, 'POST', '/token', { ...of, grantType: 'refresh_token', refreshToken });
  await plane.advance(3_600_000);
  const { status, body } = await refresh(client);
  assert.equal(status, 200);
  const path = '/assignment/accounts';
  assert.equal((await callPortal(plane, 'GET', path, body.accessToken)).status, 200);
  // It belongs to the client that got it.
  const other = await registerClient(plane, { scopes: ['sso:account:access'] });
  assert.equal((await refresh(other)).code, 'InvalidGrantException');
  await plane.advance(7 * 3_600_000);
  assert.equal((await refresh(client)).code, 'InvalidGrantException');
  assert.equal((await callPortal(plane, 'GET', path, body.accessToken)).status, 401);
});

test('a sign-in survives a restart, and ends with a logout and with a new password', async () => {
  const { accessToken } = await annasTokens();
  const other = await annasTokens();
  callers.close();
  plane = await plane.restart();
  callers = new Callers(plane);
  ({ iam } = callers.as());
  const status = async (token: string) =>
    (await callPortal(plane, 'GET', '/assignment/accounts', token)).status;
  assert.deepEqual([await status(accessToken), await status(other.accessToken)], [200, 200]);
  assert.equal((await callPortal(plane, 'POST', '/logout', accessToken)).status, 200);
  assert.deepEqual([await status(accessToken), await status(other.accessToken)], [401, 200]);
  await plane.advance(1000);
  await iam.send(new UpdateLoginProfileCommand({ UserName: 'anna', Password: `${password}2` }));
  assert.equal(await status(other.accessToken), 401);
  await iam.send(new UpdateLoginProfileCommand({ UserName: 'anna', Password: password }));
});

test('access tokens that are changed, or of another kind, are refused', async () => {
  const { accessToken, refreshToken } = await annasTokens();
  const [purpose, id, expires, code = ''] = accessToken.split('.');
  const later = `${purpose}.${id}.zzzzzzz.${code}`;
  const changed = `${purpose}.${id}.${expires}.${code.slice(1)}A`;
  for (const token of [later, changed, refreshToken, 'x', `${accessToken}.`]) {
    const refused = await callPortal(plane, 'GET', '/assignment/accounts', token);
    assert.deepEqual([refused.status, refused.code], [401, 'UnauthorizedException'], token);
  }
});

test('wrong passwords, codes and users get the same answer, and are recorded', async () => {
  const { verificationUriComplete } = await device();
  const code = await freshCode();
  const attempts = [
    { user_name: 'anna', password: 'wrong', mfa_code: code },
    { user_name: 'anna', password, mfa_code: '000000' },
    { user_name: 'anna', password, mfa_code: '' },
    { user_name: 'nobody', password, mfa_code: code },
  ];
  const answers: string[] = [];
  for (const attempt of attempts) {
    const browser = newBrowser();
    const page = await browser.submit(await browser.open(verificationUriComplete), attempt);
    assert.equal(page.status, 403);
    answers.push(page.text.replaceAll(/value="[\w-]{43}"/g, ''));
  }
  assert.equal(new Set(answers).size, 1);
  const events = (await eventsNamed(plane, 'ConsoleLogin')).slice(-attempts.length);
  assert.deepEqual(
    events.map(({ userIdentity }) => userIdentity.userName),
    ['anna', 'anna', 'anna', 'HIDDEN_DUE_TO_SECURITY_REASONS'],
  );
  for (const { responseElements, errorMessage } of events) {
    assert.deepEqual(responseElements, { ConsoleLogin: 'Failure' });
    assert.match(errorMessage ?? '', /^Failed authentication/);
  }
});

test('an MFA code works once, and five wrong attempts end a sign-in', async () => {
  const code = await freshCode();
  const signIn = async () => {
    const { verificationUriComplete } = await device();
    const browser = newBrowser();
    const page = await browser.open(verificationUriComplete);
    return browser.submit(page, { user_name: 'anna', password, mfa_code: code });
  };
  assert.match((await signIn()).text, /signed in as/);
  assert.equal((await signIn()).status, 403);
  const browser = newBrowser();
  let page = await browser.open((await device()).verificationUriComplete);
  for (let count = 0; count < 5; count += 1) {
    page = await browser.submit(page, { user_name: 'nobody', password: 'x', mfa_code: '' });
    assert.match(page.text, /is wrong/);
  }
  page = await browser.submit(page, { user_name: 'nobody', password: 'x', mfa_code: '' });
  assert.match(page.text, /too many wrong attempts/);
});

test('a person who was not asked can deny, and the client is told', async () => {
  const { deviceCode, verificationUriComplete } = await device();
  const browser = newBrowser();
  const confirm = await annaSignsIn(browser, await browser.open(verificationUriComplete));
  const ended = await browser.submit(confirm, { decision: 'deny' });
  assert.match(ended.text, /has no access/);
  const { code, body } = await pollDevice(plane, client, deviceCode);
  assert.deepEqual([code, body.error], ['AccessDeniedException', 'access_denied']);
});

test('a code can be typed after the sign-in, in any case and without its dash', async () => {
  const { deviceCode, userCode } = await device();
  const browser = newBrowser();
  const page = await browser.open(`${plane.endpoint.url}/sso/device`);
  const asked = await annaSignsIn(browser, page);
  const wrong = await browser.submit(asked, { user_code: 'BBBB-BBBB', decision: 'show' });
  assert.match(wrong.text, /The code is wrong/);
  const typed = userCode.toLowerCase().replace('-', '');
  const confirm = await browser.submit(wrong, { user_code: typed, decision: 'show' });
  await browser.submit(confirm, { decision: 'allow' });
  assert.equal((await pollDevice(plane, client, deviceCode)).status, 200);
});

test('a client that asks too often is told to slow down, and codes expire', async () => {
  const { deviceCode } = await device();
  const codes: (string | undefined)[] = [];
  for (let count = 0; count < 5; count += 1) {
    codes.push((await pollDevice(plane, client, deviceCode)).code);
  }
  assert.deepEqual(codes.slice(-1), ['SlowDownException']);
  await plane.advance(5000);
  assert.equal((await pollDevice(plane, client, deviceCode)).code, 'AuthorizationPendingException');
  await plane.advance(600_000);
  const { code, body } = await pollDevice(plane, client, deviceCode);
  assert.deepEqual([code, body.error], ['ExpiredTokenException', 'expired_token']);
});

test('the number of waiting clients of one address is limited', async () => {
  await plane.advance(3_600_000);
  const codes = new Set<string | undefined>();
  for (let count = 0; count < 25; count += 1) codes.add((await startDevice(plane, client)).code);
  assert.deepEqual([...codes], [undefined, 'SlowDownException']);
  await plane.advance(3_600_000);
  await device();
});

test('registrations of one address are limited', async () => {
  await plane.advance(3_600_000);
  const input = { clientName: 'x', clientType: 'public' };
  const codes = new Set<string | undefined>();
  for (let count = 0; count < 25; count += 1) {
    codes.add((await callSso(plane, 'POST', '/client/register', input)).code);
  }
  assert.deepEqual([...codes], [undefined, 'SlowDownException']);
  await plane.advance(3_600_000);
});

test('clients with wrong secrets, other grants or foreign addresses are refused', async () => {
  const wrong = { ...client, clientSecret: 'x'.repeat(43) };
  const refused = await startDevice(plane, wrong);
  assert.deepEqual([refused.status, refused.code], [401, 'InvalidClientException']);
  const changed = { ...client, clientId: `${client.clientId.slice(0, -2)}AA` };
  assert.equal((await startDevice(plane, changed)).code, 'InvalidClientException');
  const startUrl = 'https://elsewhere.example/start';
  const elsewhere = { ...client, startUrl };
  assert.equal(
    (await callSso(plane, 'POST', '/device_authorization', elsewhere)).code,
    'InvalidRequestException',
  );
  const grant = { ...client, grantType: 'password' };
  assert.equal(
    (await callSso(plane, 'POST', '/token', grant)).code,
    'UnsupportedGrantTypeException',
  );
  const register = async (more: object) =>
    (
      await callSso(plane, 'POST', '/client/register', {
        clientName: 'x',
        clientType: 'public',
        ...more,
      })
    ).code;
  assert.equal(await register({ clientType: 'private' }), 'InvalidClientMetadataException');
  assert.equal(await register({ grantTypes: ['implicit'] }), 'UnsupportedGrantTypeException');
  for (const uri of [
    'https://evil.example/',
    'http://127.0.0.1.evil.example/',
    'http://127.0.0.1@evil.example/',
    'http://localhost/',
    'javascript:alert(1)',
  ]) {
    assert.equal(await register({ redirectUris: [uri] }), 'InvalidRedirectUriException', uri);
  }
  assert.equal(await register({ clientName: 'two\nlines' }), 'BadRequestException');
});

test('forms of other sites, and without the cookie of the sign-in, are refused', async () => {
  const { verificationUriComplete } = await device();
  const browser = newBrowser();
  const page = await browser.open(verificationUriComplete);
  const values = { user_name: 'anna', password, mfa_code: await freshCode() };
  const foreign = await browser.submit(page, { ...values, form_token: 'x'.repeat(43) });
  assert.match(foreign.text, /does not belong to this sign-in/);
  const evil = await browser.submit(page, values, { Origin: 'https://evil.example' });
  assert.match(evil.text, /does not belong to this sign-in/);
  const other = await newBrowser().submit(page, values);
  assert.match(other.text, /has expired, or your browser/);
  const before = browser.cookiesOf(page.url).get('__Host-waxwing-sign-in');
  const confirm = await browser.submit(page, values);
  // The cookie from before the sign-in is worth nothing afterwards.
  assert.notEqual(browser.cookiesOf(page.url).get('__Host-waxwing-sign-in'), before);
  await browser.submit(confirm, { decision: 'deny' });
});

test('pages have no script, cannot be framed, and their cookie is only for this host', async () => {
  const browser = newBrowser();
  const page = await browser.open(`${plane.endpoint.url}/sso/device`);
  const { headers, text } = page;
  assert.match(
    String(headers['content-security-policy']),
    /^default-src 'none'; form-action 'self';/,
  );
  assert.match(String(headers['content-security-policy']), /frame-ancestors 'none'/);
  assert.equal(headers['cache-control'], 'no-store');
  assert.doesNotMatch(text, /<script|style=|\son\w+=/);
  const [cookie = ''] = headers['set-cookie'] ?? [];
  assert.match(
    cookie,
    /^__Host-waxwing-sign-in=[\w-]{43}; Path=\/; Max-Age=600; Secure; HttpOnly; SameSite=Lax$/,
  );
});

/** The address of the authorization endpoint. */
function authorizeUrl(clientId: string, more: Readonly<Record<string, string>> = {}): string {
  const url = new URL('/authorize', plane.endpoint.url);
  const query = {
    response_type: 'code',
    client_id: clientId,
    redirect_uri: 'http://127.0.0.1:45678/oauth/callback',
    state: 'a state',
    code_challenge_method: 'S256',
    code_challenge: createHash('sha256').update('v'.repeat(43)).digest('base64url'),
    scopes: 'sso:account:access',
    ...more,
  };
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url.href;
}

test('a client on the person’s machine gets a code, which its verifier turns into a token', async () => {
  const own = await registerClient(plane, {
    scopes: ['sso:account:access'],
    grantTypes: ['authorization_code', 'refresh_token'],
    redirectUris: ['http://127.0.0.1/oauth/callback'],
  });
  const allow = async () => {
    const browser = newBrowser();
    const confirm = await annaSignsIn(browser, await browser.open(authorizeUrl(own.clientId)));
    const policy = String(confirm.headers['content-security-policy']);
    assert.match(policy, /form-action 'self' http:\/\/127\.0\.0\.1:\*;/);
    const returned = new URL((await browser.submit(confirm, { decision: 'allow' })).url);
    assert.equal(returned.origin, 'http://127.0.0.1:45678');
    assert.equal(returned.searchParams.get('state'), 'a state');
    return returned.searchParams.get('code') ?? '';
  };
  const exchange = (code: string, more: object = {}) =>
    callSso(plane, 'POST', '/token', {
      ...own,
      grantType: 'authorization_code',
      code,
      redirectUri: 'http://127.0.0.1:45678/oauth/callback',
      codeVerifier: 'v'.repeat(43),
      ...more,
    });
  const code = await allow();
  const { status, body } = await exchange(code);
  assert.equal(status, 200, JSON.stringify(body));
  assert.equal(
    (await callPortal(plane, 'GET', '/assignment/accounts', body.accessToken)).status,
    200,
  );
  assert.equal((await exchange(code)).code, 'InvalidGrantException');
  const wrong = { codeVerifier: 'w'.repeat(43) };
  assert.equal((await exchange(await allow(), wrong)).code, 'InvalidGrantException');
  const redirectUri = 'http://127.0.0.1:1/oauth/callback';
  assert.equal((await exchange(await allow(), { redirectUri })).code, 'InvalidGrantException');
});

test('the browser is never sent to an address that is not registered', async () => {
  const own = await registerClient(plane, {
    grantTypes: ['authorization_code'],
    redirectUris: ['http://127.0.0.1/oauth/callback'],
  });
  for (const more of [
    { redirect_uri: 'https://evil.example/' },
    { redirect_uri: 'http://127.0.0.1:1/other' },
    { client_id: 'unknown' },
    { code_challenge: '' },
    { code_challenge_method: 'plain' },
    { response_type: 'token' },
  ]) {
    const page = await newBrowser().open(authorizeUrl(own.clientId, more));
    assert.equal(page.status, 400, JSON.stringify(more));
    assert.equal(page.headers['location'], undefined);
  }
});
