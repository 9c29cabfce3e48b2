// Rounds of a fuzzer.

import { SeededRandom } from '../support/seeded-random.ts';
import type { Fuzzer } from './fuzzer.ts';
import { Tally } from './tally.ts';

/** A round that found a bug. */
export interface Failure {
  readonly fuzzer: string;
  readonly seed: number;
  readonly error: unknown;
  /** The command that runs this very round again. */
  readonly replay: string;
}

/**
 * Runs rounds until one fails.
 *
 * @param seed of the first round; each further round has the next whole number
 * @param tally counts what the rounds do
 */
export async function runRounds(
  fuzzer: Fuzzer,
  seed: number,
  count: number,
  tally: Tally = new Tally(),
): Promise<Failure | undefined> {
  for (let round = 0; round < count; round++) {
    const before = tally.inputCount;
    try {
      await fuzzer.run(new SeededRandom(seed + round), tally);
    } catch (error) {
      const options = `--only '${fuzzer.name}' --seed ${seed + round} --count 1`;
      const replay = `npm run fuzz -- ${options}`;
      return { fuzzer: fuzzer.name, seed: seed + round, error, replay };
    } finally {
      if (tally.inputCount === before) tally.input();
    }
  }
  return undefined;
}
