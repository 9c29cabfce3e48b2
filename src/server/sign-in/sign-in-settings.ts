// The settings of single sign-on.

import { ServerError } from '../errors.ts';
import type { OutsideProviderSettings } from './outside-provider.ts';
import { readSmallFile } from './small-file.ts';

/** The settings of single sign-on. */
export interface SignInSettings {
  /** The address of the pages, without a path; undefined for that of the API. */
  readonly url: string | undefined;
  /** The provider with which people sign in; undefined if users of the account sign in. */
  readonly outside: OutsideProviderSettings | undefined;
}

/** The options of the command line. */
export interface SignInOptions {
  readonly ssoUrl?: string;
  readonly ssoIssuer?: string;
  readonly ssoClientId?: string;
  readonly ssoClientSecretFile?: string;
  readonly ssoScopes: string;
}

/**
 * Reads the settings of single sign-on.
 *
 * @throws {ServerError} `setting-invalid`
 */
export async function signInSettings(options: SignInOptions): Promise<SignInSettings> {
  const { ssoUrl, ssoIssuer, ssoClientId, ssoClientSecretFile, ssoScopes } = options;
  if (ssoUrl !== undefined && !/^https:\/\/[\w.:[\]-]+$/.test(ssoUrl)) {
    throw invalid('--sso-url', ssoUrl, 'an https URL without a path');
  }
  if (ssoIssuer === undefined) return { url: ssoUrl, outside: undefined };
  if (!URL.canParse(ssoIssuer) || new URL(ssoIssuer).protocol !== 'https:') {
    throw invalid('--sso-issuer', ssoIssuer, 'an https URL');
  }
  if (ssoClientId === undefined || ssoClientId === '') {
    throw invalid('--sso-client-id', '', 'the id of this service at the identity provider');
  }
  if (ssoClientSecretFile === undefined) {
    throw invalid('--sso-client-secret-file', '', 'a file with the secret of the client');
  }
  if (!` ${ssoScopes} `.includes(' openid ')) {
    throw invalid('--sso-scopes', ssoScopes, "a list with 'openid'");
  }
  const clientSecret = (
    await readSmallFile('--sso-client-secret-file', ssoClientSecretFile)
  ).trim();
  if (clientSecret === '') {
    throw invalid('--sso-client-secret-file', ssoClientSecretFile, 'a file that is not empty');
  }
  const outside = { issuer: ssoIssuer, clientId: ssoClientId, clientSecret, scopes: ssoScopes };
  return { url: ssoUrl, outside };
}

function invalid(option: string, found: string, allowed: string): ServerError {
  return new ServerError('setting-invalid', `${option} is '${found}'; expected ${allowed}`);
}
