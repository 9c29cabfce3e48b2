// Log-ins with tokens of OAuth 2.0.

import { sourceOf, withoutPort } from '../../../base/address.ts';
import { systemClock } from '../../../base/clock.ts';
import {
  type DirectoryAnswer,
  type LoginAttempt,
  type UserDirectory,
  userWithRights,
} from '../../../broker/logins/logins.ts';
import type { LoginRights, RightsObject } from '../../../broker/logins/rights.ts';
import type { Right, TopicRight } from '../../../broker/users.ts';
import { HttpsClient } from '../../../net/http/https-client.ts';
import { TokenError } from '../../../oauth/errors.ts';
import type { OAuthSettings } from '../../../oauth/settings.ts';
import { type AcceptedToken, Tokens } from '../../../oauth/tokens.ts';

/** Checks log-ins whose password is an access token. The user name is that of the token. */
export class OAuthLogins implements UserDirectory {
  readonly takesTokens = true;
  readonly #tokens: Tokens;

  /** @param report receives problems that an operator should know about, without tokens */
  constructor(settings: OAuthSettings, report: (text: string) => void, clock = systemClock) {
    this.#tokens = new Tokens({
      settings,
      clock,
      report,
      fetcher: ({ authorities }) => {
        const client = new HttpsClient({ authorities: authorities ?? undefined, clock });
        return (url) => client.getJson(url);
      },
    });
  }

  async check({ password, peerAddress }: LoginAttempt): Promise<DirectoryAnswer> {
    const source = sourceOf(withoutPort(peerAddress));
    const token = await this.verify(password, source);
    if (typeof token === 'string') return token;
    return { user: userWithRights(token.username, new TokenLogin(this, token, source)) };
  }

  /** Verifies a token. Must not throw because of it. */
  async verify(
    token: string,
    source: string,
  ): Promise<AcceptedToken | 'token-refused' | 'busy' | 'unavailable'> {
    try {
      return await this.#tokens.verify(token, source);
    } catch (error) {
      if (!(error instanceof TokenError)) throw error;
      return error.code === 'provider-unavailable' ? 'unavailable' : error.code;
    }
  }
}

/** The rights of a log-in with a token. */
class TokenLogin implements LoginRights {
  readonly tags: readonly string[];
  readonly expiresAtMs: number;
  readonly #logins: OAuthLogins;
  readonly #token: AcceptedToken;
  readonly #source: string;

  constructor(logins: OAuthLogins, token: AcceptedToken, source: string) {
    this.tags = token.rights.tags;
    this.expiresAtMs = token.expiresAtMs;
    this.#logins = logins;
    this.#token = token;
    this.#source = source;
  }

  permitsVhost(vhost: string): boolean {
    return this.#token.rights.permitsVhost(vhost);
  }

  permits(vhost: string, right: Right, _kind: RightsObject, name: string): boolean {
    return this.#token.rights.permits(vhost, right, name);
  }

  permitsTopic(vhost: string, right: TopicRight, exchange: string, routingKey: string): boolean {
    return this.#token.rights.permitsTopic(vhost, right, exchange, routingKey);
  }

  /** A new token must be for the same user. */
  async renewed(secret: string): Promise<LoginRights | 'refused' | 'unavailable'> {
    const token = await this.#logins.verify(secret, this.#source);
    if (token === 'token-refused') return 'refused';
    if (typeof token === 'string') return 'unavailable';
    if (token.username !== this.#token.username) return 'refused';
    return new TokenLogin(this.#logins, token, this.#source);
  }
}
