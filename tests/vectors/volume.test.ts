import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { after, test } from 'node:test';
import { checkVolume } from '../../src/storage/check.ts';
import { proveRecord } from '../../src/storage/record-shapes.ts';
import { QueueVolume } from '../support/queue-volume.ts';
import { listRecords } from '../support/volume-records.ts';
import { diskOf, keysOf, parseVector, type VolumeVector } from '../support/volume-vector.ts';

const folder = '/v';
/** Volumes of the present format, made anew by every release, and those of formats 1 and 2 as they were. */
const paths = ['tests/vectors/volume', 'tests/vectors/volume-2'];
const vectors = new Map<string, VolumeVector>();
for (const path of paths) {
  for (const file of readdirSync(path)) {
    const name = file.replace(/\.txt$/, path.endsWith('-2') ? ' of format 2' : '');
    vectors.set(name, parseVector(readFileSync(`${path}/${file}`, 'utf8')));
  }
}
const good = [...vectors].filter(([, vector]) => vector.refusal === undefined);
const bad = [...vectors].filter(([, vector]) => vector.refusal !== undefined);

const keyOf = (vector: VolumeVector) => keysOf(vector.dataKey);
const isSystem = (vector: VolumeVector) => vector.files['volume']?.[10] === 1;

const prove = (disk: ReturnType<typeof diskOf>, vector: VolumeVector) =>
  checkVolume(
    disk,
    folder,
    keyOf(vector),
    () => {},
    isSystem(vector) ? {} : { found: proveRecord },
  );

test('there are vectors that open and vectors that are refused', () => {
  assert.ok(good.length >= 28 && bad.length >= 60, `${good.length} and ${bad.length}`);
});

for (const [name, vector] of good) {
  test(`the volume '${name}' is sound and holds the records that its vector lists`, async () => {
    const disk = diskOf(vector);
    await prove(disk, vector);
    assert.deepEqual(await listRecords(disk, folder, keyOf(vector)), vector.records);
  });
}

for (const [name, vector] of good.filter(([, one]) => !isSystem(one))) {
  test(`recovery finds in the volume '${name}' the live messages that its vector lists`, async () => {
    const life = await QueueVolume.open(diskOf(vector), folder, keyOf(vector));
    assert.deepEqual(await life.live(), vector.live);
    await life.close();
  });
}

for (const [name, vector] of bad) {
  const { refusal } = vector;
  test(`the volume '${name}' is refused by its ${refusal?.by}: ${refusal?.code}`, async () => {
    assert.ok(refusal !== undefined);
    const expected = { code: refusal.code, message: new RegExp(refusal.file) };
    const disk = diskOf(vector);
    await assert.rejects(prove(disk, vector), expected);
    const opening = QueueVolume.open(disk, folder, keyOf(vector));
    if (refusal.by === 'check') await (await opening).close();
    else await assert.rejects(opening, expected);
  });
}

const python = spawnSync('python3', ['--version']).status === 0;
const skip = python ? false : 'python3 is not installed';
const made = mkdtempSync(`${tmpdir()}/waxwing-vectors-`);
after(() => rmSync(made, { recursive: true }));

interface Reading {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What the second reader makes of each vector. */
function readWithPython(
  all: readonly [string, VolumeVector][],
  options: readonly string[],
): [string, VolumeVector, Reading][] {
  const lines = all.map(([name, vector]) => {
    const at = `${made}/${name.replaceAll(' ', '-')}`;
    mkdirSync(at, { recursive: true });
    for (const [file, bytes] of Object.entries(vector.files)) writeFileSync(`${at}/${file}`, bytes);
    return `${at} ${vector.dataKey}\n`;
  });
  const { status, stdout, stderr } = spawnSync(
    'python3',
    ['-B', ...options, 'tests/vectors/read_all.py'],
    { encoding: 'utf8', input: lines.join(''), maxBuffer: 2 ** 28 },
  );
  assert.deepEqual([status, stderr], [0, '']);
  const answers = stdout.split('\n').slice(0, -1);
  assert.equal(answers.length, all.length);
  return all.map(([name, vector], i) => {
    const [code, out, err] = JSON.parse(answers[i] ?? '');
    return [name, vector, { status: code, stdout: out, stderr: err }];
  });
}

// With -S Python finds no installed packages, and the reader uses the system's libcrypto.
for (const options of [[], ['-S']]) {
  // The other only over what this release writes: it is slow.
  const isRead = ([name]: [string, VolumeVector]) =>
    options.length === 0 || !name.endsWith('of format 2');
  const which = ['python3', ...options].join(' ');
  test(`a second reader, under ${which}, lists the same records`, { skip }, () => {
    for (const [name, vector, reading] of readWithPython(good.filter(isRead), options)) {
      const { stdout, stderr, status } = reading;
      assert.deepEqual([status, stderr], [0, ''], name);
      assert.deepEqual(stdout.split('\n').slice(0, -1), vector.records, name);
    }
  });

  test(`a second reader, under ${which}, refuses the same volumes for the same reasons`, {
    skip,
  }, () => {
    for (const [name, vector, reading] of readWithPython(bad.filter(isRead), options)) {
      const { stdout, stderr, status } = reading;
      assert.deepEqual([status, stdout], [1, ''], `${name}: ${stderr}`);
      const expected = `${vector.refusal?.code}: ${vector.refusal?.file}`;
      assert.ok(stderr.startsWith(expected), `${name}: ${stderr} is not ${expected}`);
    }
  });
}
