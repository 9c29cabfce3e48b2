import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { digestMs, fileMs, oneSigningKey, Process } from '../../../tests/support/trail-process.ts';
import { defaultSelectors } from './event-selectors.ts';
import { type TrailFile, type Verdict, verifyTrailFiles } from './verification.ts';

test('events are delivered to log files, and nothing is written without new ones', async () => {
  const process = new Process();
  await process.record('Before');
  await process.create();
  for (const name of ['One', 'Two']) await process.record(name);
  await process.deliver();
  assert.deepEqual(await process.delivered(), ['One', 'Two']);
  const [name = ''] = await process.keys('CloudTrail');
  assert.match(
    name,
    /^AWSLogs\/111122223333\/CloudTrail\/us-west-2\/2026\/11\/23\/111122223333_CloudTrail_us-west-2_20261123T2004Z_[A-Za-z0-9]{16}\.json\.gz$/,
  );
  process.clock.advance(fileMs);
  await process.deliver();
  assert.equal((await process.keys('CloudTrail')).length, 1);
  await process.record('Three');
  process.clock.advance(fileMs);
  await process.deliver();
  assert.deepEqual((await process.delivered()).sort(), ['One', 'Three', 'Two']);
  assert.deepEqual(process.failures, []);
});

test('events during a stop are not delivered', async () => {
  const process = new Process();
  await process.create();
  await process.record('One');
  await process.delivery.flush('all');
  await process.record('DuringFlush');
  await process.do(process.commands.stop('all', process.clock.nowMs()));
  await process.record('StopLogging');
  await process.record('Two');
  process.clock.advance(digestMs * 2);
  await process.deliver();
  await process.do(process.commands.start('all', process.clock.nowMs()));
  await process.record('Three');
  await process.delivery.flush('all');
  const names = ['DuringFlush', 'One', 'StopLogging', 'Three'];
  assert.deepEqual((await process.delivered()).sort(), names);
});

test('new selectors do not apply to events from before, even if those could not be delivered yet', async () => {
  const process = new Process();
  await process.create();
  await process.record('One');
  const nothing = [
    {
      readWriteType: 'WriteOnly',
      includesManagementEvents: false,
      excludedSources: [],
      dataResources: [],
    },
  ] as const;
  await process.do(process.commands.setSelectors('all', nothing, []));
  await process.record('Two');
  await process.delivery.flush('all');
  assert.deepEqual(await process.delivered(), ['One']);
  await process.do(process.commands.setSelectors('all', defaultSelectors, []));
  await process.record('Three');
  await process.do(process.commands.setSelectors('all', nothing, []));
  await process.record('Four');
  await process.do(process.commands.setSelectors('all', nothing, []));
  await process.record('Five');
  await process.delivery.flush('all');
  // After a second change, all events from before it are delivered.
  assert.deepEqual((await process.delivered()).sort(), ['Four', 'One', 'Three']);
});

test('digests form a chain, list each log file, and are written every hour without events', async () => {
  const process = new Process();
  await process.create();
  await process.record('One');
  for (let hour = 0; hour < 3; hour++) {
    process.clock.advance(digestMs);
    await process.deliver();
  }
  const names = await process.keys('CloudTrail-Digest');
  assert.equal(names.length, 3);
  assert.match(
    names[0] ?? '',
    /CloudTrail-Digest_us-west-2_all_us-west-2_20261123T210400Z\.json\.gz$/,
  );
  const [first, second, third] = await Promise.all(names.map((name) => process.json(name)));
  assert.deepEqual(
    Object.keys(first ?? {}).sort(),
    Object.keys(third ?? {}).sort(),
    'the members are the same in all digests',
  );
  const { logFiles, ...head } = first as Record<string, unknown> & { logFiles: object[] };
  assert.equal(logFiles.length, 1);
  assert.equal(head['previousDigestSignature'], null);
  assert.equal(head['digestStartTime'], '2026-11-23T20:04:00Z');
  assert.equal(head['digestEndTime'], '2026-11-23T21:04:00Z');
  assert.equal(head['newestEventTime'], '2026-11-23T20:04:00Z');
  assert.deepEqual([second?.['logFiles'], second?.['newestEventTime']], [[], null]);
  assert.equal(second?.['previousDigestS3Object'], names[0]);
  assert.equal(third?.['previousDigestS3Object'], names[1]);
  assert.equal(second?.['digestStartTime'], head['digestEndTime']);
});

