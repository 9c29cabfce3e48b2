// A long run of all fuzzers, in rotation, whose counts are written to docs/proof.

import { writeProof } from '../support/proof.ts';
import type { Fuzzer } from './fuzzer.ts';
import { type Failure, runRounds } from './rounds.ts';
import { Tally } from './tally.ts';

/** How long one fuzzer runs before the next one has its part, in milliseconds. */
const partMs = 10_000;
/** Failures of one fuzzer after which it is not continued. */
const failureCountMax = 10;

/** One fuzzer, and what it has done so far. */
class Running {
  readonly fuzzer: Fuzzer;
  readonly tally = new Tally();
  readonly failures: Failure[] = [];
  roundCount = 0;

  constructor(fuzzer: Fuzzer) {
    this.fuzzer = fuzzer;
  }

  isOver(inputCountMax: number): boolean {
    return this.tally.inputCount >= inputCountMax || this.failures.length >= failureCountMax;
  }

  async part(seed: number, inputCountMax: number): Promise<void> {
    const endMs = Date.now() + partMs;
    while (Date.now() < endMs && !this.isOver(inputCountMax)) {
      const roundSeed = seed + this.roundCount++;
      const failure = await runRounds(this.fuzzer, roundSeed, 1, this.tally);
      if (failure === undefined) continue;
      this.failures.push(failure);
      console.log(`${failure.fuzzer}: ${String(failure.error)}; replay: ${failure.replay}`);
    }
  }

  figures(): object {
    const { fuzzer, tally, roundCount, failures } = this;
    const { handlers = [] } = fuzzer;
    return {
      fuzzer: fuzzer.name,
      inputs: tally.inputCount,
      rounds: roundCount,
      handlers: Object.fromEntries(handlers.map((name) => [name, tally.countOf(name)])),
      neverReached: tally.missing(handlers),
      crashes: failures.map(({ replay, error }) => ({ replay, error: String(error) })),
    };
  }
}

/** What a long run is asked for. */
export interface LongRunOptions {
  readonly seed: number;
  /** Inputs of each fuzzer. */
  readonly inputCountMax: number;
  /** The run ends when this time is over, even if inputs are left. */
  readonly minutesMax: number;
}

/**
 * Runs all fuzzers until each has had its inputs or the time is over. The counts are written after
 * each rotation, so that an interrupted run leaves those of all fuzzers.
 *
 * @returns whether no fuzzer has failed, all canaries were found, and all handlers were reached
 */
export async function runLong(
  fuzzers: readonly Fuzzer[],
  canaries: readonly Fuzzer[],
  { seed, inputCountMax, minutesMax }: LongRunOptions,
): Promise<boolean> {
  const beganMs = Date.now();
  const found: Failure[] = [];
  for (const canary of canaries) {
    const failure = await runRounds(canary, seed, 20_000);
    if (failure !== undefined) found.push(failure);
  }
  const all = fuzzers.map((fuzzer) => new Running(fuzzer));
  const write = () =>
    writeProof('fuzz', {
      seed,
      minutes: Math.round((Date.now() - beganMs) / 60_000),
      inputs: all.reduce((sum, { tally }) => sum + tally.inputCount, 0),
      canaries: { planted: canaries.length, found: found.map(({ fuzzer }) => fuzzer) },
      fuzzers: all.map((each) => each.figures()),
    });
  const isLate = () => Date.now() - beganMs > minutesMax * 60_000;
  while (!isLate() && all.some((each) => !each.isOver(inputCountMax))) {
    for (const each of all) if (!isLate()) await each.part(seed, inputCountMax);
    write();
  }
  write();
  const isGood = ({ failures, fuzzer, tally }: Running) =>
    failures.length === 0 && tally.missing(fuzzer.handlers ?? []).length === 0;
  return found.length === canaries.length && all.every(isGood);
}
