import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { CreateTrailCommand, StartLoggingCommand } from '@aws-sdk/client-cloudtrail';
import { ListKeysCommand } from '@aws-sdk/client-kms';
import { writeEndpointRules } from '../../src/cli/endpoint-rules.ts';
import { runAwsCli } from '../support/aws-cli.ts';
import { findPrograms } from '../support/other-programs.ts';
import { until } from '../support/processes.ts';
import { Waxwing } from '../support/waxwing.ts';
import { WaxwingFolder } from '../support/waxwing-folder.ts';

// The stock AWS CLI and boto3 read and validate the files of a trail; `waxwing audit` does the same.

const clis = await findPrograms({
  name: 'aws',
  versionArguments: ['--version'],
  package: 'awscli',
});
const accountId = '111122223333';
const region = 'eu-central-1';
const trailArn = `arn:aws:cloudtrail:${region}:${accountId}:trail/all`;

let waxwing: Waxwing;
before(async () => {
  const place = ['--account-id', accountId, '--region', region, '--no-default-broker'];
  const often = ['--trail-file-seconds', '1', '--trail-digest-seconds', '2'];
  waxwing = await Waxwing.start({ args: [...place, ...often] });
  const trail = { Name: 'all', S3BucketName: 'audit-logs', EnableLogFileValidation: true };
  await waxwing.trail.send(new CreateTrailCommand(trail));
  await waxwing.trail.send(new StartLoggingCommand({ Name: 'all' }));
  for (const _ of [1, 2, 3]) {
    const known = await digestCount();
    await waxwing.kms.send(new ListKeysCommand({}));
    await until('a digest', async () => (await digestCount()) > known);
  }
});
after(() => waxwing.remove());

/** All files below a folder, the oldest first: digests list the oldest log files, and not yet the newest. */
function filesIn(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((e) => join(e.parentPath, e.name));
  return files.toSorted((a, b) => statSync(a).mtimeMs - statSync(b).mtimeMs);
}

const trailsFolder = () => join(waxwing.folder.data, 'trails', 'audit-logs');

async function digestCount(): Promise<number> {
  try {
    return filesIn(trailsFolder()).filter((name) => /Digest.*gz$/.test(name)).length;
  } catch {
    return 0; // the folder is made with the first file
  }
}

/** Runs a command on the running service. */
const audit = (...args: readonly string[]) =>
  waxwing.folder.run(['audit', ...args, '--data', waxwing.folder.data]);

/** The arguments of `aws cloudtrail validate-logs`. */
function validation(): string[] {
  const start = new Date(Date.parse('2026-01-01')).toISOString();
  const options = ['--trail-arn', trailArn, '--start-time', start, '--verbose'];
  return ['cloudtrail', 'validate-logs', ...options];
}

/** Runs `aws cloudtrail validate-logs` of one version, by `waxwing aws`. */
function validateByWaxwing(path: string) {
  return waxwing.folder.run(['aws', '--data', waxwing.folder.data, ...validation()], {
    PATH: `${dirname(path)}:${process.env['PATH'] ?? ''}`,
  });
}

/** Runs it with what `waxwing aws` tells it. */
async function validate(path: string) {
  const { environment, folder } = waxwing;
  const url = environment['AWS_ENDPOINT_URL'] ?? '';
  const rules = join(folder.root, 'rules');
  await writeEndpointRules(rules, url);
  const env = { ...folder.environment(environment), AWS_DATA_PATH: rules };
  return runAwsCli(path, [...validation(), '--endpoint-url', url], env);
}

/** Takes a file of the trail away while something runs. */
async function without(pattern: RegExp, at: number, run: () => Promise<void>): Promise<void> {
  const file = filesIn(trailsFolder()).filter((name) => pattern.test(name))[at];
  assert.ok(file);
  renameSync(file, `${file}.away`);
  try {
    await run();
  } finally {
    renameSync(`${file}.away`, file);
  }
}

if (typeof clis === 'string') test('the AWS CLI validates the files of a trail', { skip: clis });
else
  for (const { path, version } of clis) {
    test(`${version} validates the files of a trail, and finds removed ones`, async () => {
      const sound = await validateByWaxwing(path);
      assert.equal(sound.code, 0, sound.stdout + sound.stderr);
      assert.match(sound.stdout, /(\d+)\/\1 digest files valid/);
      assert.match(sound.stdout, /(\d+)\/\1 log files valid/);
      await without(/_CloudTrail_.*gz$/, 0, async () => {
        const { stderr, code } = await validate(path);
        assert.equal(code, 1);
        assert.match(stderr, /Log file.*INVALID: not found/);
      });
      const [log = ''] = filesIn(trailsFolder()).filter((name) => /_CloudTrail_.*gz$/.test(name));
      const kept = readFileSync(log);
      writeFileSync(log, Buffer.concat([kept.subarray(0, -1), Buffer.of((kept.at(-1) ?? 0) ^ 1)]));
      const changed = await validate(path);
      writeFileSync(log, kept);
      assert.equal(changed.code, 1);
      assert.match(changed.stderr, /Log file.*INVALID/);
      await without(/Digest.*gz$/, 1, async () => {
        const { stderr, code } = await validate(path);
        assert.equal(code, 1);
        assert.match(stderr, /Digest file.*INVALID: not found/);
      });
    });
  }