async function verdicts(
  files: ReadonlyMap<string, TrailFile>,
  publicKeys: readonly Buffer[],
  noted: Parameters<typeof verifyTrailFiles>[1]['noted'] = [],
): Promise<Verdict[]> {
  const split = (path: string) => {
    const slash = path.indexOf('/');
    return { bucket: path.slice(0, slash), key: path.slice(slash + 1) };
  };
  const reader = {
    async *files() {
      for (const path of files.keys()) yield split(path);
    },
    read: async ({ bucket, key: name }: { bucket: string; key: string }) =>
      files.get(`${bucket}/${name}`),
  };
  const found: Verdict[] = [];
  for await (const verdict of verifyTrailFiles(reader, { publicKeys, noted, fromMs: 0 })) {
    found.push(verdict);
  }
  return found;
}

let shared: ReturnType<typeof exportNew> | undefined;

/** A trail with four hours of events: a copy of its files, and its public keys. */
async function exported() {
  shared ??= exportNew();
  const all = await shared;
  return { ...all, files: new Map(all.files) };
}

async function exportNew() {
  const process = new Process();
  await process.create();
  for (let hour = 0; hour < 4; hour++) {
    await process.record(`Event${hour}`);
    process.clock.advance(digestMs);
    await process.deliver();
  }
  const { publicKeys } = process;
  const files = await process.files();
  const paths = (kind: string) => [...files.keys()].filter((path) => path.includes(`/${kind}/`));
  const logs = paths('CloudTrail');
  const { digest } = process.trails.get('all')?.delivery ?? {};
  assert.ok(digest);
  return { files, publicKeys, digests: paths('CloudTrail-Digest').sort(), logs, digest };
}

const problems = (found: readonly Verdict[]) =>
  found.filter(({ state }) => state !== 'valid').map(({ kind, why }) => `${kind}: ${why}`);

test('unchanged files are all valid', async () => {
  const { files, publicKeys, digest } = await exported();
  const found = await verdicts(files, publicKeys, [digest]);
  assert.deepEqual(problems(found), []);
  assert.equal(found.length, 8);
});

function changed(file: TrailFile | undefined, from: string, to: string): TrailFile {
  assert.ok(file);
  const text = gunzipSync(file.body).toString();
  assert.ok(text.includes(from), `${from} in ${text}`);
  return { ...file, body: gzipSync(text.replace(from, to)) };
}

type Export = Awaited<ReturnType<typeof exported>>;

const tampering: readonly [what: string, tamper: (of: Export) => void, found: readonly string[]][] =
  [
    [
      'a changed event',
      ({ files, logs: [log = ''] }) => files.set(log, changed(files.get(log), 'Event', 'Other')),
      ["log: hash value doesn't match"],
    ],
    [
      'a log file that is no longer compressed data',
      ({ files, logs: [log = ''] }) => files.set(log, { body: Buffer.from('x'), metadata: {} }),
      ['log: invalid format'],
    ],
    ['a removed log file', ({ files, logs: [log = ''] }) => files.delete(log), ['log: not found']],
    [
      'an added log file',
      ({ files, logs: [log = ''] }) => {
        const file = files.get(log);
        assert.ok(file);
        files.set(log.replace(/_\w{16}\.json/, `_${'a'.repeat(16)}.json`), file);
      },
      ['log: is in no digest'],
    ],
    [
      'two log files that were exchanged',
      ({ files, logs: [one = '', other = ''] }) => {
        const [first, second] = [files.get(one), files.get(other)];
        assert.ok(first && second);
        files.set(one, second).set(other, first);
      },
      ["log: hash value doesn't match", "log: hash value doesn't match"],
    ],
    [
      'a changed digest',
      ({ files, digests: [, digest = ''] }) =>
        files.set(digest, changed(files.get(digest), '"hashValue":"', '"hashValue":"0')),
      ['digest: signature verification failed', 'log: is in no digest'],
    ],
    [
      'a removed digest',
      ({ files, digests: [, digest = ''] }) => files.delete(digest),
      ['digest: not found', 'log: is in no digest'],
    ],
    [
      'the removed oldest digest',
      ({ files, digests: [digest = ''] }) => files.delete(digest),
      ['digest: not found', 'log: is in no digest'],
    ],
    [
      'a digest without its signature',
      ({ files, digests: [, digest = ''] }) => {
        const file = files.get(digest);
        assert.ok(file);
        files.set(digest, { ...file, metadata: {} });
      },
      ['digest: has no signature', 'log: is in no digest'],
    ],
    [
      'two digests that were exchanged',
      ({ files, digests: [, one = '', other = ''] }) => {
        const [first, second] = [files.get(one), files.get(other)];
        assert.ok(first && second);
        files.set(one, second).set(other, first);
      },
      [
        'digest: has been moved from its original location',
        'digest: has been moved from its original location',
        'log: is in no digest',
        'log: is in no digest',
      ],
    ],
    [
      'the removed newest digest, if it was noted elsewhere',
      ({ files, digests }) => files.delete(digests.at(-1) ?? ''),
      ['digest: was noted elsewhere, and is not found', 'log: not yet in a digest'],
    ],
  ];

