// The outside OIDC provider with which people sign in.

import type { Configuration, CustomFetch } from 'openid-client';
import type { Clock } from '../../base/clock.ts';
import type { ProviderPerson } from '../../identity/sso/person.ts';
import type { HttpsClient } from '../../net/http/https-client.ts';
import { ServerError } from '../errors.ts';
import type { OutsideRequest } from './browser-flows.ts';

/** The time for which the configuration of the provider is used, milliseconds. */
const keptMs = 3_600_000;
/** The time after a failure in which the provider is not asked again, milliseconds. */
const failedMs = 5000;
/** Maximum size of the claims of a person, characters of JSON. */
const claimsCharactersMax = 16_384;
/** Maximum length of an ID token. */
const tokenCharactersMax = 20_000;

/** How this service is registered at the provider. */
export interface OutsideProviderSettings {
  /** The URL of the issuer. */
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Separated by spaces. */
  readonly scopes: string;
}

/** A client of an OIDC provider: the authorization code flow with PKCE, state and nonce. */
export class OutsideProvider {
  readonly settings: OutsideProviderSettings;
  readonly #http: HttpsClient;
  readonly #clock: Clock;
  #found: { readonly untilMs: number; readonly configuration: Promise<Configuration> } | undefined =
    undefined;

  constructor(settings: OutsideProviderSettings, http: HttpsClient, clock: Clock) {
    this.settings = settings;
    this.#http = http;
    this.#clock = clock;
  }

  /** The host of the provider, which people know. */
  get host(): string {
    return new URL(this.settings.issuer).host;
  }

  /**
   * Prepares a request of a browser to the provider.
   *
   * @throws {ServerError} `provider-failed`
   */
  async begin(redirectUri: string): Promise<OutsideRequest & { readonly location: string }> {
    const client = await import('openid-client');
    const configuration = await this.#configuration();
    const verifier = client.randomPKCECodeVerifier();
    const request = { state: client.randomState(), nonce: client.randomNonce(), verifier };
    const location = client.buildAuthorizationUrl(configuration, {
      redirect_uri: redirectUri,
      scope: this.settings.scopes,
      state: request.state,
      nonce: request.nonce,
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    });
    return { ...request, location: location.href };
  }

  /**
   * The person whom the provider names, after the browser came back.
   *
   * @param returned the URL to which the browser was sent back
   * @throws {ServerError} `provider-failed` if the answer is not valid
   */
  async finish(returned: URL, { state, nonce, verifier }: OutsideRequest): Promise<ProviderPerson> {
    const client = await import('openid-client');
    const configuration = await this.#configuration();
    const tokens = await client
      .authorizationCodeGrant(configuration, returned, {
        expectedState: state,
        expectedNonce: nonce,
        pkceCodeVerifier: verifier,
        idTokenExpected: true,
      })
      .catch((cause: Error) => {
        throw failed('its answer is not valid', cause);
      });
    const claims = tokens.claims();
    if (claims === undefined || (tokens.id_token ?? '').length > tokenCharactersMax) {
      throw failed(`it sent no ID token of at most ${tokenCharactersMax} characters`);
    }
    const size = JSON.stringify(claims).length;
    if (size > claimsCharactersMax) {
      throw failed(`the claims have ${size} characters; ${claimsCharactersMax} are allowed`);
    }
    return {
      type: 'provider',
      provider: this.settings.issuer.replace(/^https:\/\//, ''),
      audience: this.settings.clientId,
      subject: claims.sub,
      claims: { ...claims },
    };
  }

  #configuration(): Promise<Configuration> {
    const nowMs = this.#clock.monotonicMs();
    if (this.#found !== undefined && this.#found.untilMs > nowMs) return this.#found.configuration;
    const configuration = this.#discovered().catch((cause: Error) => {
      this.#found = { untilMs: nowMs + failedMs, configuration };
      throw failed('it cannot be reached, or its discovery document is not valid', cause);
    });
    configuration.catch(() => {}); // reported to everyone who asks
    this.#found = { untilMs: nowMs + keptMs, configuration };
    return configuration;
  }

  async #discovered(): Promise<Configuration> {
    const client = await import('openid-client');
    const { issuer, clientId, clientSecret } = this.settings;
    const configuration = await client.discovery(
      new URL(issuer),
      clientId,
      { client_secret: clientSecret },
      undefined,
      {
        [client.customFetch]: this.#fetch,
        // Signatures of ID tokens are verified, although they come from the provider itself.
        execute: [client.enableNonRepudiationChecks],
      },
    );
    return configuration;
  }

  /** Requests of the library, with this service's limits of time and size. */
  readonly #fetch: CustomFetch = async (url, { method, headers, body }) => {
    const answer = await this.#http.send(new URL(url), {
      method,
      headers,
      body: body === undefined || body === null ? undefined : String(body),
    });
    const bytes = answer.body.length === 0 ? null : new Uint8Array(answer.body);
    return new Response(bytes, { status: answer.status, headers: answer.headers });
  };
}

function failed(why: string, cause?: Error): ServerError {
  return new ServerError('provider-failed', `the identity provider cannot be used: ${why}`, {
    cause,
  });
}
