// Work in slices, so that a large list does not hold up the messages of the broker.

import { type Background, stepUnits } from '../broker/turns/background.ts';

/** What runs jobs in the background of a broker. */
export type Runner = Pick<Background, 'run' | 'spend'>;

/** Number of small items that one step handles. A step takes some microseconds. */
export const itemsPerStep = 4;

/**
 * Performs work in the background of the broker, step by step.
 *
 * @returns the result; rejects with what the work throws
 */
export function inSlices<Result>(
  background: Pick<Runner, 'run'>,
  steps: Generator<void, Result>,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    background.run(settling(steps, resolve, reject));
  });
}

function* settling<Result>(
  steps: Generator<void, Result>,
  resolve: (result: Result) => void,
  reject: (error: unknown) => void,
): Generator<void> {
  try {
    resolve(yield* steps);
  } catch (error) {
    reject(error);
  }
}

/** Number of items that are sorted at once. */
const sortedAtOnce = 64;

/** Sorts a list in steps. Equal items keep their order. */
export function* sortInSteps<Item>(
  items: readonly Item[],
  compare: (a: Item, b: Item) => number,
): Generator<void, Item[]> {
  let runs: Item[][] = [];
  for (let at = 0; at < items.length; at += sortedAtOnce) {
    runs.push(items.slice(at, at + sortedAtOnce).sort(compare));
    yield;
  }
  while (runs.length > 1) {
    const merged: Item[][] = [];
    for (let at = 0; at < runs.length; at += 2) {
      merged.push(yield* merge(runs[at] ?? [], runs[at + 1] ?? [], compare));
    }
    runs = merged;
  }
  return runs[0] ?? [];
}

/**
 * The first items of a list in their order, in steps. Most items are only compared with the last one
 * that may still be among them.
 *
 * @param compare orders all items; two of them are never equal
 */
export function* firstInSteps<Item>(
  items: readonly Item[],
  count: number,
  compare: (a: Item, b: Item) => number,
): Generator<void, Item[]> {
  let found: Item[] = [];
  let worst: Item | undefined;
  let seenCount = 0;
  for (const item of items) {
    if (++seenCount % stepUnits === 0) yield;
    if (worst !== undefined && compare(item, worst) > 0) continue;
    found.push(item);
    if (found.length < count + Math.max(count, sortedAtOnce)) continue;
    found = (yield* sortInSteps(found, compare)).slice(0, count);
    worst = found.at(-1);
  }
  return (yield* sortInSteps(found, compare)).slice(0, count);
}

function* merge<Item>(
  a: readonly Item[],
  b: readonly Item[],
  compare: (a: Item, b: Item) => number,
): Generator<void, Item[]> {
  const all: Item[] = [];
  let atA = 0;
  let atB = 0;
  while (atA < a.length || atB < b.length) {
    const isFromA =
      atB >= b.length || (atA < a.length && compare(a[atA] as Item, b[atB] as Item) <= 0);
    all.push((isFromA ? a[atA++] : b[atB++]) as Item); // one of the two is in range
    if (all.length % stepUnits === 0) yield;
  }
  return all;
}
