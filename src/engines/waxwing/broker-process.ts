// A broker process, as seen by the service.

import type { ChildProcess } from 'node:child_process';
import type { Writable } from 'node:stream';
import { WaxwingError } from '../../base/errors.ts';
import type { MetricsJson } from '../../base/metrics.ts';
import type { LoginFailure } from '../../broker/logins/logins.ts';
import type { DiscoveryPage, DiscoveryRequest } from '../../control/discovery.ts';
import type { BrokerAlarm, LogCategory, ReportedAccess } from '../../control/engine.ts';
import { type FromBroker, keyDescriptor, type StartMessage, type ToBroker } from './messages.ts';
import type { VolumeCall, VolumeResults } from './volumes/volume-calls.ts';
import { VolumeRequests } from './volumes/volume-requests.ts';

/** Milliseconds after which a process that was asked to stop is killed. */
const stopTimeoutMs = 8000;
/** Milliseconds within which a process tells its metrics. One that hangs must not hold up those of others. */
const metricsTimeoutMs = 5000;

/** Events of a broker process. */
export interface ProcessEvents {
  log(level: 'info' | 'warn' | 'error', text: string, category?: LogCategory): void;
  /** Log-ins failed for the same reason; `failure` is undefined if there were different reasons. */
  loginFailed(failure: LoginFailure | undefined, count: number): void;
  /** Users have logged in, or were not permitted to do something. */
  accessed(access: ReportedAccess): void;
  /** The process ended unexpectedly after its broker had started. */
  ended(end: ProcessEnd): void;
  /** All data of the volume is sealed under the newest data key again. */
  resealed(): void;
  /** The alarms of the broker have changed. */
  alarmed(alarms: readonly BrokerAlarm[]): void;
}

/** The end of a process. */
export interface ProcessEnd {
  /** The failure that the process reported. */
  readonly failure: WaxwingError | undefined;
  /** `signal SIGKILL`, `exit code 1` */
  readonly detail: string;
}

const nobody: ProcessEvents = {
  log: () => {},
  loginFailed: () => {},
  accessed: () => {},
  ended: () => {},
  resealed: () => {},
  alarmed: () => {},
};

/** A broker process. It may be started before its broker is known. */
export class BrokerProcess {
  /** Resolves when the process has ended. */
  readonly ended: Promise<ProcessEnd>;
  readonly #child: ChildProcess;
  #events: ProcessEvents = nobody;
  #isRunning = false;
  #isStopping = false;
  #failure: WaxwingError | undefined = undefined;
  #running: (ports: Readonly<Record<string, number>>) => void = () => {};
  /** Who waits for metrics. */
  readonly #measured = new Set<(metrics: MetricsJson) => void>();
  #isMeasuring = false;
  readonly #searches = new Map<number, (page: DiscoveryPage | undefined) => void>();
  readonly #passwords = new Map<number, (isSet: boolean) => void>();
  readonly #volume = new VolumeRequests();
  #requestCount = 0;

  /** @param child the result of `startBrokerProcess` in this turn of the event loop */
  constructor(child: ChildProcess) {
    this.#child = child;
    // If the process has ended, `ended` reports it.
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
   * Passes the keys to the process and starts the broker.
   *
   * @param dataKeys 32 bytes each, the newest first; overwritten after they are written
   * @throws {WaxwingError} if the broker cannot run; any other error may be temporary
   */
  async start(
    message: StartMessage,
    dataKeys: Buffer,
    events: ProcessEvents,
  ): Promise<Readonly<Record<string, number>>> {
    this.#events = events;
    this.#sendKey(dataKeys);
    const running = new Promise<Readonly<Record<string, number>>>((resolve) => {
      this.#running = resolve;
    });
    this.#send(message);
    const first = await Promise.race([running, this.ended]);
    dataKeys.fill(0);
    if (!('detail' in first)) return first as Readonly<Record<string, number>>;
    const { failure, detail } = first as ProcessEnd;
    throw failure ?? new Error(`the broker's process ended while it started: ${detail}`);
  }

  /** Passes a key through the pipe. Its buffer is overwritten after it is written. */
  #sendKey(key: Buffer): void {
    const pipe = this.#child.stdio?.[keyDescriptor] as Writable | undefined; // see `stdio` above
    if (!pipe) throw new Error('no process could be started: no file descriptor is available');
    pipe.write(key, () => key.fill(0));
  }

