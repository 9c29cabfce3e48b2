// An OIDC provider in this process, which tests can make misbehave.

import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import {
  exportJWK,
  type GenerateKeyPairResult,
  generateKeyPair,
  type JWTPayload,
  SignJWT,
} from 'jose';
import { planeCertificates } from './certificates.ts';

/** A pair of keys with an id. */
interface Keys {
  readonly kid: string;
  readonly algorithm: string;
  readonly privateKey: GenerateKeyPairResult['privateKey'];
  readonly publicKey: GenerateKeyPairResult['publicKey'];
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** An issuer with a discovery document and keys, over HTTPS. */
export class IdentityProvider {
  /** The answers of paths besides the usual ones, or in place of them. */
  readonly answers = new Map<string, Answer>();
  /** The paths that were requested. */
  readonly requests: string[] = [];
  readonly #server: Server;
  readonly #keys: Keys[] = [];

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<IdentityProvider> {
    const { servers } = await planeCertificates();
    const server = createServer({
      cert: servers.map(({ certificate }) => certificate),
      key: servers.map(({ privateKey }) => privateKey),
    });
    const provider = new IdentityProvider(server);
    server.on('request', (request, response) => provider.#answer(request, response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    await provider.addKey('first', 'RS256');
    return provider;
  }

  /** The issuer: the claim `iss` of its tokens. */
  get url(): string {
    return `https://${this.name}`;
  }

  /** The name of the provider in ARNs and condition keys. */
  get name(): string {
    return `localhost:${(this.#server.address() as AddressInfo).port}/tenant`;
  }

  /** Publishes a new key. */
  async addKey(kid: string, algorithm: string): Promise<Keys> {
    const keys = { kid, algorithm, ...(await generateKeyPair(algorithm, { extractable: true })) };
    this.#keys.push(keys);
    return keys;
  }

  /** Takes back all keys. */
  forgetKeys(): void {
    this.#keys.length = 0;
  }

  /**
   * A signed token.
   *
   * @param nowMs the time of the service
   * @param claims replace the usual ones; undefined leaves one out
   */
  async token(nowMs: number, claims: JWTPayload = {}, keys = this.#keys[0]): Promise<string> {
    if (keys === undefined) throw new Error('the provider has no keys');
    const nowSeconds = Math.floor(nowMs / 1000);
    const usual = { iss: this.url, aud: 'waxwing', sub: 'anna', iat: nowSeconds };
    const all = { ...usual, exp: nowSeconds + 600, ...claims };
    const given = Object.entries(all).filter(([, value]) => value !== undefined);
    const { kid, algorithm: alg, privateKey } = keys;
    return new SignJWT(Object.fromEntries(given)).setProtectedHeader({ alg, kid }).sign(privateKey);
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url ?? '';
    this.requests.push(path);
    const own = this.answers.get(path);
    if (own) own(request, response);
    else if (path === '/tenant/.well-known/openid-configuration') {
      send(response, { issuer: this.url, jwks_uri: `${this.url}/keys` });
    } else if (path === '/tenant/keys') {
      this.#publicKeys().then(
        (keys) => send(response, { keys }),
        (error: Error) => response.destroy(error),
      );
    } else response.writeHead(404).end();
  }

  #publicKeys() {
    return Promise.all(
      this.#keys.map(async ({ kid, algorithm: alg, publicKey }) => {
        return { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' };
      }),
    );
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

function send(response: ServerResponse, value: object): void {
  response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(value));
}
