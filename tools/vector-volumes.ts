// Volumes for test vectors.

import { createHash, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Random } from '../src/base/random.ts';
import { CounterSealer } from '../src/crypto/aead.ts';
import { keyFromBytes } from '../src/crypto/derive.ts';
import type { Journal } from '../src/storage/journal.ts';
import {
  blockFlags,
  decodeSegmentHeader,
  pageBytes,
  sealBlock,
} from '../src/storage/log/segment.ts';
import { Log } from '../src/storage/log.ts';
import type { LogOptions } from '../src/storage/log-owner.ts';
import { StateStore } from '../src/storage/state-store.ts';
import { type DataKeys, Volume } from '../src/storage/volume.ts';
import { ManualClock } from '../tests/support/manual-clock.ts';
import { MemoryDisk } from '../tests/support/memory-disk.ts';
import { QueueVolume } from '../tests/support/queue-volume.ts';
import { diskOf, parseVector } from '../tests/support/volume-vector.ts';

/** The folder of each volume on its disk. */
export const folder = '/v';
/** The hash from which all random values of the vectors are derived. */
export const sha256 = (text: string) => createHash('sha256').update(text).digest();
/** The data key of the volumes, in hexadecimal. */
export const keyText = sha256('data key of the vectors').toString('hex');
/** The data key of the volumes. */
export const dataKey = () => keyFromBytes(Buffer.from(keyText, 'hex'));

/** Returns the same bytes in each run: hashes of a name and a number. */
class CountedRandom implements Random {
  readonly #name: string;
  #count = 0;

  constructor(name: string) {
    this.#name = name;
  }
  bytes(size: number): Buffer {
    return sha256(`${this.#name} ${this.#count++}`).subarray(0, size);
  }
  uuid(): string {
    throw new Error('a volume needs no UUID');
  }
}

const wrappedKey = Buffer.from('a wrapped data key');
/** A manual clock, so that the position of the watermark does not depend on the speed of the machine. */
export const clock = new ManualClock();

/** Waits until the watermark has reached the end of the log. */
async function marked(disk: MemoryDisk): Promise<void> {
  const before = Buffer.from(disk.bytes(`${folder}/mark`));
  clock.advance(100);
  while (disk.bytes(`${folder}/mark`).equals(before)) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** A volume that was never mounted. */
export async function formatted(kind: 'broker' | 'system' = 'broker'): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  await Volume.format(disk, folder, { id: 'vol-0123456789abcdef', kind, wrappedKey }, dataKey());
  return disk;
}

/** The data keys of a volume with two generations, in hexadecimal: the newest and the first. */
export const twoKeysText = `${sha256('second data key').toString('hex')},0:${keyText}`;

/** A mount in which the volume gets another data key, and another message under it. */
async function rekeyedMount(disk: MemoryDisk): Promise<QueueVolume> {
  const life = await firstMount(disk);
  const [newest = ''] = twoKeysText.split(',');
  const second = keyFromBytes(Buffer.from(newest, 'hex'));
  await life.log.dataKeys.add(Buffer.from('another wrapped data key'), second);
  life.publish([1], 'under the second', { routingKey: 'd', nowMs: 1003 });
  await life.synced();
  return life;
}

/** A volume with two data keys, closed, or killed while its watermark was under the first one. */
export async function rekeyed(end: 'closed' | 'killed'): Promise<MemoryDisk> {
  const disk = await formatted();
  const life = await rekeyedMount(disk);
  const left = disk.copy();
  await life.close();
  return end === 'closed' ? disk : left;
}

/** Mounts a broker's volume. `history` distinguishes mounts of the same volume. */
export function mount(
  disk: MemoryDisk,
  history: string,
  options: Partial<LogOptions> = {},
  keys: KeyObject | DataKeys = dataKey(),
) {
  return QueueVolume.open(disk, folder, keys, {
    random: new CountedRandom(history),
    clock,
    ...options,
  });
}

/** A mount in which messages are added to two queues, and one of them is settled. */
async function firstMount(disk: MemoryDisk): Promise<QueueVolume> {
  const life = await mount(disk, 'first');
  life.declare(1);
  life.declare(2);
  await life.synced();
  life.publish([1], 'settled later', { exchange: 'amq.direct', routingKey: 'a', nowMs: 1000 });
  life.publish([1, 2], 'for both', { head: 'head', routingKey: 'b', priority: 5, nowMs: 1001 });
  await life.synced();
  life.publish([2], 'expires', { routingKey: 'c', nowMs: 1002, expiresAtMs: 61_002 });
  life.settle(1, 0);
  await life.synced();
  return life;
}

/** The first mount and its clean end. */
export async function firstClosed(): Promise<MemoryDisk> {
  const disk = await formatted();
  const life = await firstMount(disk);
  life.window(1).markRedelivered(1, false);
  await life.close();
  return disk;
}

