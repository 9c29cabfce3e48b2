// The interface of fuzzers, and random bytes for them.

import type { SeededRandom } from '../support/seeded-random.ts';
import type { Tally } from './tally.ts';

/** Something that must stand whatever it is given. */
export interface Fuzzer {
  readonly name: string;
  /**
   * The most rounds of a short test run, for slow fuzzers. It ends after a fifth of them if every
   * handler was reached.
   */
  readonly roundCount?: number;
  /** The seed of the first round that tests run: a slow canary is found at a later one. */
  readonly firstSeed?: number;
  /** The number of rounds in the long run, for slow fuzzers. */
  readonly longRoundCount?: number;
  /** What all rounds so far have done, for the proof of a long run. */
  readonly figures?: () => Readonly<Record<string, number>>;
  /**
   * The handlers, or kinds of structures, that exist according to the tables of the program. Valid
   * inputs must reach each of them.
   */
  readonly handlers?: readonly string[];
  /** One round with random input; throws, or rejects, if there is a bug. */
  readonly run: (random: SeededRandom, tally: Tally) => void | Promise<void>;
}

/** Bytes, half of them with the letters and lengths that binary decoders look for. */
export function junk(random: SeededRandom): Buffer {
  const bytes = random.bytes(300);
  if (random.oneIn(2)) return bytes;
  const telling = [0, 1, 2, 3, 8, 0x41, 0x46, 0x53, 0x74, 0x78, 0x10, 0x20, 0xff, 0xce];
  for (let i = 0; i < bytes.length; i++) bytes[i] = random.pick(telling);
  return bytes;
}
