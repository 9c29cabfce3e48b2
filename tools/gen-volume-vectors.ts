import { createHash } from 'node:crypto';
import type { Random } from '../src/base/random.ts';
import { keyFromBytes } from '../src/crypto/derive.ts';
import type { Journal } from '../src/storage/journal.ts';
import {
  blockFlags,
  decodeSegmentHeader,
  pageBytes,
  sealBlock,
} from '../src/storage/log/segment.ts';
import { Log, type LogOptions } from '../src/storage/log.ts';
import { StateStore } from '../src/storage/state-store.ts';
import { Volume } from '../src/storage/volume.ts';
import { MemoryDisk } from '../tests/support/memory-disk.ts';
import { QueueVolume } from '../tests/support/queue-volume.ts';
import { listRecords } from '../tests/support/volume-records.ts';
import {
  filesOf,
  type Refuser,
  type VolumeVector,
  vectorText,
} from '../tests/support/volume-vector.ts';

const folder = '/v';
const sha256 = (text: string) => createHash('sha256').update(text).digest();
const keyText = sha256('data key of the vectors').toString('hex');
const dataKey = () => keyFromBytes(Buffer.from(keyText, 'hex'));

/** The same bytes at every run: the hash of a name and a number. */
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

async function formatted(kind: 'broker' | 'system' = 'broker'): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  await Volume.format(disk, folder, { id: 'vol-0123456789abcdef', kind, wrappedKey }, dataKey());
  return disk;
}

/** Mounts a broker's volume; `history` tells lives apart that have the same past. */
function mount(disk: MemoryDisk, history: string, options: Partial<LogOptions> = {}) {
  return QueueVolume.open(disk, folder, dataKey(), {
    random: new CountedRandom(history),
    ...options,
  });
}

/** One mount in which two queues get messages, and one of these is settled. */
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

async function firstClosed(): Promise<MemoryDisk> {
  const disk = await formatted();
  const life = await firstMount(disk);
  life.window(1).markReturned(1, false);
  await life.close();
  return disk;
}

async function secondMount(disk: MemoryDisk, body = 'second mount'): Promise<QueueVolume> {
  const life = await mount(disk, `second ${body}`);
  life.publish([1], body, { routingKey: 'd', nowMs: 2000 });
  await life.synced();
  return life;
}

async function secondClosed(body?: string): Promise<MemoryDisk> {
  const disk = await firstClosed();
  await (await secondMount(disk, body)).close();
  return disk;
}

/** What a process left that was killed in its first mount, with everything synced. */
async function killed(): Promise<MemoryDisk> {
  const disk = await formatted();
  const life = await firstMount(disk);
  const left = disk.copy();
  await life.close();
  return left;
}

/** The first page behind everything but zeros. */
function endOf(bytes: Buffer): number {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  return Math.ceil(end / pageBytes) * pageBytes;
}

/** Undoes the last write but for its first bytes. */
async function torn(): Promise<MemoryDisk> {
  const disk = await killed();
  const bytes = disk.bytes(`${folder}/seg-1`);
  bytes.fill(0, endOf(bytes) - pageBytes + 64);
  return disk;
}

async function mountedAgain(): Promise<MemoryDisk> {
  const disk = await torn();
  await (await secondMount(disk)).close();
  return disk;
}

/** A second mount that ended between its first group and the header that names it. */
async function endedWhileMounting(): Promise<MemoryDisk> {
  const disk = await firstClosed();
  const life = await mount(disk, 'ended', {});
  const segment = disk.copy().bytes(`${folder}/seg-2`);
  await life.close();
  const left = await firstClosed();
  const volume = await Volume.open(left, folder, dataKey());
  const { position } = volume.header;
  await volume.update({ state: 'open', epoch: 2, position });
  await volume.close();
  left.put(`${folder}/seg-2`, segment);
  return left;
}

