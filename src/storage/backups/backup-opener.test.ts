import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemRandom } from '../../base/random.ts';
import { keyFromBytes } from '../../crypto/derive.ts';
import { frameHeadBytes } from './backup-format.ts';
import { BackupOpener, readBeginning } from './backup-opener.ts';
import { BackupSealer } from './backup-sealer.ts';

const key = () => keyFromBytes(Buffer.alloc(32, 7));
const damaged = { code: 'backup-damaged' };
const header = { kind: 'test', of: 'a' };

interface Made {
  readonly beginning: Buffer;
  readonly frames: readonly Buffer[];
}

/** A backup of two files. */
function made(text = 'first', of: object = header): Made {
  const sealer = new BackupSealer(key(), of, systemRandom);
  const second = Buffer.alloc(5000, 'x');
  const frames = [
    sealer.entry({ name: 'a/one', sizeBytes: text.length * 2 }),
    sealer.data(Buffer.from(text)),
    sealer.data(Buffer.from(text)),
    sealer.entry({ name: 'a/two', sizeBytes: second.length }),
    sealer.data(second),
    sealer.entry({ name: 'empty', sizeBytes: 0 }),
    sealer.end(),
  ];
  return { beginning: sealer.beginning, frames };
}

/** Reads a file in pieces of a size. */
function read(file: Buffer, pieceBytes = 1000, under = key()): string[] {
  const beginning = readBeginning(file);
  const opener = new BackupOpener(under, beginning);
  const lines: string[] = [];
  for (let at = beginning.bytes.length; at < file.length; at += pieceBytes) {
    for (const part of opener.push(file.subarray(at, at + pieceBytes))) {
      if ('entry' in part) lines.push(`${part.entry.name} ${part.entry.sizeBytes}`);
      else if ('data' in part) lines.push(part.data.toString());
      else lines.push(`end ${part.end.entryCount} ${part.end.sizeBytes}`);
    }
  }
  opener.finish();
  return lines;
}

const whole = ({ beginning, frames }: Made) => Buffer.concat([beginning, ...frames]);
const expected = ['a/one 10', 'first', 'first', 'a/two 5000', 'x'.repeat(5000), 'empty 0'];

test('a backup is read in pieces of any size', () => {
  const file = whole(made());
  for (const size of [1, 2, 3, 7, 100, 5000, 100_000]) {
    assert.deepEqual(read(file, size), [...expected, 'end 3 5010'], `pieces of ${size}`);
  }
  assert.deepEqual(readBeginning(file).header, header);
});

test('every changed byte is refused', () => {
  const file = whole(made());
  for (let at = 0; at < file.length; at += at > 400 && at < file.length - 400 ? 97 : 1) {
    const changed = Buffer.from(file);
    changed[at] = (changed[at] ?? 0) ^ 1;
    assert.throws(() => read(changed), /backup/, `byte ${at}`);
  }
});

test('a file that is cut off anywhere, or continues, is refused', () => {
  const { beginning, frames } = made();
  const file = whole({ beginning, frames });
  for (let end = 0; end < file.length; end += end > 500 ? 61 : 1) {
    assert.throws(() => read(file.subarray(0, end)), /backup/, `${end} bytes`);
  }
  // At the boundaries of frames, every frame that is there opens.
  for (let count = 0; count < frames.length; count++) {
    const cut = whole({ beginning, frames: frames.slice(0, count) });
    assert.throws(() => read(cut), damaged, `${count} frames`);
  }
  for (const more of [Buffer.of(0), frames[0], frames.at(-1)]) {
    assert.throws(() => read(Buffer.concat([file, more ?? Buffer.of(1)])), damaged);
  }
});

test('frames that are moved, repeated or left out are refused', () => {
  const { beginning, frames } = made();
  for (let i = 0; i < frames.length; i++) {
    const without = frames.filter((_, at) => at !== i);
    assert.throws(() => read(whole({ beginning, frames: without })), damaged, `without ${i}`);
    const twice = frames.flatMap((frame, at) => (at === i ? [frame, frame] : [frame]));
    assert.throws(() => read(whole({ beginning, frames: twice })), damaged, `twice ${i}`);
    const swapped = [...frames];
    const [one, other] = [frames[i], frames[(i + 1) % frames.length]];
    if (one === undefined || other === undefined) continue;
    swapped[i] = other;
    swapped[(i + 1) % frames.length] = one;
    assert.throws(() => read(whole({ beginning, frames: swapped })), damaged, `moved ${i}`);
  }
});

test('frames of another backup under the same key are refused, and so is its beginning', () => {
  const [one, other] = [made(), made('other')];
  for (let i = 0; i < one.frames.length; i++) {
    const frames = one.frames.map((frame, at) => (at >= i ? (other.frames[at] ?? frame) : frame));
    assert.throws(() => read(whole({ beginning: one.beginning, frames })), damaged, `from ${i}`);
  }
  assert.throws(() => read(whole({ beginning: other.beginning, frames: one.frames })), damaged);
  const renamed = Buffer.from(one.beginning.toString('latin1').replace('"a"', '"b"'), 'latin1');
  assert.throws(() => read(whole({ beginning: renamed, frames: one.frames })), {
    code: 'backup-damaged',
    message: 'the key does not match the backup, or its beginning was modified',
  });
});

test('another key is refused', () => {
  const other = keyFromBytes(Buffer.alloc(32, 8));
  assert.throws(() => read(whole(made()), 1000, other), damaged);
});

test('other files, and later formats, are named as such', () => {
  assert.throws(() => readBeginning(Buffer.alloc(0)), { code: 'not-a-backup' });
  assert.throws(() => readBeginning(Buffer.alloc(1000, 'x')), { code: 'not-a-backup' });
  const { beginning } = made();
  const later = Buffer.from(beginning);
  later.writeUInt16BE(2, 8);
  assert.throws(() => readBeginning(later), {
    code: 'format-too-new',
    message: 'the backup has format 2; this program reads up to 1',
  });
  const long = Buffer.from(beginning);
  long.writeUInt32BE(0xffffffff, 44);
  assert.throws(() => readBeginning(long), damaged);
});

test('a frame that states a huge size is refused before it is read', () => {
  const { beginning, frames } = made();
  const opener = new BackupOpener(key(), readBeginning(beginning));
  const head = Buffer.from(frames[0]?.subarray(0, frameHeadBytes) ?? []);
  head.writeUInt32BE(0xffffffff);
  assert.throws(() => [...opener.push(head)], /states a size of 4294967295 bytes; 1 to 262145/);
});

test('names that lead out of a folder, or are hidden, cannot be backed up', () => {
  const names = ['', '/a', '../a', 'a/../b', 'a//b', 'a/', '.hidden', 'a/.', 'a\0b', 'a\\b/..'];
  for (const name of [...names, 'x'.repeat(300), `${'a/'.repeat(700)}b`]) {
    const sealer = new BackupSealer(key(), header, systemRandom);
    assert.throws(() => sealer.entry({ name, sizeBytes: 1 }), { code: 'backup-refused' }, name);
  }
});
