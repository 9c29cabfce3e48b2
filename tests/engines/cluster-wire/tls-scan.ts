// What a port accepts, as sslscan finds it.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
const scanMs = 300_000;

/** What a port accepts. */
export interface Scan {
  readonly protocols: readonly string[];
  /** By protocol. */
  readonly suites: Readonly<Record<string, readonly string[]>>;
  /** What went wrong. */
  readonly error?: string;
}

/** Suites with forward secrecy and authenticated encryption. */
const goodSuites = /^(TLS_(AES|CHACHA20)_|ECDHE-(RSA|ECDSA)-(AES(128|256)-GCM|CHACHA20-POLY1305))/;

/** Maximum number of attempts to scan a port. A port can answer late on a loaded machine. */
const attemptsMax = 3;

/** Asks a port for all protocols and suites. */
export async function scan(port: number): Promise<Scan> {
  for (let left = attemptsMax; ; left--) {
    const found = await scanOnce(port);
    if (withoutSuites(found).length === 0 || left === 1) return found;
  }
}

async function scanOnce(port: number): Promise<Scan> {
  // A machine under load answers late, and a port may limit how many connections begin at once.
  const patience = ['--timeout=20', '--sleep=20'];
  const args = ['--xml=-', '--no-colour', '--no-check-certificate', ...patience];
  const { stdout } = await run('sslscan', [...args, `localhost:${port}`], { timeout: scanMs });
  const all = (expression: RegExp) => [...stdout.matchAll(expression)];
  const protocols = all(/<protocol type="(\w+)" version="([\w.]+)" enabled="1"/g).map(
    ([, type = '', version = '']) => `${type.toUpperCase()} ${version}`,
  );
  const suites: Record<string, string[]> = {};
  for (const [, version = '', name = ''] of all(
    /<cipher status="\w+" sslversion="([\w.]+)" bits="\d+" cipher="([\w-]+)"/g,
  )) {
    suites[version] = [...(suites[version] ?? []), name];
  }
  const [, error] = /<error><!\[CDATA\[(.*?)\]\]>/.exec(stdout) ?? [];
  return { protocols, suites, ...(error !== undefined && { error }) };
}

/** What is wrong with a port; empty for one with TLS 1.2 and 1.3 and good suites only. */
export function problemsOf({ protocols, suites, error }: Scan): string[] {
  const old = protocols.filter((name) => name !== 'TLS 1.2' && name !== 'TLS 1.3');
  const weak = Object.values(suites)
    .flat()
    .filter((name) => !goodSuites.test(name));
  const none = withoutSuites({ protocols, suites }).map((name) => `${name} has no suite`);
  return [...none, ...(error === undefined || none.length === 0 ? [] : [error]), ...old, ...weak];
}

/** The protocols of which no suite is known; `TLS` if there is no protocol. */
function withoutSuites({ protocols, suites }: Pick<Scan, 'protocols' | 'suites'>): string[] {
  if (protocols.length === 0) return ['TLS'];
  return protocols.filter((name) => (suites[name.replace(' ', 'v')] ?? []).length === 0);
}
