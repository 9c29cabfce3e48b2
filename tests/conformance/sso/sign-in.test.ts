import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  DeleteLoginProfileCommand,
  DeleteUserCommand,
  GenerateCredentialReportCommand,
  GetCredentialReportCommand,
  GetUserCommand,
  UpdateLoginProfileCommand,
} from '@aws-sdk/client-iam';
import { ListBrokersCommand } from '@aws-sdk/client-mq';
import { accountId } from '../../support/control-plane.ts';
import { password, SignInPlane } from '../../support/sign-in-plane.ts';
import {
  callPortal,
  callSso,
  pollDevice,
  registerClient,
  type SsoClient,
  startDevice,
} from '../../support/sso-client.ts';
import { eventsNamed } from '../../support/trail-events.ts';

let bench: SignInPlane;
before(async () => {
  bench = await SignInPlane.start();
});
after(() => bench.close());

test('a client waits until a person allows it, and gets a token once', async () => {
  const { deviceCode, userCode, verificationUriComplete } = await bench.device();
  assert.match(userCode, /^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/);
  const waiting = await pollDevice(bench.plane, bench.client, deviceCode);
  assert.deepEqual(
    [waiting.status, waiting.code, waiting.body.error],
    [400, 'AuthorizationPendingException', 'authorization_pending'],
  );
  const browser = bench.newBrowser();
  const first = await browser.open(verificationUriComplete);
  const confirm = await bench.annaSignsIn(browser, first);
  assert.match(confirm.text, /signed in as <strong>anna<\/strong>/);
  assert.ok(confirm.text.includes(userCode));
  // The client chose its name.
  assert.ok(confirm.text.includes('the &lt;b&gt;client&lt;/b&gt; &amp; co'), confirm.text);
  const ended = await browser.submit(confirm, { decision: 'allow' });
  assert.match(ended.text, /The program has access now/);
  const got = await pollDevice(bench.plane, bench.client, deviceCode);
  assert.equal(got.status, 200);
  assert.deepEqual([got.body.tokenType, got.body.expiresIn], ['Bearer', 3600]);
  const again = await pollDevice(bench.plane, bench.client, deviceCode);
  assert.deepEqual([again.code, again.body.error], ['InvalidGrantException', 'invalid_grant']);
});

test('a person gets credentials of the roles that trust them, and of no others', async () => {
  const { accessToken } = await bench.annasTokens();
  const { body: accounts } = await callPortal(
    bench.plane,
    'GET',
    '/assignment/accounts',
    accessToken,
  );
  assert.deepEqual(accounts.accountList, [{ accountId, accountName: accountId }]);
  const list = `/assignment/roles?account_id=${accountId}`;
  const { body: roles } = await callPortal(bench.plane, 'GET', list, accessToken);
  const names = roles.roleList.map(({ roleName }: { roleName: string }) => roleName);
  assert.deepEqual(names, ['auditor', 'operator']);
  const page = (await callPortal(bench.plane, 'GET', `${list}&max_result=1`, accessToken)).body;
  const rest = `${list}&max_result=1&next_token=${page.nextToken}`;
  assert.deepEqual((await callPortal(bench.plane, 'GET', rest, accessToken)).body.roleList, [
    { roleName: 'operator', accountId },
  ]);
  const credentials = (roleName: string, account = accountId) =>
    callPortal(
      bench.plane,
      'GET',
      `/federation/credentials?role_name=${roleName}&account_id=${account}`,
      accessToken,
    );
  const { body } = await credentials('operator');
  const { accessKeyId, secretAccessKey, sessionToken, expiration } = body.roleCredentials;
  assert.equal(expiration, bench.nowMs + 3_600_000);
  const own = bench.callers.as({ accessKeyId, secretAccessKey, sessionToken });
  await own.mq.send(new ListBrokersCommand({}));
  for (const [role, account] of [
    ['closed', accountId],
    ['missing', accountId],
    ['operator', '999988887777'],
  ] as const) {
    const refused = await credentials(role, account);
    assert.deepEqual([refused.status, refused.code], [403, 'ForbiddenException'], role);
  }
  const event = (await eventsNamed(bench.plane, 'ListBrokers')).at(-1);
  assert.ok(event !== undefined);
  assert.equal(event.userIdentity.arn, `arn:aws:sts::${accountId}:assumed-role/operator/anna`);
  const { attributes } = event.userIdentity.sessionContext as {
    attributes: { mfaAuthenticated: string };
  };
  assert.equal(attributes.mfaAuthenticated, 'true');
});

