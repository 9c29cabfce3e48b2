// A machine of a page: names, certificates and servers as the page shows them, and a service that its
// snippets start. It needs the namespaces in which `servers.test.ts` runs it: `/etc` and all ports are its own.

import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import { dirname, join } from 'node:path';
import { systemClock } from '../../../src/base/clock.ts';
import {
  type Certificate,
  createAuthority,
  issueServerCertificate,
} from '../../../src/crypto/authority.ts';
import { Shell, type Variables } from '../shell.ts';

/** The page's machine, on which its snippets run. */
export class Stage extends Shell {
  readonly #authority: Certificate;
  readonly #names: readonly string[];

  private constructor(authority: Certificate, names: readonly string[]) {
    super();
    this.#authority = authority;
    this.#names = names;
  }

  /** @param names names of servers, which all are this machine, and which its authority certifies */
  static async open(...names: string[]): Promise<Stage> {
    const hosts = [...names, '127.0.0.1'];
    const authority = await createAuthority('page', hosts, systemClock.nowMs());
    const stage = new Stage(authority, names);
    stage.write('/etc/hosts', `127.0.0.1 localhost ${names.join(' ')}\n::1 localhost\n`);
    stage.write('stage-ca.pem', authority.certificate);
    return stage;
  }

  /** The authority of its servers, PEM. */
  get ca(): string {
    return this.#authority.certificate;
  }

  /** The file with the authority, for programs that know public authorities only. */
  get trusting(): Variables {
    return { NODE_EXTRA_CA_CERTS: join(this.folder.root, 'stage-ca.pem') };
  }

  /** Writes a file, with a path below the working directory or below `/etc`. */
  write(path: string, text: string | Buffer): void {
    const file = path.startsWith('/etc/') ? path : join(this.folder.root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text, { mode: path === '/etc/hosts' ? 0o644 : 0o600 });
  }

  read(path: string): string {
    return readFileSync(join(this.folder.root, path), 'utf8');
  }

  /** A certificate for all names. */
  certificate(): Promise<Certificate> {
    return issueServerCertificate(this.#authority, 'ecdsa', this.#names, systemClock.nowMs());
  }

  /** A server for all names. */
  async listen(port: number, answer: RequestListener, address = '127.0.0.1'): Promise<void> {
    const { certificate: cert, privateKey: key } = await this.certificate();
    const server = createServer({ cert, key }, answer).listen(port, address);
    server.unref();
    await once(server, 'listening');
  }
}