/** A mount in which one message is added. */
export async function secondMount(disk: MemoryDisk, body = 'second mount'): Promise<QueueVolume> {
  const life = await mount(disk, `second ${body}`);
  life.publish([1], body, { routingKey: 'd', nowMs: 2000 });
  await life.synced();
  return life;
}

/** Two mounts with clean ends. */
export async function secondClosed(body?: string): Promise<MemoryDisk> {
  const disk = await firstClosed();
  await (await secondMount(disk, body)).close();
  return disk;
}

/** A volume that was killed in its first mount after everything was synced. */
export async function killed(): Promise<MemoryDisk> {
  const disk = await formatted();
  const life = await firstMount(disk);
  const left = disk.copy();
  await life.close();
  return left;
}

/** Returns the end of the last page that is not all zeros. */
export function endOf(bytes: Buffer): number {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  return Math.ceil(end / pageBytes) * pageBytes;
}

/** A volume whose last write is incomplete. */
export async function torn(): Promise<MemoryDisk> {
  const disk = await killed();
  const bytes = disk.bytes(`${folder}/seg-1`);
  bytes.fill(0, endOf(bytes) - pageBytes + 64);
  return disk;
}

/** Mounted and closed after its last write was torn. */
export async function mountedAgain(): Promise<MemoryDisk> {
  const disk = await torn();
  await (await secondMount(disk)).close();
  return disk;
}

/** A second mount that ended between its first group and the update of the header. */
export async function endedWhileMounting(): Promise<MemoryDisk> {
  const disk = await firstClosed();
  const life = await mount(disk, 'ended', {});
  const begun = disk.copy();
  await life.close();
  const left = await firstClosed();
  const volume = await Volume.open(left, folder, dataKey());
  const { position } = volume.header;
  await volume.update({ state: 'open', epoch: 2, position });
  await volume.close();
  return mixed(mixed(left, 'seg-2', begun), 'mark', begun);
}

/** A second mount that ended between its watermark and the update of the header. */
export async function endedBeforeMounting(): Promise<MemoryDisk> {
  return mixed(await firstClosed(), 'mark', await endedWhileMounting());
}

/** A second mount that was killed when the watermark named its segment, which had one group. */
export async function endedMounted(): Promise<MemoryDisk> {
  const disk = await firstClosed();
  const life = await mount(disk, 'ended', {});
  await marked(disk);
  const left = disk.copy();
  await life.close();
  return left;
}

/** Killed after segments were filled, released and reused. */
export async function recycled(): Promise<MemoryDisk> {
  const disk = await formatted();
  const life = await mount(disk, 'recycled', { segmentBytes: 4 * pageBytes });
  life.declare(1);
  for (let i = 0; disk.names.every((name) => !name.includes('free-')); i++) {
    life.publish([1], `message ${i}`);
    await life.synced();
    life.settle(1, i);
  }
  while (disk.names.some((name) => name.includes('free-'))) {
    life.publish([1], 'last');
    await life.synced();
  }
  const left = disk.copy();
  await life.close();
  return left;
}

/** Killed while idle: the watermark covers everything. */
export async function idle(): Promise<MemoryDisk> {
  const disk = await formatted();
  const life = await firstMount(disk);
  await marked(disk);
  const left = disk.copy();
  await life.close();
  return left;
}

/** Killed after a group was synced, before the watermark was updated. */
export async function busy(): Promise<MemoryDisk> {
  const disk = await formatted();
  const life = await firstMount(disk);
  await marked(disk);
  life.publish([1], 'after the mark', { routingKey: 'd', nowMs: 1003 });
  await life.synced();
  const left = disk.copy();
  await life.close();
  return left;
}

/**
 * A volume with a state that is larger than its segments: closed, killed, or killed and closed
 * after another mount.
 */
export async function large(end: 'closed' | 'killed' | 'again'): Promise<MemoryDisk> {
  const disk = await formatted();
  const options = { segmentBytes: 6 * pageBytes, sliceBytes: 400 };
  const life = await mount(disk, 'large', options);
  for (let queue = 1; queue <= 40; queue++) life.declare(queue);
  await life.synced();
  for (let i = 0; i < 24; i++) {
    life.publish([1, 2], `message ${i}`, { nowMs: i });
    await life.synced();
    if (i % 3 > 0) life.settle(1, i);
    life.settle(2, i);
    await life.synced();
  }
  const left = disk.copy();
  await life.close();
  if (end === 'closed') return disk;
  if (end === 'killed') return left;
  const again = await mount(left, 'large again', options);
  again.publish([3], 'again', { nowMs: 100 });
  await again.synced();
  await again.close();
  return left;
}