/** Killed after segments were filled, given back and written anew. */
async function recycled(): Promise<MemoryDisk> {
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

/** Killed when it had been idle: a marker says that everything before it is synced. */
async function idle(): Promise<MemoryDisk> {
  const disk = await formatted();
  const life = await firstMount(disk);
  // The log's own timer keeps no process awake.
  const awake = setInterval(() => {}, 1000);
  await life.durable(life.log.openGroup);
  clearInterval(awake);
  const left = disk.copy();
  await life.close();
  return left;
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

async function system(): Promise<MemoryDisk> {
  const disk = await formatted('system');
  for (let run = 0; run < 2; run++) {
    const volume = await Volume.open(disk, folder, dataKey());
    const state = new StateStore([new Notes()], ['audit']);
    await Log.open(volume, state, {
      random: new CountedRandom(`system ${run}`),
      onDurable: (group) => state.onDurable(group),
      onFailed: (error) => state.onFailed(error),
    });
    state.recovered();
    for (const atMs of [5000, 5001]) {
      const event = { timeline: 'audit', atMs: atMs + run * 1000, bytes: Buffer.from('event') };
      await state.commit([{ journal: 'notes', change: { note: `${run} at ${atMs}` } }, event]);
    }
    await state.close();
    await volume.close();
  }
  return disk;
}

function flip(disk: MemoryDisk, file: string, at: number): MemoryDisk {
  const bytes = disk.bytes(`${folder}/${file}`);
  bytes[at] = (bytes[at] ?? 0) ^ 0x10;
  return disk;
}

function cutOff(disk: MemoryDisk, file: string, sizeBytes: number): MemoryDisk {
  const bytes = disk.bytes(`${folder}/${file}`);
  disk.put(
    `${folder}/${file}`,
    bytes.subarray(0, sizeBytes < 0 ? bytes.length + sizeBytes : sizeBytes),
  );
  return disk;
}

/** A disk with one file of another. */
function mixed(disk: MemoryDisk, file: string, from: MemoryDisk): MemoryDisk {
  disk.put(`${folder}/${file}`, from.bytes(`${folder}/${file}`));
  return disk;
}

/** What a kill left, with one more group, sealed as it must be, of one block. */
async function withGroup(plaintext: Buffer, durableBlocks: number): Promise<MemoryDisk> {
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
  for (const [i, part] of sealBlock(segment.key, header, plaintext).entries()) {
    part.copy(bytes, at + i * 40);
  }
  return disk;
}

interface Scenario {
  readonly about: string;
  readonly make: () => Promise<MemoryDisk>;
  readonly refusal?: readonly [code: string, by: Refuser, file: string];
  readonly dataKey?: string;
}

const good: Readonly<Record<string, Scenario>> = {
  'new': { about: 'A volume that was never mounted.', make: () => formatted() },
  closed: {
    about: 'Mounted and closed twice: segment 1 has its own index.',
    make: () => secondClosed(),
  },
  killed: { about: 'Killed with everything synced.', make: killed },
  'killed-torn': { about: 'Killed while its last group was written: that is cut off.', make: torn },
  'killed-mounting': {
    about: 'Killed between the first group of segment 2 and the header that names it.',
    make: endedWhileMounting,
  },
  'killed-recycled': {
    about: 'Killed when a segment file was written anew: another segment is behind its end.',
    make: recycled,
  },
  'killed-idle': { about: 'Killed after a marker block.', make: idle },
  'cut-closed': {
    about: 'Killed, mounted again and closed: the index of segment 1 is in segment 2.',
    make: mountedAgain,
  },
  system: { about: "The service's volume: changes of a journal, and a timeline.", make: system },
};

const bad: Readonly<Record<string, Scenario>> = {
  'key-wrong': {
    about: 'Another data key.',
    make: () => secondClosed(),
    refusal: ['wrong-key', 'header', 'volume'],
    dataKey: sha256('another data key').toString('hex'),
  },
  'header-flip': {
    about: "A changed bit of the header's epoch.",
    make: async () => flip(await secondClosed(), 'volume', 23),
    refusal: ['wrong-key', 'header', 'volume'],
  },
  'header-cut-off': {
    about: 'A header without its last byte.',
    make: async () => cutOff(await secondClosed(), 'volume', -1),
    refusal: ['not-a-volume', 'header', 'volume'],
  },
  'header-magic': {
    about: 'A header that begins with something else.',
    make: async () => flip(await secondClosed(), 'volume', 0),
    refusal: ['not-a-volume', 'header', 'volume'],
  },
  'format-newer': {
    about: 'A header of format 17.',
    make: async () => flip(await secondClosed(), 'volume', 9),
    refusal: ['format-too-new', 'header', ''],
  },
  'closed-flip': {
    about: 'A changed bit in a block of the newest segment.',
    make: async () => flip(await secondClosed(), 'seg-2', 2 * pageBytes + 60),
    refusal: ['volume-damaged', 'recovery', 'seg-2'],
  },
  'closed-flip-older': {
    about: 'A changed bit in a block of an older segment, which recovery does not read.',
    make: async () => flip(await secondClosed(), 'seg-1', 3 * pageBytes + 60),
    refusal: ['volume-damaged', 'check', 'seg-1'],
  },
  'closed-flip-padding': {
    about: 'A changed bit in the zeros behind a group.',
    make: async () => flip(await secondClosed(), 'seg-2', 3 * pageBytes - 1),
    refusal: ['volume-damaged', 'check', 'seg-2'],
  },
  'closed-flip-page': {
    about: 'A changed bit in the header page of a segment.',
    make: async () => flip(await secondClosed(), 'seg-2', 60),
    refusal: ['volume-damaged', 'recovery', 'seg-2'],
  },
  'closed-cut-off': {
    about: 'The newest segment without its last page.',
    make: async () => cutOff(await secondClosed(), 'seg-2', -pageBytes),
    refusal: ['volume-damaged', 'recovery', 'seg-2'],
  },
  'closed-longer': {
    about: 'A page of zeros behind the end of a segment.',
    make: async () => {
      const disk = await secondClosed();
      const bytes = disk.bytes(`${folder}/seg-2`);
      disk.put(`${folder}/seg-2`, Buffer.concat([bytes, Buffer.alloc(pageBytes)]));
      return disk;
    },
    refusal: ['volume-damaged', 'check', 'seg-2'],
  },
  'closed-missing': {
    about: 'An older segment that holds something is missing.',
    make: async () => {
      const disk = await secondClosed();
      await disk.remove(`${folder}/seg-1`);
      return disk;
    },
    refusal: ['volume-damaged', 'recovery', 'seg-1'],
  },
  'closed-stray': {
    about: 'A file that no closed volume has.',
    make: async () => {
      const disk = await secondClosed();
      disk.put(`${folder}/free-7`, Buffer.alloc(16));
      return disk;
    },
    refusal: ['volume-damaged', 'check', 'free-7'],
  },
  'killed-flip': {
    about: 'A changed bit in a group behind which another was written: no torn tail.',
    make: async () => flip(await killed(), 'seg-1', 3 * pageBytes + 60),
    refusal: ['volume-damaged', 'recovery', 'seg-1'],
  },
  'killed-flip-idle': {
    about: 'A changed bit in the last group before a marker block.',
    make: async () => {
      const disk = await idle();
      return flip(disk, 'seg-1', endOf(disk.bytes(`${folder}/seg-1`)) - 2 * pageBytes + 60);
    },
    refusal: ['volume-damaged', 'recovery', 'seg-1'],
  },
  'killed-flip-busy': {
    about: 'The same in the last group but one, whose successor was sealed before it was synced.',
    make: async () => {
      const disk = await withGroup(Buffer.alloc(0), 3);
      return flip(disk, 'seg-1', endOf(disk.bytes(`${folder}/seg-1`)) - 2 * pageBytes + 60);
    },
    refusal: ['volume-damaged', 'recovery', 'seg-1'],
  },
  'killed-broken-record': {
    about: 'A block that opens, with a record longer than the block.',
    make: () => withGroup(Buffer.from('0600000001', 'hex'), 3),
    refusal: ['volume-damaged', 'recovery', 'seg-1'],
  },
  'older-header': {
    about: 'The header of the first end, with what the second mount wrote.',
    make: async () => mixed(await secondClosed(), 'volume', await firstClosed()),
    refusal: ['volume-rolled-back', 'recovery', 'seg-2'],
  },
  'older-header-mounting': {
    about:
      'The header from before the first group of segment 2, with later groups of that segment.',
    make: async () => mixed(await secondClosed(), 'volume', await endedWhileMounting()),
    refusal: ['volume-rolled-back', 'recovery', 'seg-2'],
  },
  'older-segment': {
    about: 'An older segment as it was before it ended.',
    make: async () => mixed(await secondClosed(), 'seg-1', await killed()),
    refusal: ['volume-rolled-back', 'recovery', 'seg-1'],
  },
  'older-newest': {
    about: 'The newest segment of a closed volume as it was before its last group.',
    make: async () => {
      const disk = await firstClosed();
      const life = await secondMount(disk);
      const earlier = disk.copy();
      await life.close();
      return mixed(disk, 'seg-2', earlier);
    },
    refusal: ['volume-damaged', 'recovery', 'seg-2'],
  },
  'other-history': {
    about: 'The newest segment of another second mount that wrote as many blocks.',
    make: async () => mixed(await secondClosed(), 'seg-2', await secondClosed('other mount!')),
    refusal: ['volume-rolled-back', 'recovery', 'seg-2'],
  },
};

async function vectorOf(scenario: Scenario): Promise<VolumeVector> {
  const { about, refusal } = scenario;
  const disk = await scenario.make();
  const common = { about, dataKey: scenario.dataKey ?? keyText, files: filesOf(disk) };
  if (refusal !== undefined) {
    const [code, by, file] = refusal;
    return { ...common, refusal: { code, by, file }, records: [], live: [] };
  }
  const records = await listRecords(disk.copy(), folder, dataKey());
  const isBroker = (common.files['volume']?.[10] ?? 0) === 0;
  if (!isBroker) return { ...common, records, live: [] };
  const life = await mount(disk.copy(), 'live');
  const live = await life.live();
  await life.close();
  return { ...common, records, live };
}

/** Every file of test vectors: its path and its text. */
export async function generateVolumeVectors(): Promise<{ path: string; text: string }[]> {
  const made: { path: string; text: string }[] = [];
  for (const [name, scenario] of Object.entries({ ...good, ...bad })) {
    const text = vectorText(await vectorOf(scenario));
    made.push({ path: `tests/vectors/volume/${name}.txt`, text });
  }
  return made;
}