test('a file of a trail that was put in another place does not open', async () => {
  const [one = '', other = ''] = filesIn(trailsFolder()).filter((n) => /_CloudTrail_/.test(n));
  const kept = readFileSync(one);
  copyFileSync(other, one);
  try {
    const { code, stderr } = await audit('export', join(waxwing.folder.root, 'moved'));
    assert.equal(code, 1);
    assert.match(stderr, /was changed or moved on the disk/);
  } finally {
    writeFileSync(one, kept);
  }
});

test('exported files are verified without the service, and changes are found', async () => {
  const folder = join(waxwing.folder.root, 'exported');
  const written = await audit('export', folder);
  assert.equal(written.code, 0, written.stderr);
  const head = await audit('head');
  const headFile = join(waxwing.folder.root, 'head.json');
  writeFileSync(headFile, head.stdout);
  const verify = async (...options: string[]) =>
    new WaxwingFolder().run(['audit', 'verify', folder, ...options]);
  const sound = await verify();
  assert.equal(sound.code, 0, sound.stdout + sound.stderr);
  assert.match(sound.stdout, /(\d+)\/\1 digest files valid\n(\d+)\/\2 log files valid/);
  // One that a digest lists: newer ones are not covered yet.
  const listed = filesIn(folder)
    .filter((name) => /_CloudTrail-Digest_.*gz$/.test(name))
    .flatMap((name) => JSON.parse(gunzipSync(readFileSync(name)).toString()).logFiles)
    .map(({ s3Object }: { s3Object: string }) => basename(s3Object));
  const log = filesIn(folder).find((name) => listed.includes(basename(name))) ?? '';
  const copy = `${folder}-copy`;
  cpSync(folder, copy, { recursive: true });
  writeFileSync(log, 'changed');
  const changed = await verify();
  assert.equal(changed.code, 1);
  assert.match(changed.stdout, /Log file\ts3:\/\/audit-logs\/.*INVALID: invalid format/);
  rmSync(folder, { recursive: true });
  renameSync(copy, folder);
  const digests = filesIn(folder).filter((name) => /Digest.*gz$/.test(name));
  rmSync(digests.sort().at(-1) ?? '');
  assert.equal((await verify('--head', headFile)).code, 1);
});

const python = `
import boto3, gzip, json, os, sys
trail, bucket = sys.argv[1], sys.argv[2]
url = os.environ['AWS_ENDPOINT_URL']
client = lambda name: boto3.client(name, endpoint_url=url, verify=os.environ['AWS_CA_BUNDLE'])
cloudtrail, s3 = client('cloudtrail'), client('s3')
assert cloudtrail.get_trail_status(Name=trail)['IsLogging']
names = []
for page in s3.get_paginator('list_objects_v2').paginate(Bucket=bucket, Prefix='AWSLogs/'):
    for entry in page['Contents']:
        body = s3.get_object(Bucket=bucket, Key=entry['Key'])['Body'].read()
        assert len(body) == entry['Size'], entry
        content = json.loads(gzip.decompress(body))
        names += [record['eventName'] for record in content.get('Records', [])]
s3.head_bucket(Bucket=bucket)
print(json.dumps({'names': names, 'keys': len(cloudtrail.list_public_keys()['PublicKeyList'])}))
`;

test('boto3 reads the log files of a trail through the bucket', async (t) => {
  const run = promisify(execFile);
  const hasBoto3 = await run('/usr/bin/python3', ['-c', 'import boto3']).then(
    () => true,
    () => false,
  );
  if (!hasBoto3) return t.skip('/usr/bin/python3 has no boto3');
  const { stdout } = await run('/usr/bin/python3', ['-c', python, trailArn, 'audit-logs'], {
    env: { ...process.env, ...waxwing.environment },
  });
  const { names, keys } = JSON.parse(stdout) as { names: string[]; keys: number };
  assert.equal(keys, 1);
  assert.deepEqual(
    // Files of the same minute are in no order.
    names.filter((name) => name === 'ListKeys' || name === 'StartLogging').sort(),
    ['ListKeys', 'ListKeys', 'ListKeys', 'StartLogging'],
  );
});

test('no byte of an event can be read in the files of trails', () => {
  for (const name of filesIn(trailsFolder())) {
    const bytes = readFileSync(name);
    assert.equal(bytes.subarray(0, 8).toString(), 'wxsealed');
    for (const text of ['ListKeys', 'eventVersion', 'awsAccountId']) {
      assert.equal(bytes.includes(text), false, name);
    }
  }
});

test('check verifies the files of trails, and finds changed ones and a removed newest digest', async () => {
  assert.equal(await waxwing.stop(), 0);
  const sound = await waxwing.folder.check();
  assert.equal(sound.code, 0, sound.stdout + sound.stderr);
  assert.match(sound.stdout, /^trails: sound, \d+ files$/m);
  const digests = filesIn(trailsFolder()).filter((name) => /Digest.*gz$/.test(name));
  const newest = digests.sort().at(-1) ?? '';
  const bytes = readFileSync(newest);
  writeFileSync(newest, Buffer.concat([bytes.subarray(0, -1), Buffer.of(0)]));
  const changed = await waxwing.folder.check();
  assert.equal(changed.code, 1);
  assert.match(
    changed.stdout + changed.stderr,
    /trails: not sound: .*Digest.*part 1 was changed\n/,
  );
  rmSync(newest);
  const removed = await waxwing.folder.check();
  assert.match(
    removed.stdout + removed.stderr,
    /trails: not sound: .*the newest digest of trail all/,
  );
});
