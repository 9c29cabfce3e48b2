// The commands `waxwing node join` and `waxwing node serve`.

import { createReadStream } from 'node:fs';
import { isIPv4 } from 'node:net';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { Agent } from '../../agent/agent.ts';
import { type Identity, IdentityFile } from '../../agent/identity.ts';
import { isLikeToken, joinService } from '../../agent/join.ts';
import { localAgentHost } from '../../agent/machine.ts';
import { type LogLevel, openServiceLog } from '../../base/log.ts';
import { protectFiles, protectMemory } from '../../base/process.ts';
import { rootKeySource } from '../../server/root-key/source.ts';
import { CliError } from '../errors.ts';

/** Maximum size of a file with a token, bytes. */
const tokenBytesMax = 1024;

/** The options of `waxwing node serve`. */
export interface ServeNodesOptions {
  /** The folder of this host. */
  readonly data: string;
  readonly logLevel: LogLevel;
}

/** The options of `waxwing node join`. */
export interface JoinOptions extends ServeNodesOptions {
  /** `-` for standard input. */
  readonly tokenFile: string;
  readonly address: string;
  readonly name?: string;
  readonly zone: string;
}

/**
 * Makes this machine a host of a service, and runs its nodes until a signal stops it.
 *
 * @throws {AgentError} `join-state`, `host-unable`, `folder-invalid`
 * @throws {HostError}
 * @throws {CliError} `call-failed`
 */
export async function joinAndServe(url: string, options: JoinOptions): Promise<void> {
  protect();
  if (!isIPv4(options.address)) {
    throw new CliError(
      'input-invalid',
      `--address is '${options.address}'; expected an IPv4 address`,
    );
  }
  const file = await fileIn(options);
  if ((await file.read()) !== undefined) {
    throw new CliError(
      'call-failed',
      `${file.folder} has joined already; use \`waxwing node serve\``,
    );
  }
  await localAgentHost(file.folder, { ...options, name: '', id: '' }, () => {});
  const { address, zone, name = hostname() } = options;
  const token = await readToken(options.tokenFile);
  const identity = await joinService({ url, token, name, zone, address }).catch(
    (error: unknown) => {
      throw failed(error);
    },
  );
  await file.write(identity);
  console.log(`This machine is host '${identity.name}' of ${identity.host}:${identity.port}.`);
  await run(identity, file, options);
}

/**
 * Runs the nodes of a machine that has joined, until a signal stops it.
 *
 * @throws {AgentError} `host-unable`, `folder-invalid`
 * @throws {CliError} `call-failed` if it has not joined
 */
export async function serveNodes(options: ServeNodesOptions): Promise<void> {
  protect();
  const file = await fileIn(options);
  const identity = await file.read();
  if (identity === undefined) {
    throw new CliError('call-failed', `${file.folder} has not joined; use \`waxwing node join\``);
  }
  await run(identity, file, options);
}

function protect(): void {
  protectMemory();
  protectFiles();
}

function fileIn({ data }: ServeNodesOptions): Promise<IdentityFile> {
  return IdentityFile.in(resolve(data), rootKeySource(process.env));
}

async function run(
  identity: Identity,
  file: IdentityFile,
  { logLevel }: ServeNodesOptions,
): Promise<void> {
  const log = openServiceLog(logLevel);
  const of = { ...identity, id: identity.hostId };
  const host = await localAgentHost(file.folder, of, (level, text) => log[level]({}, text));
  const removed = () => {
    log.warn({}, 'the service has removed this host');
    file.remove().then(
      () => process.exit(3),
      (error: unknown) => {
        log.error({ err: error }, 'the identity of this host could not be removed');
        process.exit(3);
      },
    );
  };
  const agent = new Agent(identity, { host, file, log, removed });
  await agent.start();
  let isStopping = false;
  const stop = () => {
    if (isStopping) return;
    isStopping = true;
    console.log('Stopping…');
    agent.close().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ err: error }, 'not everything could be ended');
        process.exit(1);
      },
    );
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
}

/** Reads a token. It is no argument, because other users see the arguments of programs. */
async function readToken(name: string): Promise<string> {
  if (isLikeToken(name)) {
    const text =
      '--token-file is a token; expected the name of a file with it, or - for standard input';
    throw new CliError(
      'input-invalid',
      `${text}, because other users see the arguments of programs`,
    );
  }
  // Standard input may be a socket, which has no path that could be opened.
  const source = name === '-' ? process.stdin : createReadStream(name);
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of source as AsyncIterable<Buffer>) {
    parts.push(part);
    size += part.length;
    if (size > tokenBytesMax || part.includes(0x0a)) break;
  }
  const bytes = Buffer.concat(parts);
  const token = bytes.toString('utf8', 0, tokenBytesMax);
  for (const each of [bytes, ...parts]) each.fill(0);
  return token;
}

/** The service cannot be reached, or has refused. */
function failed(error: unknown): unknown {
  return error instanceof Error && error.name === 'Error'
    ? new CliError('call-failed', error.message, { cause: error })
    : error;
}
