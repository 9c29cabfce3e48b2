import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { password, SignInPlane } from '../../support/sign-in-plane.ts';
import { callPortal, callSso, registerClient } from '../../support/sso-client.ts';
import { eventsNamed } from '../../support/trail-events.ts';

let bench: SignInPlane;
before(async () => {
  bench = await SignInPlane.start();
});
after(() => bench.close());

test('wrong passwords, codes and users get the same answer, and are recorded', async () => {
  const { verificationUriComplete } = await bench.device();
  const code = await bench.freshCode();
  const attempts = [
    { user_name: 'anna', password: 'wrong', mfa_code: code },
    { user_name: 'anna', password, mfa_code: '000000' },
    { user_name: 'anna', password, mfa_code: '' },
    { user_name: 'nobody', password, mfa_code: code },
  ];
  const answers: string[] = [];
  for (const attempt of attempts) {
    const browser = bench.newBrowser();
    const page = await browser.submit(await browser.open(verificationUriComplete), attempt);
    assert.equal(page.status, 403);
    answers.push(page.text.replaceAll(/value="[\w-]{43}"/g, ''));
  }
  assert.equal(new Set(answers).size, 1);
  const events = (await eventsNamed(bench.plane, 'ConsoleLogin')).slice(-attempts.length);
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
  const code = await bench.freshCode();
  const signIn = async () => {
    const { verificationUriComplete } = await bench.device();
    const browser = bench.newBrowser();
    const page = await browser.open(verificationUriComplete);
    return browser.submit(page, { user_name: 'anna', password, mfa_code: code });
  };
  assert.match((await signIn()).text, /signed in as/);
  assert.equal((await signIn()).status, 403);
  const browser = bench.newBrowser();
  let page = await browser.open((await bench.device()).verificationUriComplete);
  for (let count = 0; count < 5; count += 1) {
    page = await browser.submit(page, { user_name: 'nobody', password: 'x', mfa_code: '' });
    assert.match(page.text, /is wrong/);
  }
  page = await browser.submit(page, { user_name: 'nobody', password: 'x', mfa_code: '' });
  assert.match(page.text, /too many wrong attempts/);
});

test('forms of other sites, and without the cookie of the sign-in, are refused', async () => {
  const { verificationUriComplete } = await bench.device();
  const browser = bench.newBrowser();
  const page = await browser.open(verificationUriComplete);
  const values = { user_name: 'anna', password, mfa_code: await bench.freshCode() };
  const foreign = await browser.submit(page, { ...values, form_token: 'x'.repeat(43) });
  assert.match(foreign.text, /does not belong to this sign-in/);
  const evil = await browser.submit(page, values, { Origin: 'https://evil.example' });
  assert.match(evil.text, /does not belong to this sign-in/);
  const other = await bench.newBrowser().submit(page, values);
  assert.match(other.text, /has expired, or your browser/);
  const before = browser.cookiesOf(page.url).get('__Host-waxwing-sign-in');
  const confirm = await browser.submit(page, values);
  // The cookie from before the sign-in is worth nothing afterwards.
  assert.notEqual(browser.cookiesOf(page.url).get('__Host-waxwing-sign-in'), before);
  await browser.submit(confirm, { decision: 'deny' });
});

test('pages have no script, cannot be framed, and their cookie is only for this host', async () => {
  const browser = bench.newBrowser();
  const page = await browser.open(`${bench.plane.endpoint.url}/sso/device`);
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
  const url = new URL('/authorize', bench.plane.endpoint.url);
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
  const own = await registerClient(bench.plane, {
    scopes: ['sso:account:access'],
    grantTypes: ['authorization_code', 'refresh_token'],
    redirectUris: ['http://127.0.0.1/oauth/callback'],
  });
  const allow = async () => {
    const browser = bench.newBrowser();
    const confirm = await bench.annaSignsIn(
      browser,
      await browser.open(authorizeUrl(own.clientId)),
    );
    const policy = String(confirm.headers['content-security-policy']);
    assert.match(policy, /form-action 'self' http:\/\/127\.0\.0\.1:\*;/);
    const returned = new URL((await browser.submit(confirm, { decision: 'allow' })).url);
    assert.equal(returned.origin, 'http://127.0.0.1:45678');
    assert.equal(returned.searchParams.get('state'), 'a state');
    return returned.searchParams.get('code') ?? '';
  };
  const exchange = (code: string, more: object = {}) =>
    callSso(bench.plane, 'POST', '/token', {
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
    (await callPortal(bench.plane, 'GET', '/assignment/accounts', body.accessToken)).status,
    200,
  );
  assert.equal((await exchange(code)).code, 'InvalidGrantException');
  const wrong = { codeVerifier: 'w'.repeat(43) };
  assert.equal((await exchange(await allow(), wrong)).code, 'InvalidGrantException');
  const redirectUri = 'http://127.0.0.1:1/oauth/callback';
  assert.equal((await exchange(await allow(), { redirectUri })).code, 'InvalidGrantException');
});

test('the browser is never sent to an address that is not registered', async () => {
  const own = await registerClient(bench.plane, {
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
    const page = await bench.newBrowser().open(authorizeUrl(own.clientId, more));
    assert.equal(page.status, 400, JSON.stringify(more));
    assert.equal(page.headers['location'], undefined);
  }
});
