import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { WaxwingError } from '../../base/errors.ts';
import type { MetricsJson } from '../../base/metrics.ts';
import { packageFolder } from '../../base/package-folder.ts';
import type { LoginFailure } from '../../broker/logins/logins.ts';
import { codeCacheFolder } from './code-cache.ts';
import { type FromBroker, keyDescriptor, type StartMessage, type ToBroker } from './messages.ts';

/** The bundle of `child.ts`. */
const program = join(packageFolder, 'dist', 'bin', 'broker.js');

/**
 * glibc would keep freed blocks of messages in its heap, and publishers that wait for memory would
 * wait for ever. Allocations of this size and above are returned to the system when they are freed.
 */
const returnsMemory = { MALLOC_MMAP_THRESHOLD_: '131072' } as const;

/**
 * A broker's heap is small, and received bytes lie outside of it, so V8 collects garbage often: helper
 * threads for that cost more than they save. Young objects hold most of the received bytes, so a small
 * young generation frees them soon. See decision 0015.
 */
const heapOptions = ['--single-threaded-gc', '--no-incremental-marking', '--max-semi-space-size=1'];

/** Milliseconds after which a process that was told to stop is killed. */
const stopTimeoutMs = 8000;

/** Events of a broker's process. */
export interface ProcessEvents {
  log(level: 'info' | 'warn' | 'error', text: string): void;
  /** Log-ins failed in the same way, or, where that is undefined, in ways that differ. */
  loginFailed(failure: LoginFailure | undefined, count: number): void;
  /** It ended without being told to, after its broker had started. */
  ended(end: ProcessEnd): void;
}

/** How a process ended. */
export interface ProcessEnd {
  /** The reason that it gave. */
  readonly failure: WaxwingError | undefined;
  /** `signal SIGKILL`, `exit code 1` */
  readonly detail: string;
}

const nobody: ProcessEvents = { log: () => {}, loginFailed: () => {}, ended: () => {} };

/** A broker's process, as the service controls it. It may be started before its broker is known. */
export class BrokerProcess {
  /** Resolves when the process is gone. */
  readonly ended: Promise<ProcessEnd>;
  readonly #child: ChildProcess;
  #events: ProcessEvents = nobody;
  #isRunning = false;
  #isStopping = false;
  #failure: WaxwingError | undefined = undefined;
  #running: (ports: Readonly<Record<string, number>>) => void = () => {};
  readonly #requests = new Map<number, (metrics: MetricsJson) => void>();
  #requestCount = 0;

  constructor() {
    // It gets none of the service's options and variables: one of them could open a debugger, or
    // write a report that contains its memory.
    this.#child = spawn(process.execPath, [...heapOptions, program], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc', 'pipe'],
      env: { NODE_COMPILE_CACHE: codeCacheFolder, ...returnsMemory },
    });
    // The process is gone, which `ended` reports.
    this.#child.stdio?.[keyDescriptor]?.on('error', () => {});
    this.#child.on('message', (message: FromBroker) => this.#received(message));
    this.#child.stderr?.setEncoding('utf8');
    this.#child.stderr?.on('data', (text: string) => this.#events.log('error', text.trimEnd()));
    this.ended = new Promise((resolve) => {
      this.#child.on('error', (error) => resolve(this.#end(`no process: ${error.message}`)));
      this.#child.once('close', (code, signal) =>
        resolve(this.#end(signal === null ? `exit code ${code}` : `signal ${signal}`)),
      );
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /**
   * Passes the key to the process and starts the broker.
   *
   * @param dataKey 32 bytes, overwritten once they are written
   * @throws {WaxwingError} where the broker cannot run; any other error may be temporary
   */
  async start(
    message: StartMessage,
    dataKey: Buffer,
    events: ProcessEvents,
  ): Promise<Readonly<Record<string, number>>> {
    this.#events = events;
    const pipe = this.#child.stdio?.[keyDescriptor] as Writable | undefined; // as `stdio` lists it
    if (!pipe) throw new Error('no process could be started: no descriptor for a pipe is left');
    pipe.end(dataKey, () => dataKey.fill(0));
    const running = new Promise<Readonly<Record<string, number>>>((resolve) => {
      this.#running = resolve;
    });
    this.#send(message);
    const first = await Promise.race([running, this.ended]);
    dataKey.fill(0);
    if (!('detail' in first)) return first as Readonly<Record<string, number>>;
    const { failure, detail } = first as ProcessEnd;
    throw failure ?? new Error(`the broker's process ended while it started: ${detail}`);
  }

  /** The broker's metrics; none where it ended meanwhile. */
  metrics(): Promise<MetricsJson> {
    const request = ++this.#requestCount;
    return new Promise((resolve) => {
      this.#requests.set(request, resolve);
      this.#send({ type: 'metrics', request });
    });
  }

  /** Replaces the certificates that it shows to clients that connect from now on. */
  showCertificates(certificates: StartMessage['certificates']): void {
    this.#send({ type: 'certificates', certificates });
  }

  /** Stops the process, and kills it where that takes too long. */
  async stop(reason: string): Promise<void> {
    this.#isStopping = true;
    this.#send({ type: 'stop', reason });
    const timeout = setTimeout(() => this.kill(), stopTimeoutMs);
    await this.ended;
    clearTimeout(timeout);
  }

  /** Kills the process. */
  kill(): void {
    this.#isStopping = true;
    this.#child.kill('SIGKILL');
  }

  #send(message: ToBroker): void {
    // A process that is gone receives nothing; `ended` reports it.
    if (this.#child.connected) this.#child.send(message, () => {});
  }

  #received(message: FromBroker): void {
    switch (message.type) {
      case 'running':
        this.#isRunning = true;
        this.#running(message.ports);
        return;
      case 'failed':
        this.#failure = new WaxwingError(message.code, message.message);
        return;
      case 'log':
        this.#events.log(message.level, message.text);
        return;
      case 'login-failed':
        this.#events.loginFailed(message.failure, message.count);
        return;
      case 'metrics':
        this.#requests.get(message.request)?.(message.metrics);
        this.#requests.delete(message.request);
    }
  }

  #end(detail: string): ProcessEnd {
    const end = { failure: this.#failure, detail };
    for (const answer of this.#requests.values()) answer([]);
    this.#requests.clear();
    if (this.#isRunning && !this.#isStopping) this.#events.ended(end);
    return end;
  }
}