test('GetUser and the credential report show the last sign-in with a password', async () => {
  await bench.newPerson('dora');
  const dora = new GetUserCommand({ UserName: 'dora' });
  assert.equal((await bench.iam.send(dora)).User?.PasswordLastUsed, undefined);
  const browser = bench.newBrowser();
  const page = await browser.open(`${bench.plane.endpoint.url}/sso/device`);
  await browser.submit(page, { user_name: 'dora', password: 'wrong-Horse-7', mfa_code: '' });
  assert.equal((await bench.iam.send(dora)).User?.PasswordLastUsed, undefined);
  const again = await browser.open(`${bench.plane.endpoint.url}/sso/device`);
  await browser.submit(again, { user_name: 'dora', password, mfa_code: '' });
  const { User } = await bench.iam.send(dora);
  assert.equal(User?.PasswordLastUsed?.getTime(), bench.nowMs);
  await bench.iam.send(new GenerateCredentialReportCommand({}));
  const { Content } = await bench.iam.send(new GetCredentialReportCommand({}));
  const row = Buffer.from(Content ?? [])
    .toString()
    .split('\n')
    .find((line) => line.startsWith('dora,'));
  assert.match(row ?? '', new RegExp(`,true,${new Date(bench.nowMs).toISOString().slice(0, 19)}`));
});

test('a role that requires a second factor is not given without one', async () => {
  await bench.newRole('careful', 'bert', { Bool: { 'aws:MultiFactorAuthPresent': 'true' } });
  const { deviceCode, verificationUriComplete } = await bench.device();
  const browser = bench.newBrowser();
  const page = await browser.open(verificationUriComplete);
  const confirm = await browser.submit(page, { user_name: 'bert', password, mfa_code: '' });
  await browser.submit(confirm, { decision: 'allow' });
  const { body } = await pollDevice(bench.plane, bench.client, deviceCode);
  const list = `/assignment/roles?account_id=${accountId}`;
  const { body: roles } = await callPortal(bench.plane, 'GET', list, body.accessToken);
  assert.deepEqual(roles.roleList, [{ roleName: 'closed', accountId }]);
});

test('the trail shows sign-ins, tokens and credentials, and no secret', async () => {
  const { accessToken, refreshToken } = await bench.annasTokens();
  const path = `/federation/credentials?role_name=auditor&account_id=${accountId}`;
  const { body } = await callPortal(bench.plane, 'GET', path, accessToken);
  const login = (await eventsNamed(bench.plane, 'ConsoleLogin')).at(-1);
  assert.ok(login !== undefined);
  assert.deepEqual(login.responseElements, { ConsoleLogin: 'Success' });
  assert.equal(login.eventSource, 'signin.amazonaws.com');
  assert.equal(login.userIdentity.arn, `arn:aws:iam::${accountId}:user/anna`);
  assert.equal((login.additionalEventData as { MFAUsed: string }).MFAUsed, 'Yes');
  const token = (await eventsNamed(bench.plane, 'CreateToken')).at(-1);
  assert.equal(token?.eventSource, 'sso-oauth.amazonaws.com');
  assert.deepEqual(
    [token?.userIdentity.type, token?.userIdentity.userName],
    ['IdentityCenterUser', 'anna'],
  );
  const used = (await eventsNamed(bench.plane, 'GetRoleCredentials')).at(-1);
  assert.deepEqual(used?.requestParameters, { roleName: 'auditor', accountId });
  assert.equal(used?.userIdentity.credentialId, token?.userIdentity.credentialId);
  const { secretAccessKey, sessionToken } = body.roleCredentials;
  const secrets = [accessToken, refreshToken, secretAccessKey, sessionToken, password];
  for (const secret of [...secrets, bench.client.clientSecret]) {
    assert.ok(!bench.plane.written.includes(secret));
  }
});

