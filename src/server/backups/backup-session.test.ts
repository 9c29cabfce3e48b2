import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { ManualClock } from '../../../tests/support/manual-clock.ts';
import { systemRandom } from '../../base/random.ts';
import type { CallContext } from '../../calls/call-context.ts';
import { keyFromBytes } from '../../crypto/derive.ts';
import { BackupOpener, readBeginning } from '../../storage/backups/backup-opener.ts';
import { type BackupHeader, checkHeader, describeHeader } from './backup-header.ts';
import { BackupSession } from './backup-session.ts';
import { type BackupSource, bytesEntry } from './backup-source.ts';
import { Sessions, sessionCountMax } from './sessions.ts';

const key = () => keyFromBytes(Buffer.alloc(32, 7));
const header: BackupHeader = {
  kind: 'service',
  id: '0123456789abcdef',
  createdMs: 1_700_000_000_000,
  release: '1.0.0',
  region: 'us-east-1',
  accountId: '111122223333',
  sizeBytes: 0,
  volumeId: 'sys-00000000000000001',
  wrappedKey: 'AAAA',
};

const big = Buffer.alloc(3 * 1024 * 1024, 'x');

function sessionOf(source: Partial<BackupSource> = {}): BackupSession {
  const whole = {
    entries: [bytesEntry('a', Buffer.from('first')), bytesEntry('b/big', big)],
    release: async () => undefined,
    ...source,
  };
  return new BackupSession(key(), header, whole, systemRandom);
}

async function fileOf(session: BackupSession): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (let offset = 0; ; ) {
    const { data, isLast } = await session.read(offset);
    parts.push(data);
    offset += data.length;
    if (isLast) return Buffer.concat(parts);
  }
}

function contentsOf(file: Buffer): Buffer {
  const beginning = readBeginning(file);
  const opener = new BackupOpener(key(), beginning);
  const data: Buffer[] = [];
  for (const part of opener.push(file.subarray(beginning.bytes.length))) {
    if ('data' in part) data.push(part.data);
  }
  opener.finish();
  return Buffer.concat(data);
}

test('the parts of a backup are the sealed file, and the hash is that of the file', async () => {
  const session = sessionOf();
  const file = await fileOf(session);
  assert.deepEqual(contentsOf(file), Buffer.concat([Buffer.from('first'), big]));
  assert.equal(session.sha256, createHash('sha256').update(file).digest('hex'));
  assert.equal(session.fileBytes, file.length);
});

test('the newest part can be read again, and no other one', async () => {
  const session = sessionOf();
  const first = await session.read(0);
  assert.deepEqual(await session.read(0), first);
  await assert.rejects(session.read(1), { code: 'conflict' });
  const second = await session.read(first.data.length);
  assert.ok(second.data.length < 1.5 * 1024 * 1024, 'a part is bounded');
  await assert.rejects(session.read(0), { code: 'conflict' });
  // Two calls at the same time.
  const next = first.data.length + second.data.length;
  const both = await Promise.allSettled([session.read(next), session.read(next)]);
  assert.deepEqual(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
});

const failing: Readonly<Record<string, Partial<BackupSource>>> = {
  'that cannot be read': {
    entries: [
      {
        name: 'a',
        sizeBytes: 10,
        // biome-ignore lint/correctness/useYield: it fails before
        async *read() {
          throw new Error('EIO');
        },
      },
    ],
  },
  'that were not held': { release: async () => 'the broker was restarted' },
};

for (const [what, source] of Object.entries(failing)) {
  test(`a backup of files ${what} never gets an end, however often it is read`, async () => {
    const session = sessionOf(source);
    const parts: Buffer[] = [];
    let offset = 0;
    await assert.rejects(async () => {
      for (;;) {
        const { data, isLast } = await session.read(offset);
        assert.ok(!isLast);
        parts.push(data);
        offset += data.length;
      }
    });
    assert.ok(session.isFailed);
    await assert.rejects(session.read(offset));
    assert.equal(session.sha256, undefined);
    if (parts.length > 0) assert.throws(() => contentsOf(Buffer.concat(parts)), /cut off/);
  });
}

test('a header is checked member by member', () => {
  assert.deepEqual(checkHeader(header), header);
  const wrong: object[] = [
    { kind: 'other' },
    { createdMs: -1 },
    { createdMs: '1' },
    { sizeBytes: 1.5 },
    { id: '../../etc' },
    { volumeId: 'vol-1' },
    { accountId: 1 },
    { release: 'x'.repeat(100) },
  ];
  for (const change of wrong) {
    assert.throws(() => checkHeader({ ...header, ...change }), { code: 'backup-damaged' });
  }
  for (const value of [null, [], 'x', 1]) assert.throws(() => checkHeader(value));
});

test('a backup is named with its date and age', () => {
  const day = 86_400_000;
  assert.equal(
    describeHeader(header, header.createdMs + 3 * day),
    'backup of the service of account 111122223333 in us-east-1, made 2023-11-14T22:13:20.000Z (3 days ago)',
  );
  assert.match(describeHeader(header, header.createdMs - 60_000), /1 minute in the future/);
});

test('sessions belong to their caller, are few, and end when nobody continues them', async () => {
  const clock = new ManualClock();
  const ended: string[] = [];
  const sessions = new Sessions<string>('backup', clock, systemRandom, async (each) =>
    ended.push(each),
  );
  const by = (arn: string) => ({ caller: { arn } }) as CallContext;
  const ids: string[] = [];
  for (let i = 0; i < sessionCountMax; i++) {
    ids.push(await sessions.start(by('anna'), async () => `session ${i}`));
  }
  await assert.rejects(
    sessions.start(by('anna'), async () => 'another'),
    { code: 'conflict', message: /2 of this kind are in progress; at most 2 are allowed/ },
  );
  const [first = '', second = ''] = ids;
  assert.equal(sessions.of(first, by('anna')), 'session 0');
  assert.throws(() => sessions.of(first, by('bert')), { code: 'not-found' });
  clock.advance(100_000);
  sessions.of(second, by('anna'));
  clock.advance(30_000);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(ended, ['session 0']);
  assert.throws(() => sessions.of(first, by('anna')), { code: 'not-found' });
  // While its caller verifies the result, a session waits longer, and others may begin.
  sessions.verifying(second);
  clock.advance(5 * 60 * 60_000);
  sessions.completed(second);
  clock.advance(24 * 60 * 60_000);
  assert.deepEqual(ended, ['session 0']);
  // One that cannot begin does not count.
  await assert.rejects(
    sessions.start(by('anna'), () => Promise.reject(new Error('no'))),
    /no/,
  );
  const next = await sessions.start(by('anna'), async () => 'next');
  await assert.rejects(sessions.abandon(next, by('bert')), { code: 'not-found' });
  await sessions.abandon(next, by('anna'));
  assert.deepEqual(ended, ['session 0', 'next']);
});

test('sessions whose callers verify the result do not exclude others, up to a number', async () => {
  const sessions = new Sessions<string>('backup', new ManualClock(), systemRandom, async () => {});
  const context = { caller: { arn: 'anna' } } as CallContext;
  for (let i = 0; i < 16; i++) {
    sessions.verifying(await sessions.start(context, async () => `${i}`));
  }
  await assert.rejects(
    sessions.start(context, async () => 'one more'),
    { code: 'conflict' },
  );
});
