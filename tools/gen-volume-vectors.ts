// Generates the test vectors of volumes.

import { pageBytes } from '../src/storage/log/segment.ts';
import type { MemoryDisk } from '../tests/support/memory-disk.ts';
import { listRecords } from '../tests/support/volume-records.ts';
import {
  filesOf,
  keysOf,
  type Refuser,
  type VolumeVector,
  vectorText,
} from '../tests/support/volume-vector.ts';
import { compacted, compactedKilled } from './vector-compacted.ts';
import { stream } from './vector-stream.ts';
import {
  busy,
  cutOff,
  endedBeforeMounting,
  endedMounted,
  endedWhileMounting,
  endOf,
  failedTwice,
  firstClosed,
  flip,
  folder,
  formatted,
  idle,
  keyLengthAt,
  keyText,
  killed,
  large,
  migrated,
  mixed,
  mount,
  mountedAgain,
  readyLater,
  recycled,
  rekeyed,
  secondClosed,
  secondMount,
  sha256,
  system,
  torn,
  twoKeysText,
  wideMessage,
  withGroup,
  without,
} from './vector-volumes.ts';

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
  'killed-before-mounting': {
    about: 'Killed between the mark of the second mount and the header that names this.',
    make: endedBeforeMounting,
  },
  'killed-idle': { about: 'Killed when the mark said that everything was synced.', make: idle },
  'killed-busy': { about: 'Killed when a group had been synced after the mark.', make: busy },
  'killed-wide-count': {
    about: 'A message with a count of queues of 32 bits, and a routing key that is not UTF-8.',
    make: () => withGroup(wideMessage(), 3),
  },
  'killed-counts': {
    about: 'Deliveries of a message failed twice.',
    make: () => withGroup(failedTwice(), 3),
  },
  'killed-ready': {
    about: 'A returned message waits before it is delivered again.',
    make: () => withGroup(readyLater(), 3),
  },
  large: {
    about: 'A state larger than a segment: its base and what changed since lie in several.',
    make: () => large('closed'),
  },
  'large-killed': {
    about: 'The same, killed while the next base was being written, which counts for nothing.',
    make: () => large('killed'),
  },
  'large-again': {
    about:
      'The same, mounted once more and closed: the changes of the cut segment are in the next.',
    make: () => large('again'),
  },
  rekeyed: {
    about: 'A volume that got another data key while it was mounted, closed.',
    make: () => rekeyed('closed'),
    dataKey: twoKeysText,
  },
  'rekeyed-killed': {
    about: 'The same, killed when the mark was still under the first data key.',
    make: () => rekeyed('killed'),
    dataKey: twoKeysText,
  },
  compacted: {
    about: 'What was left of several segments is in a compacted one.',
    make: () => compacted(),
  },
  'compacted-killed': {
    about: 'The same, killed, with a file that a compaction left which did not end.',
    make: compactedKilled,
  },
  stream: {
    about: 'A stream and a queue: the first segments of the stream were removed.',
    make: () => stream('closed'),
  },
  'stream-killed': {
    about: 'The same, mounted once more and killed.',
    make: () => stream('killed'),
  },
  migrated: {
    about: 'Killed under format 2, mounted by this release and closed.',
    make: migrated,
  },
  'cut-closed': {
    about: 'Killed, mounted again and closed: the index of segment 1 is in segment 2.',
    make: mountedAgain,
  },
  system: {
    about: "The service's volume: changes of a journal, and a timeline.",
    make: () => system(),
  },
  'system-compacted': {
    about:
      "The service's volume after ten mounts: small segments were merged, and one was dropped.",
    make: () => system(10),
  },
};

