import assert from 'node:assert/strict';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { journalBatch as batch } from '../../../../tests/support/journal-batch.ts';
import { cutTorn, JournalCopy } from './journal-copy.ts';
import { Adler32, endMark } from './journal-format.ts';

const root = mkdtempSync(join(tmpdir(), 'waxwing-journal-'));
after(() => rmSync(root, { recursive: true }));
let from = '';
let to = '';
let count = 0;

beforeEach(() => {
  count += 1;
  [from, to] = [join(root, `${count}`, 'from'), join(root, `${count}`, 'to')];
  mkdirSync(from, { recursive: true });
});

const bodies = (...texts: readonly string[]) => texts.map((text) => batch(Buffer.from(text)));
/** A file of the size that KahaDB gives it. */
function write(id: number, batches: readonly Buffer[], bytes = 40_000): void {
  const file = Buffer.alloc(Math.max(bytes, Buffer.concat(batches).length + endMark.length));
  Buffer.concat([...batches, endMark]).copy(file);
  writeFileSync(join(from, `db-${id}.log`), file);
}

const copied = (id: number) => readFileSync(join(to, `db-${id}.log`));
const marked = (...batches: readonly Buffer[]) => Buffer.concat([...batches, endMark]);
const pass = (copy: JournalCopy, isCompared = false, bytesMax = Number.POSITIVE_INFINITY) =>
  copy.pass(bytesMax, isCompared, async () => {});

test('Adler-32 is that of RFC 1950, also of parts', () => {
  const sum = new Adler32();
  for (const part of ['Wiki', 'pedia']) sum.update(Buffer.from(part));
  assert.equal(sum.value, 0x11e60398);
  const large = new Adler32();
  large.update(Buffer.alloc(1_000_000, 255));
  // 1 + 255 n, and n + 255 n (n + 1) / 2, each modulo 65521.
  const n = 1_000_000n;
  const a = Number((1n + 255n * n) % 65521n);
  const b = Number((n + (255n * n * (n + 1n)) / 2n) % 65521n);
  assert.equal(large.value, b * 65536 + a);
});

test('what is new is copied, batch by batch, and what follows the end is not', async () => {
  const copy = new JournalCopy(from, to);
  const [one, two, three] = bodies('one', 'two', 'three') as [Buffer, Buffer, Buffer];
  write(1, [one]);
  assert.deepEqual(await pass(copy), { bytes: one.length, isWhole: true });
  assert.deepEqual(copied(1), marked(one));
  assert.deepEqual(await pass(copy), { bytes: 0, isWhole: true });
  write(1, [one, two]);
  write(2, [three]);
  assert.equal((await pass(copy)).bytes, two.length + three.length);
  assert.deepEqual([copied(1), copied(2)], [marked(one, two), marked(three)]);
});

test('a link and a folder with the name of a file are refused', async () => {
  const path = join(from, 'db-1.log');
  const other = join(root, 'elsewhere');
  writeFileSync(other, marked(...bodies('of another volume')));
  const refused = { message: `${path} is not a file` };
  symlinkSync(other, path);
  await assert.rejects(pass(new JournalCopy(from, to)), refused);
  rmSync(path);
  mkdirSync(path);
  await assert.rejects(pass(new JournalCopy(from, to)), refused);
  assert.equal(existsSync(join(to, 'db-1.log')), false);
});

test('an incomplete batch is not copied until it is complete', async () => {
  const [one, two] = bodies('one', 'a longer one') as [Buffer, Buffer];
  const wrong = Buffer.from(two);
  wrong.writeUInt8(wrong.readUInt8(30) ^ 1, 30);
  const unmarked = Buffer.concat([one, two]);
  for (const torn of [marked(one, two.subarray(0, 20)), marked(one, wrong), unmarked]) {
    writeFileSync(join(from, 'db-1.log'), torn);
    const copy = new JournalCopy(from, to);
    assert.equal((await pass(copy)).isWhole, true);
    assert.deepEqual(copied(1), marked(one));
    write(1, [one, two]);
    await pass(copy);
    assert.deepEqual(copied(1), marked(one, two));
    rmSync(to, { recursive: true });
  }
});

test('a batch without a checksum, and one larger than what is read at a time, are copied', async () => {
  const large = batch(Buffer.alloc(3 * 1024 * 1024 + 17, 'x'));
  const batches = [batch(Buffer.from('one'), false), large, batch(Buffer.from('two'))];
  write(1, batches);
  await pass(new JournalCopy(from, to));
  assert.ok(copied(1).equals(marked(...batches)));
  const wrong = Buffer.from(large);
  wrong.writeUInt8(0, large.length - 1);
  write(2, [wrong]);
  await pass(new JournalCopy(from, to));
  assert.ok(copied(2).equals(endMark));
});

test('a file that has the number of a removed one is copied anew, also after restarts', async () => {
  const [one, two, old, other] = bodies('one', 'two', 'old', 'new') as [
    Buffer,
    Buffer,
    Buffer,
    Buffer,
  ];
  const copy = new JournalCopy(from, to);
  write(1, [one]);
  for (const id of [2, 3, 4, 5]) write(id, [old, two]);
  await pass(copy);
  // No pass sees that they were removed.
  for (const id of [2, 3, 4, 5]) write(id, [other, two, one]);
  await pass(copy);
  for (const id of [2, 3, 4, 5]) assert.deepEqual(copied(id), marked(other, two, one));
  for (const id of [2, 3, 4, 5]) write(id, [old, two, one, other]);
  await pass(new JournalCopy(from, to));
  for (const id of [2, 3, 4, 5]) assert.deepEqual(copied(id), marked(old, two, one, other));
});

