// The list of simulations.

import { SeededRandom } from '../support/seeded-random.ts';
import { simulateBrokerOnDisk, simulateLargeBodies } from './broker-crash.ts';
import { simulateBroker, simulateBrokerOnLog } from './broker-model.ts';
import { CompactionRun } from './compaction-crash.ts';
import { simulateDamage } from './damage-run.ts';
import { simulateKeys } from './key-life.ts';
import { simulateLog } from './log-crash.ts';
import { MergeRun } from './merge-crash.ts';
import { simulatePreparedCut } from './prepared-crash.ts';
import { simulateRecovery } from './recovery-cuts.ts';
import { simulateScheduleCut } from './schedule-crash.ts';
import { simulateStream } from './stream-lives.ts';

/** A run that a seed repeats. It rejects if the broker and the model disagree. */
export interface Simulation {
  readonly name: string;
  /** How many seeds every test run tries. */
  readonly seedCount: number;
  /** How many the long form tries. */
  readonly longCount: number;
  readonly run: (seed: number) => Promise<void>;
}

/** Simulations whose seeds one test runs. */
export const simulations: readonly Simulation[] = [
  { name: 'broker', seedCount: 15, longCount: 20_000, run: simulateBroker },
  { name: 'real-log', seedCount: 6, longCount: 20_000, run: simulateBrokerOnLog },
  { name: 'log', seedCount: 10, longCount: 20_000, run: simulateLog },
  { name: 'recovery', seedCount: 4, longCount: 20_000, run: simulateRecovery },
  { name: 'disk', seedCount: 12, longCount: 20_000, run: simulateBrokerOnDisk },
  { name: 'large-bodies', seedCount: 2, longCount: 2000, run: simulateLargeBodies },
];

/** The number of changes of the disk in most runs; a cut at a later change than the last is none. */
const changesMax = 300;

/** A run with one power cut, at a change that the seed picks. */
function cut(run: (seed: number, change: number) => Promise<unknown>): Simulation['run'] {
  return async (seed) => {
    await run(seed, 1 + new SeededRandom(seed).below(changesMax));
  };
}

/**
 * Simulations that have tests of their own, most of which cut the power at one change after the other.
 * `npm run simulate` runs them with any number of seeds.
 */
export const ownTests: readonly Pick<Simulation, 'name' | 'run'>[] = [
  { name: 'compaction', run: cut((seed, change) => new CompactionRun(seed).run(change)) },
  { name: 'merging', run: cut((seed, change) => new MergeRun(seed).run(change)) },
  { name: 'keys', run: simulateKeys },
  { name: 'prepared', run: cut(simulatePreparedCut) },
  { name: 'schedule', run: cut(simulateScheduleCut) },
  { name: 'streams', run: simulateStream },
  { name: 'damage', run: simulateDamage },
];

/** The command that runs one seed again. */
export function replayOf({ name }: Pick<Simulation, 'name'>, seed: number): string {
  return `npm run simulate -- --only ${name} --seed ${seed} --count 1`;
}
