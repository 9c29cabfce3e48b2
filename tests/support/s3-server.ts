// s3rver, an S3-compatible service, over HTTPS with its files in a folder. It does not check signatures
// of version 4; the official signer does that before it.

import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import S3rver from 's3rver';
import { systemClock } from '../../src/base/clock.ts';
import { type BucketCredentials, S3Buckets } from '../../src/server/trails/s3-buckets.ts';
import { planeCertificates } from './certificates.ts';
import { signRequest } from './sign-request.ts';

const ending = '._S3rver_object';

/** An object, as the server has stored it. */
export interface StoredObject {
  readonly body: Buffer;
  /** Headers of the request that stored it, which describe it. */
  readonly headers: Readonly<Record<string, string>>;
}

/** A running server. It accepts one access key, and checks signatures. */
export class S3Server {
  readonly credentials = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' };
  /** The authority of its certificate, PEM. */
  ca = '';
  readonly folder = mkdtempSync(join(tmpdir(), 'waxwing-s3-'));
  readonly #names: readonly string[];
  #server: Server | undefined = undefined;
  #port = 0;

  private constructor(names: readonly string[]) {
    this.#names = names;
  }

  /** @param names the buckets */
  static async start(names: readonly string[]): Promise<S3Server> {
    const server = new S3Server(names);
    await server.start();
    return server;
  }

  /** Starts it again on the same port. */
  async start(): Promise<void> {
    const { authority, servers } = await planeCertificates();
    this.ca = authority;
    const [of] = servers;
    const store = new S3rver({
      silent: true,
      directory: this.folder,
      configureBuckets: this.#names.map((name) => ({ name, configs: [] })),
    });
    await store.configureBuckets();
    const answer = store.callback();
    this.#server = createServer({ key: of?.privateKey, cert: of?.certificate });
    this.#server.on('request', async (request, response) => {
      if (await this.#isSigned(request)) answer(request, response);
      else refuse(response);
    });
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port; // it listens on a port
  }

  /** Whether the official signer makes the same signature of the signed headers. */
  async #isSigned({ method = '', url = '', headers }: IncomingMessage): Promise<boolean> {
    const { authorization = '' } = headers;
    const [, names = ''] = /SignedHeaders=([^,]*)/.exec(authorization) ?? [];
    const [, region = ''] = /Credential=S3RVER\/\d{8}\/([^/]+)\/s3\//.exec(authorization) ?? [];
    const signed = names.split(';').map((name) => [name, String(headers[name] ?? '')]);
    const time = String(headers['x-amz-date']);
    const atMs = Date.parse(time.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6Z'));
    if (Number.isNaN(atMs)) return false;
    const again = await signRequest(
      { method, path: url, headers: Object.fromEntries(signed), body: '' },
      { ...this.credentials, region, service: 's3', atMs },
    );
    return again.headers.get('authorization') === authorization;
  }

  get endpoint(): string {
    return `https://127.0.0.1:${this.#port}`;
  }

  /** The buckets as the service uses them. */
  buckets(names: readonly string[], credentials: BucketCredentials = this.credentials): S3Buckets {
    return new S3Buckets({
      endpoint: this.endpoint,
      region: 'us-east-1',
      buckets: names,
      authorities: this.ca,
      credentials: async () => credentials,
      clock: systemClock,
    });
  }

  /** The keys of a bucket, in their order. */
  keys(bucket: string): string[] {
    const folder = join(this.folder, bucket);
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
    const paths = entries.map((entry) => relative(folder, join(entry.parentPath, entry.name)));
    return paths
      .filter((path) => path.endsWith(ending))
      .map((path) => path.slice(0, -ending.length))
      .sort();
  }

  /** An object of a bucket. */
  object(bucket: string, key: string): StoredObject {
    const path = join(this.folder, bucket, key);
    const described = readFileSync(`${path}._S3rver_metadata.json`, 'utf8');
    return { body: readFileSync(`${path}${ending}`), headers: JSON.parse(described) };
  }

  /** Closes its port. What is stored stays. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server?.listening !== true) return;
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true });
  }
}

function refuse(response: ServerResponse): void {
  response.writeHead(403, { 'content-type': 'application/xml' });
  response.end('<Error><Code>SignatureDoesNotMatch</Code></Error>');
}
