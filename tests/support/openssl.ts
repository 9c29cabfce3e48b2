// Connections by `openssl s_client`.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** The negotiated parameters according to `openssl s_client`. */
export interface Agreed {
  /** `TLSv1.3` and the like. */
  readonly version: string;
  /** OpenSSL's name of the cipher suite. */
  readonly suite: string;
}

/**
 * Connects as `openssl s_client` with more options of its own.
 *
 * @returns undefined where the handshake fails
 */
export async function openssl(port: number, ...options: string[]): Promise<Agreed | undefined> {
  const stderr = await connect(port, options);
  const version = /^Protocol version: (\S+)/m.exec(stderr)?.[1];
  const suite = /^Ciphersuite: (\S+)/m.exec(stderr)?.[1];
  return version === undefined || suite === undefined ? undefined : { version, suite };
}

async function connect(port: number, options: readonly string[]): Promise<string> {
  const client = promisify(execFile)('openssl', [
    ...['s_client', '-connect', `127.0.0.1:${port}`, '-brief', ...options],
  ]);
  client.child.stdin?.end();
  const { stderr } = await client.catch((error: { stderr: string }) => error);
  return stderr;
}

async function listSuites(): Promise<readonly string[]> {
  const list = ['ciphers', '-s', '-tls1_2', 'ALL:COMPLEMENTOFALL:@SECLEVEL=0'];
  const { stdout } = await promisify(execFile)('openssl', list);
  return stdout.trim().split(':');
}

let listed: Promise<readonly string[]> | undefined;

/** Every suite of TLS 1.2 and below that this machine's OpenSSL can offer at all. */
export async function allSuites(): Promise<readonly string[]> {
  listed ??= listSuites();
  return await listed;
}

/**
 * The suites of TLS 1.2 that a server agrees to, sorted. Each handshake offers all suites but those
 * found before, until one fails.
 */
export async function agreedSuites(port: number): Promise<string[]> {
  const suites = new Set(await allSuites());
  if (suites.size <= 60) throw new Error(`OpenSSL offers only ${suites.size} suites`);
  const found: string[] = [];
  for (;;) {
    const offer = `${[...suites].join(':')}:@SECLEVEL=0`;
    const agreed = await openssl(port, '-tls1_2', '-cipher', offer);
    if (agreed === undefined) return found.sort();
    if (!suites.delete(agreed.suite)) throw new Error(`${agreed.suite} was not offered`);
    found.push(agreed.suite);
  }
}