test('a refresh token gives further access tokens until the sign-in ends', async () => {
  const { refreshToken } = await bench.annasTokens();
  const refresh = (of: SsoClient) =>
    callSso(bench.plane, 'POST', '/token', { ...of, grantType: 'refresh_token', refreshToken });
  await bench.plane.advance(3_600_000);
  const { status, body } = await refresh(bench.client);
  assert.equal(status, 200);
  const path = '/assignment/accounts';
  assert.equal((await callPortal(bench.plane, 'GET', path, body.accessToken)).status, 200);
  // It belongs to the client that got it.
  const other = await registerClient(bench.plane, { scopes: ['sso:account:access'] });
  assert.equal((await refresh(other)).code, 'InvalidGrantException');
  await bench.plane.advance(7 * 3_600_000);
  assert.equal((await refresh(bench.client)).code, 'InvalidGrantException');
  assert.equal((await callPortal(bench.plane, 'GET', path, body.accessToken)).status, 401);
});

test('a sign-in survives a restart, and ends with a logout and with a new password', async () => {
  const { accessToken } = await bench.annasTokens();
  const other = await bench.annasTokens();
  await bench.restart();
  const status = async (token: string) =>
    (await callPortal(bench.plane, 'GET', '/assignment/accounts', token)).status;
  assert.deepEqual([await status(accessToken), await status(other.accessToken)], [200, 200]);
  assert.equal((await callPortal(bench.plane, 'POST', '/logout', accessToken)).status, 200);
  assert.deepEqual([await status(accessToken), await status(other.accessToken)], [401, 200]);
  await bench.plane.advance(1000);
  await bench.iam.send(
    new UpdateLoginProfileCommand({ UserName: 'anna', Password: `${password}2` }),
  );
  assert.equal(await status(other.accessToken), 401);
  await bench.iam.send(new UpdateLoginProfileCommand({ UserName: 'anna', Password: password }));
});

test('a new password, and the deletion of the user, end what was allowed before', async () => {
  const allowed = async (UserName: string, Password: string) => {
    const { deviceCode, verificationUriComplete } = await bench.device();
    const browser = bench.newBrowser();
    const page = await browser.open(verificationUriComplete);
    const typed = { user_name: UserName, password: Password, mfa_code: '' };
    await browser.submit(await browser.submit(page, typed), { decision: 'allow' });
    return deviceCode;
  };
  await bench.newPerson('emil');
  const before = await allowed('emil', password);
  await bench.plane.advance(1000);
  const Password = `${password}2`;
  await bench.iam.send(new UpdateLoginProfileCommand({ UserName: 'emil', Password }));
  await bench.plane.advance(1000);
  const late = await pollDevice(bench.plane, bench.client, before);
  assert.equal(late.code, 'InvalidGrantException');
  const again = await allowed('emil', Password);
  assert.equal((await pollDevice(bench.plane, bench.client, again)).status, 200);
  const deleted = await allowed('emil', Password);
  await bench.iam.send(new DeleteLoginProfileCommand({ UserName: 'emil' }));
  await bench.iam.send(new DeleteUserCommand({ UserName: 'emil' }));
  const gone = await pollDevice(bench.plane, bench.client, deleted);
  assert.equal(gone.code, 'InvalidGrantException');
});

test('a user with the name of a deleted one does not get its roles', async () => {
  await bench.newPerson('carl');
  await bench.newRole('of-carl', 'carl');
  await bench.iam.send(new DeleteLoginProfileCommand({ UserName: 'carl' }));
  await bench.iam.send(new DeleteUserCommand({ UserName: 'carl' }));
  await bench.newPerson('carl');
  const { deviceCode, verificationUriComplete } = await bench.device();
  const browser = bench.newBrowser();
  const page = await browser.open(verificationUriComplete);
  const confirm = await browser.submit(page, { user_name: 'carl', password, mfa_code: '' });
  await browser.submit(confirm, { decision: 'allow' });
  const { body } = await pollDevice(bench.plane, bench.client, deviceCode);
  const list = `/assignment/roles?account_id=${accountId}`;
  const { body: roles } = await callPortal(bench.plane, 'GET', list, body.accessToken);
  assert.deepEqual(roles.roleList, []);
});

test('access tokens that are changed, or of another kind, are refused', async () => {
  const { accessToken, refreshToken } = await bench.annasTokens();
  const [purpose, id, expires, code = ''] = accessToken.split('.');
  const later = `${purpose}.${id}.zzzzzzz.${code}`;
  const changed = `${purpose}.${id}.${expires}.${code.slice(1)}A`;
  for (const token of [later, changed, refreshToken, 'x', `${accessToken}.`]) {
    const refused = await callPortal(bench.plane, 'GET', '/assignment/accounts', token);
    assert.deepEqual([refused.status, refused.code], [401, 'UnauthorizedException'], token);
  }
});

