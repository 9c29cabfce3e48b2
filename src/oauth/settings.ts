// The settings of OAuth 2.0: who signs tokens, and what their scopes mean.

/** An authorisation server that signs tokens. Plain JSON. */
export interface OAuthProvider {
  /** Empty for the default one. */
  readonly id: string;
  /** The URL of the public keys (RFC 7517); null if the discovery document states it. */
  readonly keysUrl: string | null;
  /** The URL of the discovery document; null if there is none. */
  readonly discoveryUrl: string | null;
  /** The permitted algorithms of signatures. */
  readonly algorithms: readonly string[];
  /** The id of the key of tokens that name none; null if such tokens are only accepted with a single key. */
  readonly defaultKey: string | null;
  /** Certificates of authorities, PEM, besides the public ones; null for none. */
  readonly authorities: string | null;
}

/** A service that tokens are issued for. Plain JSON. */
export interface ResourceServer {
  /** The audience: the claim `aud` of its tokens. */
  readonly id: string;
  /** The id of its provider. */
  readonly provider: string;
  /** What scopes of this service begin with. Others are ignored. */
  readonly scopePrefix: string;
  /** Claims with further scopes, as paths of names. */
  readonly additionalScopes: readonly (readonly string[])[];
  /** The claims that can contain the user name, in the order of preference. */
  readonly usernameClaims: readonly string[];
  /** The scopes that a scope stands for. */
  readonly scopeAliases: Readonly<Record<string, readonly string[]>>;
  /** Whether tokens must be issued for this service. */
  readonly verifiesAudience: boolean;
}

/** The settings of OAuth 2.0. Plain JSON without secrets. */
export interface OAuthSettings {
  /** At least one. */
  readonly resourceServers: readonly ResourceServer[];
  readonly providers: readonly OAuthProvider[];
}

/**
 * The algorithms that can be permitted. None is symmetric: keys are published, so that a shared secret
 * among them would be no secret.
 */
export const signatureAlgorithms: readonly string[] = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];

/** The limits of tokens. */
export const tokenLimits = {
  /** Maximum length of a token, characters. */
  tokenLengthMax: 16 * 1024,
  /** Maximum number of scopes of a token, as in RabbitMQ. */
  scopeCountMax: 2048,
  /** Maximum length of a scope, characters. */
  scopeLengthMax: 2048,
  /** Maximum number of tags in a token. Further ones are ignored. */
  tagCountMax: 32,
  /** Maximum size of a user name, bytes. */
  usernameBytesMax: 255,
  /** Maximum number of tokens that are verified at the same time, of all sources and of one. */
  verifyingCountMax: 64,
  verifyingPerSourceMax: 16,
  /** Maximum number of keys of a provider. */
  keyCountMax: 200,
} as const;
