// Power failures during recovery.

import assert from 'node:assert/strict';
import type { LogOptions } from '../../src/storage/log-owner.ts';
import type { SeededRandom } from '../support/seeded-random.ts';
import type { CutSurvival } from '../support/sim-disk.ts';
import { Ledger } from './ledger.ts';
import { type Left, Life, nothingLeft } from './log-crash.ts';
import { TextStore } from './log-owner.ts';
import { Machine, nothingTold, powerCut } from './machine.ts';
import { smallLog } from './trouble.ts';

/**
 * How a process ends: in order, cut off while it works, or killed once its mark says everything.
 */
export type Ending = 'closed' | 'cut' | 'marked';

/**
 * Gives a machine's volume a few segments, the last of them by a process that ends as given.
 *
 * @param options beside those that the seed picks
 */
export async function workedVolume(
  machine: Machine,
  ending: Ending,
  options: Partial<LogOptions> = {},
): Promise<Left> {
  await machine.format();
  let left = nothingLeft();
  for (const isLast of [false, true]) {
    const texts = new TextStore();
    const told = nothingTold();
    const chosen = { ...smallLog(machine.random), ...options };
    const opened = await machine.finish(machine.open(texts, chosen, told));
    assert.ok(opened !== powerCut);
    left.ledger.verify(texts.facts(), left.durable, left.open);
    const life = new Life(machine, texts, opened, told, 'none');
    await life.work(30 + machine.random.below(60));
    if (isLast && ending === 'cut') machine.disk.crash();
    else if (isLast && ending === 'closed') await life.close();
    else {
      await life.rest();
      machine.disk.kill();
    }
    life.verifyFailures();
    left = life.left;
    machine.restart();
  }
  return left;
}

/** Returns the change, from 1, at which the power of a recovery fails. */
export type ChooseCuts = (random: SeededRandom, changeCount: number) => readonly number[];

/** Every change there is. */
export const everyCut: ChooseCuts = (_random, count) =>
  Array.from({ length: count }, (_, i) => i + 1);

/** One of the changes. */
export const oneCut: ChooseCuts = (random, count) => [1 + random.below(count)];

const twoCuts: ChooseCuts = (random, count) => [...oneCut(random, count), ...oneCut(random, count)];

/** Every way in which all of one kind survives a power cut and none of the other. */
export const extremes: readonly CutSurvival[] = [
  { names: 'none', bytes: 'nothing' },
  { names: 'none', bytes: 'everything' },
  { names: 'all', bytes: 'nothing' },
  { names: 'all', bytes: 'everything' },
];

/** A start on a volume: what it found, and how much it changed on the disk. */
interface Start {
  /** Undefined if the power failed before. */
  readonly facts: ReadonlyMap<string, string> | undefined;
  readonly changeCount: number;
}

/** Starts on the machine's volume, until the first group of this start is synced. */
async function start(machine: Machine): Promise<Start> {
  const before = machine.disk.changeCount;
  const texts = new TextStore();
  const told = nothingTold();
  const opened = await machine.finish(machine.open(texts, smallLog(machine.random), told));
  const facts = opened === powerCut ? undefined : texts.facts();
  await machine.until(() => told.durable > 0 || told.failure !== undefined, 'the first group');
  assert.equal(told.failure, undefined);
  return { facts, changeCount: machine.disk.changeCount - before };
}

/**
 * Cuts the power in a recovery, and again in the one after it, so deep; then requires the volume to be
 * sound and to hold what was confirmed.
 *
 * @param choose which changes of each recovery are tried, one after the other, by depth
 * @returns how many recoveries were cut
 */
export async function cutRecoveries(
  machine: Machine,
  left: Left,
  choose: readonly ChooseCuts[],
): Promise<number> {
  const [chooseHere, ...chooseBelow] = choose;
  const whole = new Machine(machine.random.below(2 ** 32), machine);
  await whole.check();
  whole.restart();
  const { facts, changeCount } = await start(whole);
  assert.ok(facts !== undefined);
  left.ledger.verify(facts, left.durable, left.open);
  if (chooseHere === undefined) return 0;
  let count = 0;
  for (const change of chooseHere(machine.random, changeCount)) {
    const next = new Machine(machine.random.below(2 ** 32), machine);
    next.disk.cutAt = next.disk.changeCount + change;
    const found = await start(next).catch((cause: unknown) => {
      throw new Error(`a start is cut at change ${change}`, { cause });
    });
    next.restart();
    // Reported data must exist from then on.
    const kept = found.facts === undefined ? left : onlyThis(found.facts);
    count += 1 + (await cutRecoveries(next, kept, chooseBelow));
  }
  return count;
}

function onlyThis(facts: ReadonlyMap<string, string>): Left {
  return { ledger: new Ledger(facts), durable: 0, open: 0 };
}

/** Recoveries of a volume that the seed makes, each cut where the seed has it, three deep. */
export async function simulateRecovery(seed: number): Promise<void> {
  const machine = new Machine(seed);
  const { random, disk } = machine;
  await machine.run(async () => {
    const ending = random.pick(['closed', 'cut', 'cut', 'marked'] as const);
    const left = await workedVolume(machine, ending);
    disk.survival = random.oneIn(2) ? random.pick(extremes) : undefined;
    await cutRecoveries(machine, left, [twoCuts, twoCuts, twoCuts]);
  });
}
