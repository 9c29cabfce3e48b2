// Processes that attack a service.

import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Waxwing } from '../support/waxwing.ts';
import type { Target } from './target.ts';

const program = fileURLToPath(new URL('run.js', import.meta.url));

/** Processes that attack a service in the same way. */
export class Attackers {
  readonly #processes: ChildProcess[];
  readonly #counts = new Map<ChildProcess, { begunCount: number; endedCount: number }>();

  /**
   * @param places address that each process attacks from
   * @param rounds rounds that each begins at most
   */
  constructor(waxwing: Waxwing, attack: string, places: readonly string[], rounds = Infinity) {
    this.#processes = places.map((from) => {
      const target = JSON.stringify(targetOf(waxwing, from));
      const child = fork(program, [attack, target, String(rounds)], { stdio: 'ignore' });
      child.on('message', (counts: { begunCount: number; endedCount: number }) =>
        this.#counts.set(child, counts),
      );
      return child;
    });
  }

  /** The number of opened connections, and of those that have ended. */
  get counts(): { readonly begunCount: number; readonly endedCount: number } {
    let [begunCount, endedCount] = [0, 0];
    for (const counts of this.#counts.values()) {
      begunCount += counts.begunCount;
      endedCount += counts.endedCount;
    }
    return { begunCount, endedCount };
  }

  /** Ends them all. */
  async end(): Promise<void> {
    const ended = this.#processes.map(
      (child) => child.exitCode ?? new Promise((resolve) => child.once('exit', resolve)),
    );
    for (const child of this.#processes) child.kill('SIGKILL');
    await Promise.all(ended);
  }
}

function targetOf(waxwing: Waxwing, from: string): Target {
  const { environment, amqpUrl, apiPort } = waxwing;
  return {
    apiPort,
    amqpPort: Number(new URL(amqpUrl).port),
    from,
    accessKeyId: environment['AWS_ACCESS_KEY_ID'] ?? '',
    region: environment['AWS_REGION'] ?? '',
    user: new URL(amqpUrl).username,
  };
}