for (const [what, tamper, found] of tampering) {
  test(`verification finds ${what}`, async () => {
    const all = await exported();
    tamper(all);
    const noted = what.includes('noted') ? [all.digest] : [];
    assert.deepEqual(problems(await verdicts(all.files, all.publicKeys, noted)).sort(), found);
  });
}

test('digests that somebody else signed are refused', async () => {
  const { files } = await exported();
  const { publicKeys } = await exportNew();
  const found = problems(await verdicts(files, publicKeys));
  assert.ok(found.length >= 4);
  assert.match(found[0] ?? '', /the public key [0-9a-f]{32} is not known/);
});

test('a process that ends at any write delivers each event once, in valid digests', async () => {
  // Making a key takes longer than all the rest. The next process must not have one of the first.
  const [ofFirst, ofNext] = [oneSigningKey(), oneSigningKey()];
  for (let steps = 0; ; steps++) {
    const first = new Process(ofFirst);
    await first.create();
    for (const name of ['One', 'Two', 'Three']) await first.record(name);
    first.clock.advance(digestMs);
    first.stepsLeft = steps;
    await first.deliver();
    const hasEnded = first.failures.length > 0;
    const next = first.next(ofNext);
    next.clock.advance(digestMs);
    await next.record('Four');
    await next.deliver();
    assert.deepEqual(next.failures, []);
    await next.delivery.flush('all');
    assert.deepEqual((await next.delivered()).sort(), ['Four', 'One', 'Three', 'Two'], `${steps}`);
    const found = await verdicts(await next.files(), next.publicKeys);
    assert.deepEqual(problems(found), [], `${steps} steps`);
    if (!hasEnded) break;
  }
});

test('a failed write is repeated, and GetTrailStatus can tell', async () => {
  const process = new Process();
  await process.create();
  await process.record('One');
  process.disk.fail('replace', 'ENOSPC');
  await process.deliver();
  assert.equal(process.failures.length, 1);
  assert.match(process.delivery.failureOf('all')?.message ?? '', /ENOSPC/);
  process.clock.advance(60_000);
  await process.deliver();
  assert.equal(process.delivery.failureOf('all'), undefined);
  assert.deepEqual(await process.delivered(), ['One']);
});

test('files contain no readable text on the disk, with and without a KMS key', async () => {
  const process = new Process();
  await process.create('plain');
  await process.create('keyed', { bucket: 'keyed', kmsKeyArn: 'arn:aws:kms:::key/1' });
  await process.record('DistinctiveName');
  process.clock.advance(digestMs);
  await process.deliver();
  const names = process.disk.names.filter((name) => name.endsWith('.json.gz'));
  assert.equal(names.length, 4);
  for (const name of names) {
    const bytes = process.disk.bytes(name);
    assert.equal(bytes.includes('DistinctiveName'), false);
    // The first bytes of every compressed file.
    assert.equal(bytes.includes(Buffer.from([0x1f, 0x8b, 0x08, 0, 0, 0])), false);
  }
  const [keyed = ''] = await process.keys('CloudTrail', 'keyed');
  await assert.rejects(process.objects.get('keyed', keyed, async () => Buffer.alloc(32, 8)));
  assert.match(JSON.stringify(await process.json(keyed, 'keyed')), /DistinctiveName/);
});

test('global events are left out if a trail does not include them', async () => {
  const process = new Process();
  await process.create('all', { includesGlobalEvents: false });
  await process.record('CreateUser', 'iam.amazonaws.com');
  await process.record('ListKeys');
  await process.deliver();
  assert.deepEqual(await process.delivered(), ['ListKeys']);
});

test('validation that was off begins a new chain when it is on again', async () => {
  const process = new Process();
  await process.create();
  const hour = async (name: string) => {
    await process.record(name);
    process.clock.advance(digestMs);
    await process.deliver();
  };
  await hour('One');
  await process.do(process.commands.update('all', { hasValidation: false }, 0));
  await hour('Two');
  await process.do(process.commands.update('all', { hasValidation: true }, process.clock.nowMs()));
  await hour('Three');
  const names = await process.keys('CloudTrail-Digest');
  assert.equal(names.length, 2);
  assert.equal((await process.json(names[1] ?? ''))['previousDigestS3Object'], null);
});
