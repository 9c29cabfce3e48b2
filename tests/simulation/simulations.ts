// The list of simulations.

import { simulateBrokerOnDisk, simulateLargeBodies } from './broker-crash.ts';
import { simulateBroker, simulateBrokerOnLog } from './broker-model.ts';
import { simulateLog } from './log-crash.ts';
import { simulateRecovery } from './recovery-cuts.ts';

/** A run that a seed repeats. It rejects if the broker and the model disagree. */
export interface Simulation {
  readonly name: string;
  /** How many seeds every test run tries. */
  readonly seedCount: number;
  /** How many the long form tries. */
  readonly longCount: number;
  readonly run: (seed: number) => Promise<void>;
}

/** Every simulation there is. */
export const simulations: readonly Simulation[] = [
  { name: 'broker', seedCount: 30, longCount: 20_000, run: simulateBroker },
  { name: 'real-log', seedCount: 12, longCount: 20_000, run: simulateBrokerOnLog },
  { name: 'log', seedCount: 20, longCount: 20_000, run: simulateLog },
  { name: 'recovery', seedCount: 4, longCount: 20_000, run: simulateRecovery },
  { name: 'disk', seedCount: 25, longCount: 20_000, run: simulateBrokerOnDisk },
  { name: 'large-bodies', seedCount: 2, longCount: 2000, run: simulateLargeBodies },
];

/** The command that runs one seed again. */
export function replayOf({ name }: Simulation, seed: number): string {
  return `npm run simulate -- --only ${name} --seed ${seed} --count 1`;
}