test('a person who was not asked can deny, and the client is told', async () => {
  const { deviceCode, verificationUriComplete } = await bench.device();
  const browser = bench.newBrowser();
  const confirm = await bench.annaSignsIn(browser, await browser.open(verificationUriComplete));
  const ended = await browser.submit(confirm, { decision: 'deny' });
  assert.match(ended.text, /has no access/);
  const { code, body } = await pollDevice(bench.plane, bench.client, deviceCode);
  assert.deepEqual([code, body.error], ['AccessDeniedException', 'access_denied']);
});

test('a code can be typed after the sign-in, in any case and without its dash', async () => {
  const { deviceCode, userCode } = await bench.device();
  const browser = bench.newBrowser();
  const page = await browser.open(`${bench.plane.endpoint.url}/sso/device`);
  const asked = await bench.annaSignsIn(browser, page);
  const wrong = await browser.submit(asked, { user_code: 'BBBB-BBBB', decision: 'show' });
  assert.match(wrong.text, /The code is wrong/);
  const typed = userCode.toLowerCase().replace('-', '');
  const confirm = await browser.submit(wrong, { user_code: typed, decision: 'show' });
  await browser.submit(confirm, { decision: 'allow' });
  assert.equal((await pollDevice(bench.plane, bench.client, deviceCode)).status, 200);
});

test('a client that asks too often is told to slow down, and codes expire', async () => {
  const { deviceCode } = await bench.device();
  const codes: (string | undefined)[] = [];
  for (let count = 0; count < 5; count += 1) {
    codes.push((await pollDevice(bench.plane, bench.client, deviceCode)).code);
  }
  assert.deepEqual(codes.slice(-1), ['SlowDownException']);
  await bench.plane.advance(5000);
  assert.equal(
    (await pollDevice(bench.plane, bench.client, deviceCode)).code,
    'AuthorizationPendingException',
  );
  await bench.plane.advance(600_000);
  const { code, body } = await pollDevice(bench.plane, bench.client, deviceCode);
  assert.deepEqual([code, body.error], ['ExpiredTokenException', 'expired_token']);
});

test('new device codes of one address are limited', async () => {
  await bench.plane.advance(3_600_000);
  const codes = new Set<string | undefined>();
  for (let count = 0; count < 25; count += 1)
    codes.add((await startDevice(bench.plane, bench.client)).code);
  assert.deepEqual([...codes], [undefined, 'SlowDownException']);
  await bench.plane.advance(3_600_000);
  await bench.device();
});

test('registrations of one address are limited', async () => {
  await bench.plane.advance(3_600_000);
  const input = { clientName: 'x', clientType: 'public' };
  const codes = new Set<string | undefined>();
  for (let count = 0; count < 25; count += 1) {
    codes.add((await callSso(bench.plane, 'POST', '/client/register', input)).code);
  }
  assert.deepEqual([...codes], [undefined, 'SlowDownException']);
  await bench.plane.advance(3_600_000);
});

test('clients with wrong secrets, other grants or foreign addresses are refused', async () => {
  const wrong = { ...bench.client, clientSecret: 'x'.repeat(43) };
  const refused = await startDevice(bench.plane, wrong);
  assert.deepEqual([refused.status, refused.code], [401, 'InvalidClientException']);
  const changed = { ...bench.client, clientId: `${bench.client.clientId.slice(0, -2)}AA` };
  assert.equal((await startDevice(bench.plane, changed)).code, 'InvalidClientException');
  const startUrl = 'https://elsewhere.example/start';
  const elsewhere = { ...bench.client, startUrl };
  assert.equal(
    (await callSso(bench.plane, 'POST', '/device_authorization', elsewhere)).code,
    'InvalidRequestException',
  );
  const grant = { ...bench.client, grantType: 'password' };
  assert.equal(
    (await callSso(bench.plane, 'POST', '/token', grant)).code,
    'UnsupportedGrantTypeException',
  );
  const register = async (more: object) =>
    (
      await callSso(bench.plane, 'POST', '/client/register', {
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
