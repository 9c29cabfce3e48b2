import { chmod, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { ServerError } from './errors.ts';

/** Bytes that the name of a Unix socket may have (unix(7)). */
const socketNameBytesMax = 107;
/** Milliseconds that the service may take to answer. */
const patienceMs = 10_000;
const bytesMax = 64 * 1024;

/** What a client of the service needs: names of variables and their values. */
export type Environment = Readonly<Record<string, string>>;

/** The socket in a data folder by which its owner, and nobody else, asks the service. */
export function socketFile(folder: string): string {
  return join(folder, 'service.sock');
}

/** @throws {ServerError} `setting-invalid` */
export function checkSocketName(folder: string): void {
  const size = Buffer.byteLength(socketFile(folder));
  if (size <= socketNameBytesMax) return;
  const found = `${socketFile(folder)} has ${size} bytes`;
  const allowed = `the name of a socket may have ${socketNameBytesMax}; choose a shorter --data`;
  throw new ServerError('setting-invalid', `${found}; ${allowed}`);
}

/** Answers those who may open the data folder with how to reach the service. */
export class EnvironmentListener {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #file: string;

  /** @param environment called once for each asking; must not be answered before it is recorded */
  constructor(folder: string, environment: () => Promise<Environment>) {
    this.#file = socketFile(folder);
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      socket.on('error', () => socket.destroy());
      environment().then(
        (found) => socket.end(JSON.stringify(found)),
        () => socket.destroy(),
      );
    });
  }

  /** Opens the socket; whatever an earlier service left there is nobody's any more. */
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
 * Asks the service that runs on a data folder.
 *
 * @throws {ServerError} `not-running`
 */
export function askEnvironment(folder: string): Promise<Environment> {
  return new Promise((resolve, reject) => {
    const refuse = (cause?: Error) => {
      const text = `no service runs on ${folder}; start one with 'waxwing serve --data ${folder}'`;
      reject(new ServerError('not-running', text, { cause }));
    };
    const socket = connect(socketFile(folder));
    let text = '';
    socket.setEncoding('utf8');
    socket.setTimeout(patienceMs, () => socket.destroy(new Error('no answer')));
    socket.on('data', (part: string) => {
      text += part;
      if (text.length > bytesMax) socket.destroy(new Error('the answer is too long'));
    });
    socket.on('error', refuse);
    socket.on('end', () => {
      // The socket is in a folder that only its owner may enter, who is whom this process is.
      if (text === '') refuse();
      else resolve(JSON.parse(text) as Environment);
    });
  });
}