/** A killed volume of format 2 after a mount and a clean end. */
export async function migrated(): Promise<MemoryDisk> {
  const disk = diskOf(parseVector(readFileSync('tests/vectors/volume-2/killed.txt', 'utf8')));
  await (await secondMount(disk)).close();
  return disk;
}

class Notes implements Journal<{ readonly note: string }> {
  readonly name = 'notes';
  readonly #notes: { readonly note: string }[] = [];
  apply(change: { readonly note: string }): void {
    this.#notes.push(change);
  }
  snapshot() {
    return this.#notes;
  }
}

/** The volume of the service after this many mounts. Small segments are merged at the end of the tenth. */
export async function system(runCount = 2): Promise<MemoryDisk> {
  const disk = await formatted('system');
  for (let run = 0; run < runCount; run++) {
    const volume = await Volume.open(disk, folder, dataKey());
    const state = new StateStore([new Notes()], ['audit']);
    await Log.open(volume, state, {
      random: new CountedRandom(`system ${run}`),
      clock,
      onDurable: (group) => state.onDurable(group),
      onFailed: (error) => state.onFailed(error),
    });
    state.recovered();
    for (const atMs of [5000, 5001]) {
      const event = { timeline: 'audit', atMs: atMs + run * 1000, bytes: Buffer.from('event') };
      await state.commit([{ journal: 'notes', change: { note: `${run} at ${atMs}` } }, event]);
    }
    if (run === 4) state.dropOldest('audit', 3);
    await state.close();
    await volume.close();
  }
  return disk;
}

/** Inverts one bit of a file. */
export function flip(disk: MemoryDisk, file: string, at: number): MemoryDisk {
  const bytes = disk.bytes(`${folder}/${file}`);
  bytes[at] = (bytes[at] ?? 0) ^ 0x10;
  return disk;
}

/** Truncates a file to a size or, if negative, by a number of bytes. */
export function cutOff(disk: MemoryDisk, file: string, sizeBytes: number): MemoryDisk {
  const bytes = disk.bytes(`${folder}/${file}`);
  disk.put(
    `${folder}/${file}`,
    bytes.subarray(0, sizeBytes < 0 ? bytes.length + sizeBytes : sizeBytes),
  );
  return disk;
}

/** Returns a disk without one of its files. */
export async function without(disk: MemoryDisk, file: string): Promise<MemoryDisk> {
  await disk.remove(`${folder}/${file}`);
  return disk;
}

/** Returns a disk with one file of another disk. */
export function mixed(disk: MemoryDisk, file: string, from: MemoryDisk): MemoryDisk {
  disk.put(`${folder}/${file}`, from.bytes(`${folder}/${file}`));
  return disk;
}

const wideMessageText = [
  '01 0000003d', // a message of 61 bytes
  '06 01 00000002', // wanted, a wide count; format 1; two queues
  '00000001 000000000002',
  '00000002 000000000002',
  '0000000003ec', // received
  '00', // priority
  '0a 616d712e646972656374', // exchange
  '03 63e9ff', // routing key
  '00000002 00000003 0000 626967', // head and body
];

/** A message record with a 32-bit number of queues: the plaintext of a block. */
export function wideMessage(): Buffer {
  return Buffer.from(wideMessageText.join('').replaceAll(' ', ''), 'hex');
}

/** The offset of the length of the routing key in it. */
export const keyLengthAt = 5 + 6 + 20 + 6 + 1 + 11;

/** A delivery counts record of 18 bytes: message 1 of queue 1 had two failed deliveries. */
export function failedTwice(): Buffer {
  return Buffer.from('0700000012' + '00000001' + '000000000001' + '000000000002' + '0002', 'hex');
}

/** A ready record of 16 bytes: message 1 of queue 1 is ready again after 5000 ms. */
export function readyLater(): Buffer {
  return Buffer.from('0900000010' + '00000001' + '000000000001' + '000000001388', 'hex');
}

/** A killed volume with one more validly sealed group of one block. */
export async function withGroup(plaintext: Buffer, durableBlocks: number): Promise<MemoryDisk> {
  const disk = await killed();
  const volume = await Volume.open(disk, folder, dataKey());
  const bytes = disk.bytes(`${folder}/seg-1`);
  const segment = decodeSegmentHeader(volume, bytes.subarray(0, pageBytes), 1);
  await volume.close();
  if (segment === undefined) throw new Error('the segment does not begin as it was written');
  const at = endOf(bytes);
  const number = bytes.readUInt32BE(at - pageBytes) + 1;
  const flags = blockFlags.groupBegin | blockFlags.groupEnd;
  const durable = { segment: 1, blocks: durableBlocks };
  const header = { number, flags, length: plaintext.length, durable };
  const sealer = new CounterSealer(segment.key, number);
  for (const [i, part] of sealBlock(sealer, header, plaintext).entries()) {
    part.copy(bytes, at + i * 40);
  }
  return disk;
}
