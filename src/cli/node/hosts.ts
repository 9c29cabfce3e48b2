// The commands `waxwing node token`, `list`, `remove` and `replace`.

import { clockDifferenceMsTold, clockText } from '../../hosts/clock-difference.ts';
import { type AccessOptions, accessOf } from '../access/access.ts';
import { callApi } from '../access/call-api.ts';
import { printable } from '../printable.ts';

/** The options of `waxwing node token`. */
export interface TokenOptions extends AccessOptions {
  /** Seconds. */
  readonly lifetime: number;
}

/** The options of `waxwing node list`. */
export interface ListHostsOptions extends AccessOptions {
  readonly json: boolean;
}

/** The options of `waxwing node remove`. */
export interface RemoveHostOptions extends AccessOptions {
  readonly force: boolean;
}

/** The options of `waxwing node replace`. */
export interface ReplaceNodeOptions extends AccessOptions {
  readonly host?: string;
}

interface Host {
  readonly hostId: string;
  readonly name: string;
  readonly zone: string;
  readonly address: string;
  readonly isConnected: boolean;
  readonly lastSeenAt?: string;
  readonly nodeCount: number;
  readonly engineVersion?: string;
  readonly clockDifferenceSeconds?: number;
}

async function call(options: AccessOptions, path: string, input: object): Promise<unknown> {
  return callApi(await accessOf(options), 'waxwing-administration', `/waxwing/v1/${path}`, input);
}

/**
 * Prints a token with which one machine can join, and on standard error how.
 *
 * @throws {ServerError} `not-running`
 * @throws {CliError} `call-failed`, `profile-invalid`
 */
export async function printToken(options: TokenOptions): Promise<void> {
  const input = { lifetimeSeconds: options.lifetime };
  const answer = await call(options, 'hosts/tokens', input);
  const { token, url, expiresAt } = answer as Readonly<
    Record<'token' | 'url' | 'expiresAt', string>
  >;
  console.log(token);
  process.stderr.write(`One machine can join with it until ${expiresAt}. On that machine:\n`);
  process.stderr.write(`  waxwing node join ${url} --address ITS-ADDRESS --token-file -\n`);
}

/**
 * Lists the hosts.
 *
 * @throws {ServerError} `not-running`
 * @throws {CliError} `call-failed`, `profile-invalid`
 */
export async function listHosts(options: ListHostsOptions): Promise<void> {
  const answer = (await call(options, 'hosts', {})) as { readonly hosts: readonly Host[] };
  if (options.json) {
    console.log(JSON.stringify(answer, null, 2));
    return;
  }
  if (answer.hosts.length === 0) console.log('No machine has joined.');
  for (const host of answer.hosts) console.log(printable(lineOf(host)));
}

function lineOf(host: Host): string {
  const { name, zone, address, isConnected, lastSeenAt, nodeCount, engineVersion } = host;
  const since = lastSeenAt === undefined ? 'not since the start' : `last seen ${lastSeenAt}`;
  const how = isConnected ? 'connected' : `not connected, ${since}`;
  const version = engineVersion === undefined ? '' : `, RabbitMQ ${engineVersion}`;
  const differenceMs = (host.clockDifferenceSeconds ?? 0) * 1000;
  const isTold = Math.abs(differenceMs) >= clockDifferenceMsTold;
  const clock = isTold ? `, its clock is ${clockText(differenceMs)}` : '';
  return `${name}  zone ${zone}  ${address}  ${how}  ${nodeCount} nodes${version}${clock}`;
}

/**
 * Ends the access of a host.
 *
 * @throws {ServerError} `not-running`
 * @throws {CliError} `call-failed`, `profile-invalid`
 */
export async function removeHost(name: string, options: RemoveHostOptions): Promise<void> {
  await call(options, 'hosts/remove', { host: name, force: options.force });
  console.log('The host is removed.');
}

/**
 * Gives a node another host.
 *
 * @param broker its id or name
 * @throws {ServerError} `not-running`
 * @throws {CliError} `call-failed`, `profile-invalid`
 */
export async function replaceNode(
  broker: string,
  node: number,
  { host, ...options }: ReplaceNodeOptions,
): Promise<void> {
  const path = `brokers/${encodeURIComponent(broker)}/nodes/replace`;
  const answer = await call(options, path, { node, ...(host !== undefined && { host }) });
  const { host: name } = answer as { readonly host: string };
  console.log(printable(`Node ${node} moves to host '${name}'.`));
}
