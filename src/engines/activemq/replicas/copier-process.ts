// The process that copies stores, as seen by the service.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../../../base/clock.ts';
import { WaxwingError } from '../../../base/errors.ts';
import { packageFolder } from '../../../base/package-folder.ts';
import { keptText, plainEnvironment } from '../../../base/programs/run-program.ts';
import { fipsProcess } from '../../../crypto/fips-process.ts';
import type { CopierAnswer, CopierRequest, CopierStart } from './copier-messages.ts';
import type { Pass } from './journal-copy.ts';

/** The bundle of `copier.ts`. */
const program = join(packageFolder, 'dist', 'bin', 'copier.mjs');
const heapMibMax = 64;
/** Time for an answer, milliseconds, by what is asked for. A frozen volume does not answer at all. */
const answerMs: Readonly<Record<CopierRequest['type'], number>> = {
  copy: 60_000,
  wipe: 600_000,
  index: 3_600_000,
  finish: 600_000,
};
/** Time for the start of the process, milliseconds. */
const startMs = 30_000;
/** Time for the end of a killed process, milliseconds. One that waits for a volume may take longer. */
const endMs = 3000;

// Core dumps would contain messages.
const script = 'ulimit -c 0; exec "$0" "$@"';

/**
 * A process that copies from one mounted volume to another, because a frozen volume holds up whoever uses it. It can be
 * killed at any time.
 */
export class CopierProcess {
  readonly #child: ChildProcess;
  readonly #exit: Promise<unknown>;
  readonly #said: () => string;
  #isOver = false;
  #waiting: ((answer: CopierAnswer) => void) | undefined = undefined;

  /** A process that waits for {@link begin}. */
  constructor() {
    const fips = fipsProcess();
    const options = [...fips.options, `--max-old-space-size=${heapMibMax}`];
    this.#child = spawn('/bin/sh', ['-c', script, process.execPath, ...options, program], {
      cwd: '/',
      env: { ...plainEnvironment, ...fips.environment },
      detached: true, // Ctrl-C in a terminal must not end it
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#said = this.#child.stderr === null ? () => '' : keptText(this.#child.stderr);
    this.#child.on('message', (answer: CopierAnswer) => this.#answer(answer));
    this.#exit = once(this.#child, 'exit').catch(() => {}); // `error`: there is no process
    void this.#exit.then(() => {
      this.#isOver = true;
      this.#answer({ error: `its process ended. ${this.#said()}`.trim() });
    });
  }

  /**
   * Tells it its volumes, which are mounted.
   *
   * @throws {WaxwingError} `volume-failed`, after which it ends
   */
  async begin(settings: CopierStart): Promise<void> {
    try {
      await this.#send(settings, startMs);
    } catch (error) {
      await this.end();
      throw error;
    }
  }

  /** Whether the process has ended. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /**
   * Asks for something. Call it again after the answer.
   *
   * @throws {WaxwingError} `volume-failed`, also if the process ends or does not answer in time, after which it ends
   */
  ask(request: CopierRequest): Promise<Pass> {
    return this.#send(request, answerMs[request.type]);
  }

  /** Kills the process. Returns whether it is gone; if not, it waits for a volume. What it was asked for has failed. */
  async end(): Promise<boolean> {
    if (this.#isOver) return true;
    this.#child.kill('SIGKILL');
    const late = delay(endMs, false, { ref: false });
    const isGone = await Promise.race([this.#exit.then(() => true), late]);
    if (!isGone) this.#answer({ error: 'it was killed, and waits for a volume' });
    return isGone;
  }

  async #send(message: CopierStart | CopierRequest, patienceMs: number): Promise<Pass> {
    const timer = systemClock.setTimeout(() => {
      this.#answer({ error: `no answer within ${patienceMs / 1000} s` });
      void this.end();
    }, patienceMs);
    const answer = await new Promise<CopierAnswer>((resolve) => {
      if (this.#isOver || !this.#child.connected) return resolve({ error: 'its process ended' });
      this.#waiting = resolve;
      this.#child.send(message, (error) => {
        if (error !== null) this.#answer({ error: error.message });
      });
    });
    timer.clear();
    if (!('error' in answer)) return answer;
    throw new WaxwingError('volume-failed', `a store is not copied: ${answer.error.slice(0, 500)}`);
  }

  #answer(answer: CopierAnswer): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.(answer);
  }
}
