// A run of kills under load.

import { isRunning, until } from '../support/processes.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { Waxwing } from '../support/waxwing.ts';
import { Harvest } from './harvest.ts';
import { type Finding, Ledger } from './ledger.ts';
import { deadLettersOf, declareAll, Load, queues } from './load.ts';

/**
 * What is killed: the broker's process alone, that of the service with it at once, or the service.
 */
type Victim = 'broker' | 'both' | 'service';

/** Milliseconds that the load flows at most before the kill. */
const loadMsMax = 1400;
/** Messages left in the queues over a kill more at most. */
const keptCountMax = 20_000;

/** The line that runs the same load and moments again. */
export function replayOf(seed: number, cycleCount: number): string {
  return `npm run crash -- --seed ${seed} --cycles ${cycleCount}`;
}

/** The result of a run of kills. */
export interface CrashReport {
  readonly seed: number;
  readonly cycles: number;
  readonly kills: Readonly<Record<string, number>>;
  readonly messages: Ledger['counts'];
  /** Messages that all queues together were found to hold after the kills. */
  readonly recovered: number;
  readonly checks: number;
  readonly findings: readonly Finding[];
}

/**
 * Kills a broker under load, again and again, and holds what it has then against what it promised.
 */
export class CrashRun {
  readonly #seed: number;
  readonly #waxwing: Waxwing;
  readonly #ledger = new Ledger(deadLettersOf);
  readonly #kills: Record<string, number> = {};
  #random: SeededRandom;
  #recovered = 0;
  #checks = 0;

  private constructor(seed: number, waxwing: Waxwing) {
    this.#seed = seed;
    this.#waxwing = waxwing;
    this.#random = new SeededRandom(seed);
  }

  /**
   * Starts a service, and runs cycles of kills on it.
   *
   * @param progress called after each cycle
   */
  static async run(
    seed: number,
    cycleCount: number,
    progress: (cycle: number, findings: readonly Finding[]) => void = () => {},
  ): Promise<CrashReport> {
    const waxwing = await Waxwing.start();
    const run = new CrashRun(seed, waxwing);
    try {
      await declareAll(run.#place);
      for (let cycle = 1; cycle <= cycleCount; cycle++) {
        await run.#cycle(cycle);
        progress(cycle, run.#ledger.findings);
      }
      return run.#report(cycleCount);
    } finally {
      await waxwing.remove();
    }
  }

  get #place() {
    return { url: this.#waxwing.amqpUrl, ca: this.#waxwing.ca };
  }

  async #cycle(cycle: number): Promise<void> {
    this.#random = new SeededRandom(this.#seed + cycle);
    const victim = this.#random.pick<Victim>(['broker', 'broker', 'both', 'service']);
    const load = new Load(this.#place, this.#ledger, this.#random);
    await load.start();
    await pause(this.#random.below(loadMsMax));
    load.expectEnd();
    const killedAtMs = await this.#kill(victim);
    await load.ended();
    await this.#recover(victim);
    await this.#verify(killedAtMs);
    if (victim !== 'broker') return;
    await this.#waxwing.stop();
    await this.#check('closed cleanly');
    await this.#waxwing.restart();
  }

  /** @returns when, by the clock of the settlements */
  async #kill(victim: Victim): Promise<number> {
    this.#kills[victim] = (this.#kills[victim] ?? 0) + 1;
    const { children } = this.#waxwing;
    const killedAtMs = performance.now();
    if (victim !== 'service') for (const pid of children) process.kill(pid, 'SIGKILL');
    if (victim !== 'broker') await this.#waxwing.kill();
    await until('they are gone', () => !children.some(isRunning));
    return killedAtMs;
  }

  /** Back to a broker that runs, which may be killed once more while it recovers. */
  async #recover(victim: Victim): Promise<void> {
    if (victim !== 'broker') {
      await this.#check('not closed');
      if (this.#random.oneIn(3)) await this.#killRecovering();
      await this.#waxwing.restart();
    }
    const client = await until('the broker', () => this.#waxwing.connect().catch(() => undefined));
    await client.close();
  }

  async #killRecovering(): Promise<void> {
    this.#waxwing.begin();
    await pause(this.#random.below(600));
    await this.#kill('both');
    await this.#check('not closed|closed cleanly');
  }

  async #check(how: string): Promise<void> {
    this.#checks++;
    const { code, stdout, stderr } = await this.#waxwing.folder.check();
    const isSound =
      code === 0 && stderr === '' && new RegExp(`^b-.*: sound, (${how})`, 'm').test(stdout);
    if (!isSound) this.#ledger.checkFailed(`exit code ${code}: ${stdout}${stderr}`);
  }

  async #verify(killedAtMs: number): Promise<void> {
    const harvest = await Harvest.take(this.#place);
    for (const list of harvest.found.values()) this.#recovered += list.length;
    this.#ledger.verify(harvest.found, killedAtMs);
    const isMuch = this.#ledger.messageCount > keptCountMax;
    for (const queue of queues) {
      if (!isMuch && this.#random.oneIn(3)) continue;
      await harvest.empty(queue);
      this.#ledger.emptied(queue);
    }
    await harvest.close();
  }

  #report(cycles: number): CrashReport {
    const { counts, findings } = this.#ledger;
    return {
      seed: this.#seed,
      cycles,
      kills: this.#kills,
      messages: counts,
      recovered: this.#recovered,
      checks: this.#checks,
      findings,
    };
  }
}

/** The moment of a kill is what is random here: nothing is waited for. */
function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}
