// The settings of the service in a support bundle, without values that could be secret or personal.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Settings with a number or with a value from a list; the values of others are left out. */
const openSettings: ReadonlySet<string> = new Set([
  ...['amqps-port', 'api-port', 'audit-anchor-type', 'broker-ports', 'disk-reserve-mib', 'fips'],
  ...['instance-limits', 'key-check-seconds', 'key-effect-delay', 'ldap-port', 'log-level'],
  ...['lookup-events-per-second', 'memory-limit-mib', 'no-default-broker', 'record-failed-logins'],
  ...['region', 'remote-kms-grace-seconds', 'sensitive-names', 'tls-parity'],
  ...['trail-digest-seconds', 'trail-file-seconds', 'discard-broker-logs'],
]);

const openValue = /^[a-z0-9-]{1,24}$/i;
const optionsMax = 200;
const bytesMax = 1024 * 1024;

/** A setting: its value, or that there is one. */
export type Settings = Readonly<Record<string, string>>;

function shown(name: string, value: string): string {
  return openSettings.has(name) && openValue.test(value) ? value : 'set';
}

/** The settings among the arguments of `waxwing serve`. */
export function settingsOfArguments(args: readonly string[]): Settings {
  const found = args.flatMap((arg, at): [string, string][] => {
    const [, name, own] = /^--([a-z][a-z0-9-]{0,40})(?:=(.*))?$/s.exec(arg) ?? [];
    if (name === undefined) return [];
    const next = args[at + 1] ?? '';
    const value = own ?? (next.startsWith('--') ? '' : next);
    return [[name, value === '' ? 'on' : shown(name, value)]];
  });
  return Object.fromEntries(found.slice(0, optionsMax));
}

/** The settings among environment variables: those of Waxwing, and whether some others are set. */
export function settingsOfEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): Settings {
  const found = Object.entries(environment).flatMap(([name, value = '']): [string, string][] => {
    if (/^(NODE_OPTIONS|OPENSSL_CONF|OPENSSL_MODULES)$/.test(name)) return [[name, 'set']];
    if (!/^WAXWING_[A-Z0-9_]{1,40}$/.test(name)) return [];
    if (name === 'WAXWING_ROOT_KEY') return [[name, /^[a-z0-9-]+/.exec(value)?.[0] ?? 'set']];
    const option = name.slice('WAXWING_'.length).toLowerCase().replaceAll('_', '-');
    return [[name, shown(option, value)]];
  });
  return Object.fromEntries(found.slice(0, optionsMax));
}

/** What is known about the process of the service on a data folder; undefined if none is running. */
export async function serviceProcess(folder: string): Promise<object | undefined> {
  try {
    const lock = JSON.parse(await text(join(folder, 'system', 'lock'))) as { pid?: unknown };
    const proc = join('/proc', String(Number(lock.pid)));
    const args = (await text(join(proc, 'cmdline'))).split('\0');
    if (!args.includes('serve')) return undefined;
    const variables = (await text(join(proc, 'environ'))).split('\0').map((pair) => {
      const at = pair.indexOf('=');
      return [pair.slice(0, at), pair.slice(at + 1)] as const;
    });
    const status = await text(join(proc, 'status'));
    const memory = [...status.matchAll(/^(VmRSS|VmHWM|VmSwap|Threads):\s+(\d+)/gm)];
    return {
      arguments: settingsOfArguments(args.slice(args.indexOf('serve') + 1)),
      environment: settingsOfEnvironment(Object.fromEntries(variables)),
      status: Object.fromEntries(memory.map(([, name, value]) => [name, Number(value)])),
    };
  } catch {
    return undefined; // it does not run, or belongs to another user
  }
}

async function text(path: string): Promise<string> {
  return (await readFile(path)).subarray(0, bytesMax).toString('utf8');
}
