// Damage to volumes, and its detection.

import assert from 'node:assert/strict';
import { StorageError } from '../../src/storage/errors.ts';
import { blockHeaderBytes, pageAfter, pageBytes } from '../../src/storage/log/segment.ts';
import type { SimFile } from '../support/sim-file.ts';
import type { Left } from './log-crash.ts';
import { TextStore } from './log-owner.ts';
import { folder, Machine, nothingTold, powerCut } from './machine.ts';

/** How a file came to be other than it was written. */
export interface Damage {
  readonly name: string;
  /** A description of the damage for error messages. */
  readonly what: string;
  readonly apply: (machine: Machine) => void;
}

/** The result of reading a damaged volume. */
export interface Verdict {
  readonly isCheckRefused: boolean;
  readonly isStartRefused: boolean;
  /** Whether something could not be read that the start did not need. */
  readonly isReadRefused: boolean;
}

/** The codes with which a damaged volume may be refused. */
const refusals: readonly string[] = [
  'volume-damaged',
  'volume-rolled-back',
  'not-a-volume',
  'format-too-new',
  'wrong-key',
];

/**
 * Damages a copy of a machine's volume, which nobody has open. Then each reader must find everything that
 * was confirmed, or refuse the volume with an error that names the file; one that refuses changes nothing.
 */
export async function judge(machine: Machine, left: Left, damage: Damage): Promise<Verdict> {
  try {
    return await judged(machine, left, damage);
  } catch (cause) {
    throw new Error(`${damage.name} ${damage.what}`, { cause });
  }
}

async function judged(machine: Machine, left: Left, damage: Damage): Promise<Verdict> {
  const copy = new Machine(machine.random.below(2 ** 32), machine);
  damage.apply(copy);
  const { disk } = copy;
  const before = disk.changeCount;
  const isCheckRefused = !(await isAccepted(damage, () => copy.check()));
  const texts = new TextStore();
  const isStartRefused = !(await isAccepted(damage, () => started(copy, left, texts)));
  if (isStartRefused) assert.equal(disk.changeCount, before, 'a refused start changed something');
  const names = isStartRefused ? [] : [...texts.places.keys()];
  let isReadRefused = false;
  for (const name of names) {
    const read = () => copy.finish(texts.read(name));
    if (!(await isAccepted(damage, read))) isReadRefused = true;
  }
  assert.ok(isCheckRefused || !(isStartRefused || isReadRefused), 'a check found nothing');
  copy.restart();
  // A refused volume is refused again, and an accepted one is accepted again.
  const isAgain = await isAccepted(damage, () => started(copy, left, new TextStore()));
  assert.equal(isAgain, !isStartRefused);
  copy.restart();
  return { isCheckRefused, isStartRefused, isReadRefused };
}

/** Starts, and requires what was confirmed to be there. */
async function started(machine: Machine, left: Left, texts: TextStore): Promise<void> {
  const told = nothingTold();
  const opened = await machine.finish(machine.open(texts, {}, told));
  assert.ok(opened !== powerCut);
  left.ledger.verify(texts.facts(), left.durable, left.open);
  await machine.until(() => told.durable > 0, 'the first group');
}

async function isAccepted(damage: Damage, use: () => Promise<unknown>): Promise<boolean> {
  try {
    await use();
    return true;
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    assert.ok(refusals.includes(error.code), `refused as ${error.code}: ${error.message}`);
    const isNamed = error.message.includes(`${folder}/${damage.name}`);
    assert.ok(isNamed || error.message.includes(` ${damage.name} `), error.message);
    return false;
  }
}

/** Every file of the machine's volume. */
function files(machine: Machine): [name: string, file: SimFile][] {
  const { disk } = machine;
  return disk.list(folder).map((name) => [name, disk.file(`${folder}/${name}`)]);
}

/** The offsets in a segment at which something begins or ends: pages and blocks. */
function bounds(file: SimFile): number[] {
  const found: number[] = [0];
  for (let at = pageBytes; at + blockHeaderBytes <= file.sizeBytes; ) {
    found.push(at, at + blockHeaderBytes);
    const header = file.read(at, blockHeaderBytes);
    const end = at + blockHeaderBytes + header.readUInt32BE(8);
    found.push(end);
    at = (header.readUInt32BE(4) & 1) === 0 ? end : pageAfter(end);
  }
  return [...found, file.sizeBytes].filter((at) => at <= file.sizeBytes);
}

/**
 * Files cut off, and files that are gone.
 *
 * @param isEvery whether at each length, else around each place where something begins or ends
 */
export function* truncations(machine: Machine, isEvery: boolean): Generator<Damage> {
  for (const [name, file] of files(machine)) {
    yield {
      name,
      what: 'is gone',
      apply: ({ disk }) => {
        disk.remove(`${folder}/${name}`);
        disk.syncNames(disk.renamingCount);
      },
    };
    const step = isEvery ? 1 : 13;
    const steps = Array.from({ length: file.sizeBytes / step }, (_, i) => i * step);
    const near = bounds(file).flatMap((at) => [at - 1, at, at + 1]);
    const isSmall = file.sizeBytes < pageBytes;
    for (const size of new Set(isSmall || isEvery ? steps : near)) {
      if (size < 0 || size >= file.sizeBytes) continue;
      yield {
        name,
        what: `is cut off at byte ${size} of ${file.sizeBytes}`,
        apply: ({ disk }) => {
          const cut = disk.file(`${folder}/${name}`);
          cut.truncate(size);
          cut.sync(cut.changeCount);
        },
      };
    }
  }
}

/**
 * A bit that flips in each block and each header page of every segment: parts of checkpoints too, and
 * compacted segments.
 */
export function* flips(machine: Machine): Generator<Damage> {
  const { random } = machine;
  for (const [name, file] of files(machine)) {
    if (!/^(seg|compact)-/.test(name)) continue;
    const places = [...new Set(bounds(file))].sort((a, b) => a - b);
    for (const [i, from] of places.entries()) {
      const to = places[i + 1] ?? from;
      if (to === from) continue;
      const bit = from * 8 + random.below((to - from) * 8);
      yield {
        name,
        what: `has bit ${bit} turned over, between bytes ${from} and ${to}`,
        apply: ({ disk }) => {
          const flipped = disk.file(`${folder}/${name}`);
          flipped.flip(bit);
        },
      };
    }
  }
}