const bad: Readonly<Record<string, Scenario>> = {
  'key-wrong': {
    about: 'Another data key.',
    make: () => secondClosed(),
    refusal: ['wrong-key', 'header', 'volume'],
    dataKey: sha256('another data key').toString('hex'),
  },
  'key-missing': {
    about: 'A volume with two data keys, of which the first is not given.',
    make: () => rekeyed('closed'),
    refusal: ['wrong-key', 'header', 'volume'],
    dataKey: twoKeysText.split(',')[0] ?? '',
  },
  'generation-unknown': {
    about: 'A segment that says a generation of the data key that the header does not list.',
    make: async () => flip(await secondClosed(), 'seg-2', 15),
    refusal: ['volume-damaged', 'recovery', 'seg-2'],
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
    about: 'A header of format 19.',
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
    make: async () => without(await secondClosed(), 'seg-1'),
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
    about: 'A changed bit in the last group, of which the mark says that it was synced.',
    make: async () => {
      const disk = await idle();
      return flip(disk, 'seg-1', endOf(disk.bytes(`${folder}/seg-1`)) - pageBytes + 60);
    },
    refusal: ['volume-damaged', 'recovery', 'seg-1'],
  },
  'killed-flip-idle-padding': {
    about: 'A changed bit in the zeros behind the same group.',
    make: async () => {
      const disk = await idle();
      return flip(disk, 'seg-1', endOf(disk.bytes(`${folder}/seg-1`)) - 1);
    },
    refusal: ['volume-damaged', 'check', 'seg-1'],
  },
  'large-missing': {
    about: 'The segment that the base lies in is missing.',
    make: async () => without(await large('closed'), 'seg-9'),
    refusal: ['volume-damaged', 'recovery', 'seg-9'],
  },
  'large-flip': {
    about: 'A changed bit in a slice of the base.',
    make: async () => flip(await large('closed'), 'seg-9', pageBytes + 60),
    refusal: ['volume-damaged', 'recovery', 'seg-9'],
  },
  'compacted-missing': {
    about: 'The compacted segment is missing.',
    make: async () => without(await compacted(), 'compact-1'),
    refusal: ['volume-damaged', 'recovery', 'compact-1'],
  },
  'compacted-flip': {
    about: 'A changed bit in a message of the compacted segment.',
    make: async () => flip(await compacted(), 'compact-1', pageBytes + 100),
    refusal: ['volume-damaged', 'check', 'compact-1'],
  },
  'compacted-other': {
    about: 'The compacted segment of another compaction with the same past.',
    make: async () => mixed(await compacted(), 'compact-1', await compacted('another')),
    refusal: ['volume-rolled-back', 'recovery', 'compact-1'],
  },
  'compacted-as-segment': {
    about: 'The header page of the compacted segment says that it is a segment of the log.',
    make: async () => flip(await compacted(), 'compact-1', 10),
    refusal: ['volume-damaged', 'recovery', 'compact-1'],
  },
  'mark-missing': {
    about: 'A killed volume without its mark.',
    make: async () => without(await idle(), 'mark'),
    refusal: ['volume-damaged', 'recovery', 'mark'],
  },
  'mark-missing-closed': {
    about: 'A closed volume without its mark.',
    make: async () => without(await secondClosed(), 'mark'),
    refusal: ['volume-damaged', 'recovery', 'mark'],
  },
  'mark-flip': {
    about: 'A changed bit in the number of blocks that the mark says.',
    make: async () => flip(await idle(), 'mark', 35),
    refusal: ['volume-damaged', 'recovery', 'mark'],
  },
  'mark-flip-padding': {
    about: 'A changed bit in the zeros of a mark.',
    make: async () => flip(await idle(), 'mark', 511),
    refusal: ['volume-damaged', 'recovery', 'mark'],
  },
  'mark-cut-off': {
    about: 'A mark without its last byte.',
    make: async () => cutOff(await idle(), 'mark', -1),
    refusal: ['volume-damaged', 'recovery', 'mark'],
  },
  'older-mark': {
    about: 'The mark of the first mount, with what the second wrote.',
    make: async () => mixed(await endedMounted(), 'mark', await firstClosed()),
    refusal: ['volume-rolled-back', 'recovery', 'mark'],
  },
  'older-newest-killed': {
    about:
      'The newest segment of a killed volume as it was before the last group that the mark names.',
    make: async () => {
      const disk = await idle();
      const bytes = disk.bytes(`${folder}/seg-1`);
      bytes.fill(0, endOf(bytes) - pageBytes);
      return disk;
    },
    refusal: ['volume-damaged', 'recovery', 'seg-1'],
  },
  'older-header-marked': {
    about: 'The header from before the only group of segment 2, which the mark names.',
    make: async () => mixed(await endedMounted(), 'volume', await endedWhileMounting()),
    refusal: ['volume-rolled-back', 'recovery', 'mark'],
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
  'killed-lying-record': {
    about: 'A message in which the length of the routing key is not that of the key.',
    make: () => {
      const plaintext = wideMessage();
      plaintext[keyLengthAt] = 2;
      return withGroup(plaintext, 3);
    },
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
  const keysText = scenario.dataKey ?? keyText;
  const common = { about, dataKey: keysText, files: filesOf(disk) };
  if (refusal !== undefined) {
    const [code, by, file] = refusal;
    return { ...common, refusal: { code, by, file }, records: [], live: [] };
  }
  const records = await listRecords(disk.copy(), folder, keysOf(keysText));
  const isBroker = (common.files['volume']?.[10] ?? 0) === 0;
  if (!isBroker) return { ...common, records, live: [] };
  const life = await mount(disk.copy(), 'live', {}, keysOf(keysText));
  const live = await life.live();
  await life.close();
  return { ...common, records, live };
}

/** Returns all files of the test vectors with their paths and texts. */
export async function generateVolumeVectors(): Promise<{ path: string; text: string }[]> {
  const made: { path: string; text: string }[] = [];
  for (const [name, scenario] of Object.entries({ ...good, ...bad })) {
    const text = vectorText(await vectorOf(scenario));
    made.push({ path: `tests/vectors/volume/${name}.txt`, text });
  }
  return made;
}
