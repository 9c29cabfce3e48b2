import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { WaxwingError } from '../../base/errors.ts';
import type { MetricsJson } from '../../base/metrics.ts';
import { packageFolder } from '../../base/package-folder.ts';
import type { LoginFailure } from '../../broker/logins/logins.ts';
import { codeCacheFolder } from './code-cache.ts';
import { type FromBroker, keyDescriptor, type StartMessage, type ToBroker } from './messages.ts';

/** What is bundled of `child.ts`. */
const program = join(packageFolder, 'dist', 'bin', 'broker.js');

/**
 * glibc would soon keep what blocks of messages are freed of for itself, and publishers that wait for
 * memory would wait for ever: from this size on, what is freed is the system's again.
 */
const returnsMemory = { MALLOC_MMAP_THRESHOLD_: '131072' } as const;

/**
 * A broker's heap is small and what it receives lies outside of it, which makes V8 collect often: the
 * threads that it would do it with cost more than they save. Young objects hold most of what lies
 * outside, so that little room for them means that it is freed soon. See docs/decisions.
 */
const heapOptions = ['--single-threaded-gc', '--no-incremental-marking', '--max-semi-space-size=1'];

/** Milliseconds after which a process that was told to end is killed. */
const endTimeoutMs = 8000;

/** What a process does unasked. */
export interface ProcessEvents {
  log(level: 'info' | 'warn' | 'error', text: string): void;
  /** Log-ins failed in the same way, or, where that is undefined, in ways that differ. */
  loginFailed(failure: LoginFailure | undefined, count: number): void;
  /** It ended though nobody asked, once it ran. */
  ended(end: ProcessEnd): void;
}

/** How a process ended. */
export interface ProcessEnd {
  /** What it said was the reason. */
  readonly failure: WaxwingError | undefined;
  /** `signal SIGKILL`, `exit code 1` */
  readonly detail: string;
}

const nobody: ProcessEvents = { log: () => {}, loginFailed: () => {}, ended: () => {} };

/** A broker's process, as the service sees it. It begins before it is known for which broker. */
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
    // No option or variable of the service's own reaches it: none could open a debugger or write
    // a report with what is in its memory.
    this.#child = spawn(process.execPath, [...heapOptions, program], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc', 'pipe'],
      env: { NODE_COMPILE_CACHE: codeCacheFolder, ...returnsMemory },
    });
    // It is gone, which `ended` tells.
    this.#child.stdio?.[keyDescriptor]?.on('error', () => {});
    this.#child.on('message', (message: FromBroker) => this.#heard(message));
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
   * Hands the key over and has the broker started.
   *
   * @param dataKey 32 bytes, overwritten once they have left
   * @throws {WaxwingError} what the broker cannot run for; any other error may pass
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
    this.#say(message);
    const first = await Promise.race([running, this.ended]);
    dataKey.fill(0);
    if (!('detail' in first)) return first as Readonly<Record<string, number>>;
    const { failure, detail } = first as ProcessEnd;
    throw failure ?? new Error(`the broker's process ended while it started: ${detail}`);
  }

  /** What the broker measures; nothing where it ended meanwhile. */
  metrics(): Promise<MetricsJson> {
    const request = ++this.#requestCount;
    return new Promise((resolve) => {
      this.#requests.set(request, resolve);
      this.#say({ type: 'metrics', request });
    });
  }

  /** Has it show other certificates to clients that connect from now on. */
  showCertificates(certificates: StartMessage['certificates']): void {
    this.#say({ type: 'certificates', certificates });
  }

  /** Ends the process: in order, or by force where that takes too long. */
  async stop(reason: string): Promise<void> {
    this.#isStopping = true;
    this.#say({ type: 'stop', reason });
    const timer = setTimeout(() => this.kill(), endTimeoutMs);
    await this.ended;
    clearTimeout(timer);
  }

  /** Ends the process at once. */
  kill(): void {
    this.#isStopping = true;
    this.#child.kill('SIGKILL');
  }

  #say(message: ToBroker): void {
    // A process that is gone hears nothing; `ended` says so.
    if (this.#child.connected) this.#child.send(message, () => {});
  }

  #heard(message: FromBroker): void {
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
