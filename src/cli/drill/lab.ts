// The surroundings of a drill: throw-away services, steps, and observations.

import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemRandom } from '../../base/random.ts';
import { CliError } from '../errors.ts';
import type { Observation } from './drill.ts';
import { type Ended, Place } from './service/place.ts';
import { ServiceProcess, type StartOptions } from './service/service-process.ts';

/** Folders to remove if this process ends early. */
const folders = new Set<string>();
process.once('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/**
 * Replaces a step of a drill, to break the promise on purpose. Only tests do that: a drill that
 * cannot fail shows nothing.
 *
 * @param action the step itself
 * @param subject what the step is about
 */
export type Break = (
  action: () => Promise<unknown>,
  lab: Lab,
  subject: unknown,
) => Promise<unknown>;

/** What a lab is made of. */
export interface LabOptions {
  /** Breaks by the name of the step. */
  readonly breaks?: Readonly<Record<string, Break>>;
  /** Running services to use instead of new ones; they are not stopped. */
  readonly services?: { readonly own: ServiceProcess; readonly other: ServiceProcess };
  /** Time within which a change must take effect, milliseconds. */
  readonly effectMs?: number;
}

/** Default of {@link LabOptions.effectMs}. */
const effectMs = 10_000;

/** The surroundings of one drill. */
export class Lab {
  /** A temporary folder, which is removed at the end. */
  readonly root: string;
  /** The steps that were taken. */
  readonly done: string[] = [];
  readonly observations: Observation[] = [];
  /** What this machine cannot run, and why: `pairs: ActiveMQ is not installed`. */
  readonly notTried: string[] = [];
  /** Time within which a change must take effect, milliseconds. */
  readonly effectMs: number;
  readonly #options: LabOptions;
  readonly #started: ServiceProcess[] = [];
  readonly #leftovers: (() => Promise<unknown>)[] = [];

  private constructor(root: string, options: LabOptions) {
    this.root = root;
    this.#options = options;
    this.effectMs = options.effectMs ?? effectMs;
    folders.add(root);
  }

  /** Creates a lab. */
  static async open(options: LabOptions = {}): Promise<Lab> {
    return new Lab(await mkdtemp(join(tmpdir(), 'waxwing-drill-')), options);
  }

  /**
   * Takes a step, unless a test replaces it.
   *
   * @param what the step in the report
   * @param subject what a test must know to break it
   */
  async step<T>(
    name: string,
    what: string,
    action: () => Promise<T>,
    subject?: unknown,
  ): Promise<T> {
    this.done.push(what);
    const replaced = this.#options.breaks?.[name];
    if (replaced === undefined) return action();
    // Tests replace a step by one with a result of the same type.
    return (await replaced(action, this, subject)) as T;
  }

  /** Reports an observation. */
  saw(what: string, isAsPromised: boolean, seen: string): void {
    this.observations.push({ what, isAsPromised, seen });
  }

  /** Reports that a part of the drill was left out. */
  leftOut(what: string, why: string): void {
    this.notTried.push(`${what}: ${why}`);
  }

  /** Reports that a command must end with an error whose text is known. */
  sawRefusal(what: string, { code, stdout, stderr }: Ended, expected: RegExp): void {
    const text = `${stderr}${stdout}`;
    const line = text.split('\n').find((each) => expected.test(each)) ?? text.split('\n')[0] ?? '';
    this.saw(what, code === 1 && expected.test(text), `exit code ${code}: ${line}`);
  }

  /** Starts a service, or returns the one of the test. */
  async service(options: StartOptions = {}): Promise<ServiceProcess> {
    const given = this.#options.services?.own;
    if (given !== undefined) return given;
    return this.start(await this.place(), options);
  }

  /** Starts a service of somebody else, on the same machine. */
  async otherService(): Promise<ServiceProcess> {
    return this.#options.services?.other ?? this.start(await this.place());
  }

  /** Starts a service on a place. @throws {CliError} `service-ended` if it refuses to start */
  async start(place: Place, options: StartOptions = {}): Promise<ServiceProcess> {
    const service = await ServiceProcess.start(place, options);
    this.#started.push(service);
    return service;
  }

  /** Reports that a service must refuse to start on a place, with a known reason. */
  async sawNoStart(
    what: string,
    place: Place,
    expected: RegExp,
    options: StartOptions = {},
  ): Promise<void> {
    try {
      await (await this.start(place, options)).stop();
      this.saw(what, false, 'it started and answered');
    } catch (error) {
      if (!(error instanceof CliError) || error.code !== 'service-ended') throw error;
      this.saw(what, expected.test(error.message), `it ended: ${error.message}`);
    }
  }

  /** Creates a new place. */
  place(): Promise<Place> {
    return Place.create(this.root);
  }

  /** Stops a service, copies its place with the root key, and starts it again. */
  async copyStopped(service: ServiceProcess): Promise<Place> {
    await service.stop();
    try {
      return await service.place.copy(this.root);
    } finally {
      await service.start();
    }
  }

  /** A word that occurs nowhere else. */
  word(kind: string): string {
    return `${kind}-${systemRandom.bytes(12).toString('hex')}`;
  }

  /** Names something that must be removed from a service that stays in use. */
  leaves(remove: () => Promise<unknown>): void {
    this.#leftovers.push(remove);
  }

  /** Stops all services that this lab started, and removes what it left. */
  async close(): Promise<void> {
    if (this.#options.services !== undefined) {
      for (const remove of this.#leftovers) {
        try {
          await remove();
        } catch {
          // It is gone already, or its service is.
        }
      }
    }
    for (const service of this.#started)
      await service.stop(service.options.hasMounts === true ? 'SIGTERM' : 'SIGKILL');
    // Processes of brokers end a moment after the service.
    await rm(this.root, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
    folders.delete(this.root);
  }
}
