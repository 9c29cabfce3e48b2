// A broker process, as seen by the service.

import type { ChildProcess } from 'node:child_process';
import type { Writable } from 'node:stream';
import { WaxwingError } from '../../base/errors.ts';
import type { MetricsJson } from '../../base/metrics.ts';
import type { LoginFailure } from '../../broker/logins/logins.ts';
import type { DiscoveryPage, DiscoveryRequest } from '../../control/discovery.ts';
import type { BrokerAlarm, LogCategory, ReportedAccess } from '../../control/engine.ts';
import { ControlError } from '../../control/errors.ts';
import { AnswerWatch, answerLimits } from './answers/answer-watch.ts';
import { PendingRequests, type ProcessRequest } from './answers/pending-requests.ts';
import { processState } from './answers/process-state.ts';
import { type FromBroker, keyDescriptor, type StartMessage, type ToBroker } from './messages.ts';
import type { VolumeAnswer, VolumeCall, VolumeResults } from './volumes/volume-calls.ts';

/** Milliseconds after which a process that was asked to stop is killed. */
const stopTimeoutMs = 8000;
/** Milliseconds within which a killed process ends, unless it waits for a disk. */
const killTimeoutMs = 10_000;
/** Milliseconds within which a process tells its metrics. One that hangs must not hold up those of others. */
const metricsTimeoutMs = 5000;
/** Milliseconds within which a process replaces a password, or changes its volume. */
const requestLimitMs = 30_000;
/** Milliseconds for a page of a search, which may read hundreds of large messages from the disk. */
const searchLimitMs = 300_000;
/** What the calls to a volume do, for errors. */
const volumeTexts: Readonly<Record<VolumeCall['kind'], string>> = {
  state: 'state which data keys it uses',
  rewrap: 'replace its wrapped data keys',
  'add-key': 'add a data key',
  freeze: 'hold its files for a copy',
  release: 'release its files',
};

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
  /** The process does not answer any more, or answers again or has ended; the detail says which. */
  answering(isAnswering: boolean, detail: string): void;
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
  answering: () => {},
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
  readonly #requests = new PendingRequests();
  readonly #answers = new AnswerWatch(answerLimits);
  /** Resolves if the process has not ended 10 seconds after it was killed. */
  readonly #outlived: Promise<void>;
  #outlives: () => void = () => {};
  #killTimeout: NodeJS.Timeout | undefined = undefined;
  #startTimeout: NodeJS.Timeout | undefined = undefined;
  /** Why it was killed without being asked to stop. */
  #killedBecause: string | undefined = undefined;

  /** @param child the result of `startBrokerProcess` in this turn of the event loop */
  constructor(child: ChildProcess) {
    this.#child = child;
    this.#outlived = new Promise((resolve) => {
      this.#outlives = resolve;
    });
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
   * @see passed ends a start of a process that does not answer
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
    const first = await Promise.race([running, this.#orOutlived(this.ended)]).finally(() => {
      dataKeys.fill(0);
      clearTimeout(this.#startTimeout);
    });
    if (!('detail' in first)) return first as Readonly<Record<string, number>>;
    const { failure, detail } = first as ProcessEnd;
    throw failure ?? new Error(`the broker's process ended while it started: ${detail}`);
  }

  /** Kills the process unless its start ends within the time of a stop. */
  limitStart(): void {
    this.#startTimeout ??= setTimeout(() => this.kill(), stopTimeoutMs);
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
   * @param dataKey the data key of the call `add-key`, 32 bytes; overwritten once it is written, or not
   *   needed
   * @returns undefined if the process has ended
   * @throws {WaxwingError} the error of the volume; `not-answering`
   */
  async volume<Call extends VolumeCall>(
    call: Call,
    dataKey?: Buffer,
  ): Promise<VolumeResults[Call['kind']] | undefined> {
    let isSent = false;
    const answer = await this.#ask<VolumeAnswer>({
      what: volumeTexts[call.kind],
      limitMs: requestLimitMs,
      send: (request) => {
        isSent = true;
        if (dataKey !== undefined) this.#sendKey(dataKey);
        this.#send({ type: 'volume', request, call });
      },
      late: (given) => this.#releaseLate(call, given),
    }).finally(() => {
      if (!isSent) dataKey?.fill(0);
    });
    if (answer === undefined) return undefined;
    if ('result' in answer) return answer.result as VolumeResults[Call['kind']]; // that of the call
    throw new WaxwingError(answer.failure.code, answer.failure.message);
  }

  /** Releases files that are held for somebody who does not wait any more. */
  #releaseLate(call: VolumeCall, answer: VolumeAnswer): void {
    if (call.kind !== 'freeze' || !('result' in answer)) return;
    this.release((answer.result as VolumeResults['freeze']).hold).catch(() => {});
  }

  /**
   * Releases held files, also those of a process that does not answer now, once it does.
   *
   * @returns whether the files are known to have been held until now
   */
  async release(hold: number): Promise<boolean> {
    if (!this.#child.connected) return false;
    const released = this.#requests.ask<VolumeAnswer>({
      what: volumeTexts.release,
      limitMs: this.#answers.isSilent ? 0 : requestLimitMs,
      send: (request) => this.#send({ type: 'volume', request, call: { kind: 'release', hold } }),
    });
    const answer = await released.catch(() => undefined);
    return answer !== undefined && 'result' in answer && answer.result === true;
  }

  /** The metrics of the broker; empty if it has ended, or does not answer within 5 seconds. */
  metrics(): Promise<MetricsJson> {
    return new Promise((resolve) => {
      if (!this.#child.connected || this.#answers.isSilent) return resolve([]);
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

  /**
   * Searches the messages of the broker. Undefined if the search failed or the broker has ended.
   *
   * @throws {ControlError} `not-answering`
   */
  discover(discovery: DiscoveryRequest): Promise<DiscoveryPage | undefined> {
    return this.#ask({
      what: 'search messages',
      limitMs: searchLimitMs,
      send: (request) => this.#send({ type: 'discover', request, discovery }),
    });
  }

  /**
   * Replaces the password of a user. False if there is no such user, or the broker has ended.
   *
   * @throws {ControlError} `not-answering`; the password may be replaced later
   */
  async setPassword(username: string, passwordHash: string): Promise<boolean> {
    const isSet = await this.#ask<boolean>({
      what: 'replace the password',
      limitMs: requestLimitMs,
      send: (request) => this.#send({ type: 'set-password', request, username, passwordHash }),
    });
    return isSet ?? false;
  }

  async #ask<T>(request: ProcessRequest<T>): Promise<T | undefined> {
    if (!this.#child.connected) return undefined;
    if (!this.#answers.isSilent) return this.#requests.ask(request);
    const text = `The broker cannot ${request.what}: its process ${this.#silenceText()}.`;
    throw new ControlError('not-answering', text);
  }

  #silenceText(): string {
    return `has not answered for ${Math.round(this.#answers.silentMs / 1000)} s`;
  }

  /**
   * Tells the process that time has passed: it is asked whether it answers. One that does not is reported,
   * later killed, and its requests fail. Not while it waits for a disk: it would end no sooner than the
   * disk answers, and can continue then.
   *
   * @param ms as the service itself experienced it
   */
  passed(ms: number): void {
    this.#requests.passed(ms);
    const step = this.#answers.passed(ms);
    if (step === 'ask') this.#send({ type: 'ping' });
    else if (step === 'notice') void this.#notice();
    else if (step === 'kill') void this.#killSilent();
  }

  async #notice(): Promise<void> {
    const silence = this.#silenceText();
    this.#requests.fail(silence);
    const { pid } = this.#child;
    const { text } = pid === undefined ? { text: undefined } : await processState(pid);
    if (!this.#answers.isSilent || !this.#child.connected) return;
    const detail = `process ${pid} of the broker ${silence}${text ? `: ${text}` : ''}`;
    this.#events.answering(false, detail);
  }

  async #killSilent(): Promise<void> {
    const { pid } = this.#child;
    if (pid === undefined || this.#killTimeout !== undefined) return;
    const { waitsForDisk } = await processState(pid);
    if (waitsForDisk || !this.#answers.isSilent || this.#killTimeout !== undefined) return;
    this.#killedBecause = `it ${this.#silenceText()} and was killed`;
    this.#kill();
  }

  /** Replaces the certificates for new connections. */
  showCertificates(certificates: StartMessage['certificates']): void {
    this.#send({ type: 'certificates', certificates });
  }

  /**
   * Stops the process, and kills it after a timeout, or at once if it does not answer.
   *
   * @throws {Error} if it does not end even so
   */
  async stop(reason: string): Promise<void> {
    this.#isStopping = true;
    this.#send({ type: 'stop', reason });
    const timeout = setTimeout(() => this.#kill(), this.#answers.isSilent ? 0 : stopTimeoutMs);
    try {
      await this.#orOutlived(this.ended);
    } catch (error) {
      this.#isStopping = false; // its end is reported
      throw error;
    } finally {
      clearTimeout(timeout);
    }
  }

  /** Kills the process. Its end is not reported. */
  kill(): void {
    this.#isStopping = true;
    this.#kill();
  }

  #kill(): void {
    this.#child.kill('SIGKILL');
    this.#killTimeout ??= setTimeout(this.#outlives, killTimeoutMs);
  }

  /** Rejects if the process was killed and does not end. */
  async #orOutlived<T>(ended: Promise<T>): Promise<T> {
    const outlived = this.#outlived.then(() => {
      const text = `process ${this.#child.pid} of the broker was killed and has not ended: it waits for a disk`;
      throw new Error(text);
    });
    return Promise.race([ended, outlived]);
  }

  #send(message: ToBroker): void {
    // If the process has ended, `ended` reports it.
    if (this.#child.connected) this.#child.send(message, () => {});
  }

  #received(message: FromBroker): void {
    const { silentMs } = this.#answers;
    if (this.#answers.heard(message.type === 'pong')) {
      const detail = `the process of the broker answers again, after ${Math.round(silentMs / 1000)} s`;
      this.#events.answering(true, detail);
    }
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
        this.#requests.answered(message.request, message.isSet);
        return;
      case 'volume-done':
        this.#requests.answered(message.request, message.answer);
        return;
      case 'resealed':
        this.#events.resealed();
        return;
      case 'alarmed':
        this.#events.alarmed(message.alarms);
        return;
      case 'discovered':
        this.#requests.answered(message.request, message.page);
        return;
      case 'pong':
    }
  }

  #end(detail: string): ProcessEnd {
    clearTimeout(this.#killTimeout);
    const end = { failure: this.#failure, detail: this.#killedBecause ?? detail };
    for (const answer of [...this.#measured]) answer([]);
    this.#requests.ended();
    if (this.#answers.heard(false)) {
      this.#events.answering(true, 'the process of the broker, which did not answer, has ended');
    }
    if (this.#isRunning && !this.#isStopping) this.#events.ended(end);
    return end;
  }
}