  /**
   * Calls the volume of the broker.
   *
   * @param dataKey the data key of the call `add-key`, 32 bytes, overwritten after it is written
   * @returns undefined if the process has ended
   * @throws {WaxwingError} the error of the volume
   */
  volume<Call extends VolumeCall>(
    call: Call,
    dataKey?: Buffer,
  ): Promise<VolumeResults[Call['kind']] | undefined> {
    if (!this.#child.connected) return Promise.resolve(undefined);
    if (dataKey !== undefined) this.#sendKey(dataKey);
    return this.#volume.call<Call['kind']>((request) =>
      this.#send({ type: 'volume', request, call }),
    );
  }

  /** The metrics of the broker; empty if it has ended, or does not answer within 5 seconds. */
  metrics(): Promise<MetricsJson> {
    return new Promise((resolve) => {
      if (!this.#child.connected) return resolve([]);
      const answer = (metrics: MetricsJson) => {
        clearTimeout(timeout);
        this.#measured.delete(answer);
        resolve(metrics);
      };
      const timeout = setTimeout(answer, metricsTimeoutMs, []);
      this.#measured.add(answer);
      // A process that has not answered is not asked again.
      if (this.#isMeasuring) return;
      this.#isMeasuring = true;
      this.#send({ type: 'metrics' });
    });
  }

  /** Searches the messages of the broker. Undefined if the search failed or the broker has ended. */
  discover(discovery: DiscoveryRequest): Promise<DiscoveryPage | undefined> {
    const request = ++this.#requestCount;
    return new Promise((resolve) => {
      if (!this.#child.connected) return resolve(undefined);
      this.#searches.set(request, resolve);
      this.#send({ type: 'discover', request, discovery });
    });
  }

  /** Replaces the password of a user. False if there is no such user, or the broker has ended. */
  setPassword(username: string, passwordHash: string): Promise<boolean> {
    const request = ++this.#requestCount;
    return new Promise((resolve) => {
      if (!this.#child.connected) return resolve(false);
      this.#passwords.set(request, resolve);
      this.#send({ type: 'set-password', request, username, passwordHash });
    });
  }

  /** Replaces the certificates for new connections. */
  showCertificates(certificates: StartMessage['certificates']): void {
    this.#send({ type: 'certificates', certificates });
  }

  /** Stops the process, and kills it after a timeout. */
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
    // If the process has ended, `ended` reports it.
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
        this.#events.log(message.level, message.text, message.category);
        return;
      case 'login-failed':
        this.#events.loginFailed(message.failure, message.count);
        return;
      case 'accessed':
        this.#events.accessed(message.access);
        return;
      case 'metrics':
        this.#isMeasuring = false;
        for (const answer of [...this.#measured]) answer(message.metrics);
        return;
      case 'password-set':
        this.#passwords.get(message.request)?.(message.isSet);
        this.#passwords.delete(message.request);
        return;
      case 'volume-done':
        this.#volume.answered(message.request, message.answer);
        return;
      case 'resealed':
        this.#events.resealed();
        return;
      case 'alarmed':
        this.#events.alarmed(message.alarms);
        return;
      case 'discovered':
        this.#searches.get(message.request)?.(message.page);
        this.#searches.delete(message.request);
    }
  }

  #end(detail: string): ProcessEnd {
    const end = { failure: this.#failure, detail };
    for (const answer of [...this.#measured]) answer([]);
    for (const answer of this.#searches.values()) answer(undefined);
    this.#searches.clear();
    for (const answer of this.#passwords.values()) answer(false);
    this.#passwords.clear();
    this.#volume.ended();
    if (this.#isRunning && !this.#isStopping) this.#events.ended(end);
    return end;
  }
}