test('a file is copied only when those before it are complete', async () => {
  const [one, two, three] = bodies('one', 'two', 'three') as [Buffer, Buffer, Buffer];
  // A batch follows one that is not whole: it is being written, or is damaged.
  const wrong = Buffer.from(two);
  wrong.writeUInt8(0, 29);
  write(1, [one, wrong, three]);
  write(2, [three]);
  const copy = new JournalCopy(from, to);
  assert.equal((await pass(copy)).isWhole, false);
  assert.equal(existsSync(join(to, 'db-2.log')), false);
  write(1, [one, two, three]);
  assert.equal((await pass(copy)).isWhole, true);
  assert.deepEqual(copied(2), marked(three));
});

test('a pass ends after a number of bytes, and the next one goes on', async () => {
  const batches = Array.from({ length: 5 }, (_, i) => batch(Buffer.alloc(800_000, `${i}`)));
  write(1, batches);
  write(2, bodies('after'));
  const copy = new JournalCopy(from, to);
  const first = await pass(copy, false, 1_000_000);
  assert.equal(first.isWhole, false);
  assert.ok(first.bytes < 2_000_000, `${first.bytes}`);
  assert.equal(existsSync(join(to, 'db-2.log')), false);
  while (!(await pass(copy, false, 1_000_000)).isWhole);
  assert.ok(copied(1).equals(marked(...batches)));
});

test('files that are gone are removed, and only after everything else is copied', async () => {
  const copy = new JournalCopy(from, to);
  const [one, two] = bodies('one', 'two') as [Buffer, Buffer];
  write(1, [one]);
  write(2, [two]);
  await pass(copy);
  rmSync(join(from, 'db-1.log'));
  write(3, [one]);
  await pass(copy);
  assert.deepEqual(readdirSync(to).sort(), ['db-2.log', 'db-3.log']);
  // A source that cannot be read any more has no files either.
  rmSync(from, { recursive: true });
  const gone = async () => {
    throw new Error('it is not mounted');
  };
  await assert.rejects(copy.pass(1, false, gone), /not mounted/);
  assert.deepEqual(readdirSync(to).sort(), ['db-2.log', 'db-3.log']);
});

test('what a crash left of a copy is replaced', async () => {
  const [one, two, other] = bodies('one', 'two', 'one that is not there') as [
    Buffer,
    Buffer,
    Buffer,
  ];
  write(1, [one, two]);
  for (const left of [
    Buffer.alloc(0),
    Buffer.from('-q'),
    marked(),
    Buffer.concat([marked(one), two.subarray(5)]),
    marked(other),
    marked(one, other),
    Buffer.alloc(100),
    one.subarray(0, 10),
  ]) {
    for (const isCompared of [false, true]) {
      mkdirSync(to, { recursive: true });
      writeFileSync(join(to, 'db-1.log'), left);
      await pass(new JournalCopy(from, to), isCompared);
      assert.deepEqual(copied(1), marked(one, two), left.toString('latin1'));
    }
  }
});

test('older files are compared as a whole only where that is asked for', async () => {
  // What differs is neither at the beginning nor at the end.
  const of = (text: string) => bodies(...Array.from({ length: 300 }, (_, i) => `${text} ${i}`));
  const between = (text: string) => [...of('x'), ...bodies(text), ...of('y')];
  for (const id of [1, 2, 3]) write(id, between('right'));
  await pass(new JournalCopy(from, to));
  const [wrong, right] = [between('wrong'), between('right')].map((all) => marked(...all));
  assert.ok(wrong && right);
  for (const id of [1, 2, 3]) writeFileSync(join(to, `db-${id}.log`), wrong);
  await pass(new JournalCopy(from, to));
  assert.deepEqual([1, 2, 3].map(copied), [wrong, right, right]);
  await pass(new JournalCopy(from, to), true);
  assert.deepEqual([1, 2, 3].map(copied), [right, right, right]);
});

test('a copy that is put to use is cut behind its last whole batch', async () => {
  const [one, two] = bodies('one', 'two') as [Buffer, Buffer];
  mkdirSync(to);
  writeFileSync(join(to, 'db-1.log'), Buffer.concat([one, two.subarray(0, 29)]));
  writeFileSync(join(to, 'db-2.log'), marked(one));
  appendFileSync(join(to, 'db-2.log'), 'left');
  await cutTorn(to);
  assert.deepEqual([copied(1), copied(2)], [marked(one), marked(one)]);
  truncateSync(join(to, 'db-2.log'), 0);
  await cutTorn(to);
  assert.deepEqual(copied(2), endMark);
});

test('other files are not touched, and hostile heads end a file', async () => {
  const huge = batch(Buffer.from('x'));
  huge.writeInt32BE(0x7fffffff, 16);
  const negative = batch(Buffer.from('x'));
  negative.writeInt32BE(-1, 16);
  for (const name of ['db-0.log', 'db-01.log', 'db-99999999999.log', 'db-1.log.old', 'lock', 'x']) {
    writeFileSync(join(from, name), 'x');
  }
  write(3, [huge]);
  write(4, [negative]);
  assert.equal((await pass(new JournalCopy(from, to))).isWhole, true);
  assert.deepEqual(readdirSync(to).sort(), ['db-3.log', 'db-4.log']);
  assert.deepEqual([copied(3), copied(4)], [endMark, endMark]);
});
