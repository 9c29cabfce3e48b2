// The pages of a sign-in.

import type { DeviceAuthorization } from '../../identity/sso/device-authorizations.ts';
import type { HttpResponse } from '../../net/http/message.ts';
import { cookieOf, type Flow, noCookie } from './browser-flows.ts';
import { type Html, html, pageResponse } from './html.ts';

/** The paths of the pages. */
export const paths = {
  start: '/start',
  device: '/sso/device',
  authorize: '/authorize',
  signIn: '/sso/sign-in',
  provider: '/sso/provider',
  callback: '/sso/callback',
  confirm: '/sso/confirm',
  console: '/sso/console',
} as const;

function hidden(flow: Flow): Html {
  return html`<input type="hidden" name="form_token" value="${flow.formToken}">`;
}

function notice(text: string | undefined): Html {
  return text === undefined ? html`` : html`<p role="alert"><strong>${text}</strong></p>`;
}

/** The page at the start URL. */
export function startPage(): HttpResponse {
  return pageResponse({
    title: 'Single sign-on',
    body: html`<p>Programs such as the AWS CLI get credentials here: <code>aws sso login</code> opens a
page on which you sign in.</p>
<p>If a program shows a code, <a href="${paths.device}">enter it here</a>.</p>`,
  });
}

/** The page on which a user of the account signs in. */
export function passwordPage(flow: Flow, problem?: string): HttpResponse {
  return pageResponse({
    status: problem === undefined ? 200 : 403,
    title: 'Sign in',
    cookie: cookieOf(flow),
    body: html`${notice(problem)}${purposeOf(flow)}
<form method="post" action="${paths.signIn}">
${hidden(flow)}
<p><label>User name<br><input name="user_name" autocomplete="username" maxlength="64" required autofocus></label></p>
<p><label>Password<br><input name="password" type="password" autocomplete="current-password" maxlength="128" required></label></p>
<p><label>MFA code, if you have a device<br><input name="mfa_code" inputmode="numeric" autocomplete="one-time-code" maxlength="6"></label></p>
<p><button type="submit">Sign in</button></p>
</form>`,
  });
}

/**
 * Returns the page with a link to the outside provider. It is a link because the Content-Security-Policy
 * permits forms to this site only.
 */
export function providerPage(flow: Flow, host: string, problem?: string): HttpResponse {
  return pageResponse({
    status: problem === undefined ? 200 : 403,
    title: 'Sign in',
    cookie: cookieOf(flow),
    body: html`${notice(problem)}${purposeOf(flow)}
<p><a href="${paths.provider}">Continue to ${host}</a></p>`,
  });
}

function purposeOf({ purpose }: Flow): Html {
  if (purpose.type === 'console') return html`<p>You sign in to the web console.</p>`;
  if (purpose.type === 'authorize') {
    return html`<p>The program <q>${purpose.client.name}</q> on this machine asks for access.</p>`;
  }
  if (purpose.userCode === '') return html`<p>Sign in, then enter the code of your program.</p>`;
  return html`<p>A program asks for access with the code <strong>${purpose.userCode}</strong>.</p>`;
}

/** The page on which a person who has signed in enters a code. */
export function codePage(flow: Flow, problem?: string): HttpResponse {
  return pageResponse({
    status: problem === undefined ? 200 : 403,
    title: 'Enter the code',
    cookie: cookieOf(flow),
    body: html`${notice(problem)}
<form method="post" action="${paths.confirm}">
${hidden(flow)}
<p><label>The code that your program shows<br><input name="user_code" autocomplete="off" maxlength="16" required autofocus></label></p>
<p><button type="submit" name="decision" value="show">Continue</button></p>
</form>`,
  });
}

/** The page on which a person allows a device. */
export function devicePage(flow: Flow, name: string, device: DeviceAuthorization): HttpResponse {
  return pageResponse({
    title: 'Allow access?',
    cookie: cookieOf(flow),
    body: html`<p>You are signed in as <strong>${name}</strong>.</p>
<p>The program <q>${device.clientName}</q> at the address ${device.peerAddress} asks for access to your
roles. It shows this code:</p>
<p><strong>${device.userCode}</strong></p>
<p>Allow it only if you have just started this program yourself and it shows the same code.</p>
<form method="post" action="${paths.confirm}">
${hidden(flow)}
<input type="hidden" name="user_code" value="${device.userCode}">
<p><button type="submit" name="decision" value="allow">Allow</button>
<button type="submit" name="decision" value="deny">Deny</button></p>
</form>`,
  });
}

/** The page on which a person allows a client on the own machine. */
export function clientPage(flow: Flow, name: string, clientName: string): HttpResponse {
  return pageResponse({
    title: 'Allow access?',
    cookie: cookieOf(flow),
    leadsToLoopback: true,
    body: html`<p>You are signed in as <strong>${name}</strong>.</p>
<p>The program <q>${clientName}</q> on this machine asks for access to your roles.</p>
<p>Allow it only if you have just started this program yourself.</p>
<form method="post" action="${paths.confirm}">
${hidden(flow)}
<p><button type="submit" name="decision" value="allow">Allow</button>
<button type="submit" name="decision" value="deny">Deny</button></p>
</form>`,
  });
}

/** The last page. */
export function endPage(isAllowed: boolean): HttpResponse {
  const text = isAllowed
    ? 'The program has access now. You can close this window.'
    : 'The program has no access. You can close this window.';
  return pageResponse({
    title: isAllowed ? 'Access allowed' : 'Access denied',
    cookie: noCookie,
    body: html`<p>${text}</p>`,
  });
}

/** A page for a request that cannot be answered. */
export function problemPage(status: number, text: string): HttpResponse {
  return pageResponse({
    status,
    title: 'This does not work',
    body: html`<p role="alert">${text}</p><p><a href="${paths.start}">Start again</a></p>`,
  });
}
