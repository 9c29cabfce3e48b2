// Registered clients. A registration is its own id, so that nothing is stored.

import type { Random } from '../../base/random.ts';
import type { SealedTexts } from '../sealed-texts.ts';
import type { SignInTokens } from './tokens.ts';

/** The duration of a registration, as in AWS. */
const registeredMs = 90 * 24 * 3_600_000;
/** Maximum length of a client id. */
export const clientIdCharactersMax = 8192;

/** What a client registered. */
export interface ClientRegistration {
  readonly name: string;
  readonly scopes: readonly string[];
  readonly grantTypes: readonly string[];
  readonly redirectUris: readonly string[];
  /** Milliseconds since 1970. */
  readonly issuedMs: number;
  readonly expiresMs: number;
}

/** A registered client, with its id. */
export interface RegisteredClient extends ClientRegistration {
  readonly id: string;
}

/** The grants for clients that register none. */
const grantsDefault = ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'];

/** Registers public clients, such as the AWS CLI. */
export class Clients {
  readonly #texts: SealedTexts;
  readonly #tokens: SignInTokens;
  readonly #random: Random;

  constructor(texts: SealedTexts, tokens: SignInTokens, random: Random) {
    this.#texts = texts;
    this.#tokens = tokens;
    this.#random = random;
  }

  /** Registers a client. Returns it with its secret. */
  register(
    asked: {
      readonly name: string;
      readonly scopes: readonly string[];
      readonly grantTypes: readonly string[];
      readonly redirectUris: readonly string[];
    },
    nowMs: number,
  ): RegisteredClient & { readonly secret: string } {
    const grantTypes = asked.grantTypes.length > 0 ? asked.grantTypes : grantsDefault;
    const times = { issuedMs: nowMs, expiresMs: nowMs + registeredMs };
    const registration: ClientRegistration = { ...asked, grantTypes, ...times };
    const id = this.#texts.seal({ ...registration, unique: this.#random.uuid() });
    return { ...registration, id, secret: this.#tokens.clientSecret(id) };
  }

  /** The client with an id; undefined if it is not registered, or no longer. */
  find(id: string, nowMs: number): RegisteredClient | undefined {
    // Only this class seals texts for this purpose.
    const found = this.#texts.open(id) as ClientRegistration | undefined;
    return found && found.expiresMs > nowMs ? { ...found, id } : undefined;
  }

  /** The client with an id and secret. */
  authenticate(id: string, secret: string, nowMs: number): RegisteredClient | undefined {
    return this.#tokens.isClientSecret(id, secret) ? this.find(id, nowMs) : undefined;
  }
}

/**
 * Whether a redirect URI is one that clients may register: a path of the IPv4 loopback interface, which
 * a Content-Security-Policy can name.
 *
 * @see RFC 8252, section 7.3
 */
export function isLoopbackUri(uri: string): boolean {
  return /^http:\/\/127\.0\.0\.1(:\d{1,5})?(\/[\w./~-]*)?$/.test(uri) && URL.canParse(uri);
}

/** Whether a redirect URI is a registered one. The port may differ (RFC 8252, section 7.3). */
export function isRegisteredUri({ redirectUris }: ClientRegistration, uri: string): boolean {
  const plain = withoutPort(uri);
  return isLoopbackUri(uri) && redirectUris.some((each) => withoutPort(each) === plain);
}

function withoutPort(uri: string): string {
  return uri.replace(/^(http:\/\/127\.0\.0\.1):\d+/, '$1');
}
