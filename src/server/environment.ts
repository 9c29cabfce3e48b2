// The socket through which local users get the connection settings of the service.

import { chmod, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { ServerError } from './errors.ts';
import { checkFolder, checkSocket } from './ownership.ts';

/** Maximum length of the name of a Unix socket (unix(7)). */
const socketNameBytesMax = 107;
/** Maximum time for the answer, milliseconds. */
const timeoutMs = 10_000;
const bytesMax = 64 * 1024;

/** The variables that a client needs. No other variable is ever printed. */
export const environmentNames = [
  'AWS_ENDPOINT_URL',
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_REGION',
  'AWS_DEFAULT_REGION',
  'AWS_CA_BUNDLE',
  'NODE_EXTRA_CA_CERTS',
  'WAXWING_CA_FILE',
  'WAXWING_METRICS_URL',
  'WAXWING_METRICS_TOKEN',
  'WAXWING_AMQP_URL',
] as const;

const optionalNames: readonly string[] = ['WAXWING_AMQP_URL'];

/** The variables for a client of the service. */
export type Environment = Readonly<Partial<Record<(typeof environmentNames)[number], string>>>;

/** The answer of the service to users who may open its data folder. */
export interface EnvironmentAnswer {
  readonly environment: Environment;
  /** A warning about the credentials in the environment; undefined if there is none. */
  readonly warning: string | undefined;
}

/** The socket in a data folder. Only users who may open the data folder can connect to it. */
export function socketFile(folder: string): string {
  return join(folder, 'service.sock');
}

/** @throws {ServerError} `setting-invalid` */
export function checkSocketName(folder: string): void {
  const size = Buffer.byteLength(socketFile(folder));
  if (size <= socketNameBytesMax) return;
  const found = `${socketFile(folder)} has ${size} bytes`;
  const allowed = `the name of a socket may have at most ${socketNameBytesMax}; choose a shorter --data`;
  throw new ServerError('setting-invalid', `${found}; ${allowed}`);
}

/** Tells users who may open the data folder how to reach the service. */
export class EnvironmentListener {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #file: string;

  /** @param answer called for each request; resolves after the request was recorded */
  constructor(folder: string, answer: () => Promise<EnvironmentAnswer>) {
    this.#file = socketFile(folder);
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      socket.on('error', () => socket.destroy());
      answer().then(
        ({ environment, warning }) => socket.end(JSON.stringify({ ...environment, warning })),
        () => socket.destroy(),
      );
    });
  }

  /** Opens the socket. A socket left by an earlier service is removed. */
  async open(): Promise<void> {
    await rm(this.#file, { force: true });
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#file, resolve);
    });
    await chmod(this.#file, 0o600);
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/**
 * Asks the service that is running on a data folder for its environment.
 *
 * @throws {ServerError} `not-running`, `not-private`, `answer-invalid`
 */
export async function askEnvironment(folder: string): Promise<Environment> {
  return (await askService(folder)).environment;
}

/**
 * Asks the service that is running on a data folder for its environment, with a warning. A shell will
 * execute the answer, so the socket is used only if nobody except this user and root could have
 * created it.
 *
 * @throws {ServerError} `not-running`, `not-private`, `answer-invalid`
 */
export async function askService(folder: string): Promise<EnvironmentAnswer> {
  try {
    // The real path, because a symbolic link could change between the check and the connection.
    const real = checkFolder(folder);
    checkSocketName(real);
    checkSocket(socketFile(real));
    return parseAnswer(await ask(real));
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    if (error instanceof ServerError) throw error;
    if (code === 'EACCES' || code === 'EPERM') {
      const text = `${folder} cannot be opened by this user (${code}): run this as the user that runs the service`;
      throw new ServerError('not-private', text, { cause: error });
    }
    const why = ['ENOENT', 'ENOTDIR', 'ECONNREFUSED'].includes(code) ? '' : ` (${message})`;
    const text = `no service runs on ${folder}${why}; start one with 'waxwing serve --data ${folder}'`;
    throw new ServerError('not-running', text, { cause: error });
  }
}

function ask(folder: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketFile(folder));
    let text = '';
    socket.setEncoding('utf8');
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error('no answer')));
    socket.on('data', (part: string) => {
      text += part;
      if (text.length > bytesMax) socket.destroy(new Error('the answer is too long'));
    });
    socket.on('error', reject);
    socket.on('end', () => {
      if (text === '') reject(new Error('no answer'));
      else resolve(text);
    });
  });
}

function parseAnswer(text: string): EnvironmentAnswer {
  const answer = parseObject(text);
  const { warning } = answer;
  const isShown = typeof warning === 'string' && !hasControlCharacters(warning);
  return { environment: environmentIn(answer), warning: isShown ? warning : undefined };
}

/** The variables, which have one-line values. All except the optional ones must be present. */
function environmentIn(answer: Readonly<Record<string, unknown>>): Environment {
  const found: Record<string, string> = {};
  for (const name of environmentNames) {
    const value = answer[name];
    if (value === undefined && optionalNames.includes(name)) continue;
    if (typeof value !== 'string' || hasControlCharacters(value)) {
      throw new ServerError('answer-invalid', `the answer of the service has no valid ${name}`);
    }
    found[name] = value;
  }
  return found;
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null) return { ...parsed };
  } catch (cause) {
    throw new ServerError('answer-invalid', 'the answer of the service is not JSON', { cause });
  }
  throw new ServerError('answer-invalid', 'the answer of the service is not a JSON object');
}

function hasControlCharacters(value: string): boolean {
  return [...value].some((character) => character < ' ' || character === '\u007f');
}
