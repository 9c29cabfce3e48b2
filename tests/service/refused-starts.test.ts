import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { blockOffsets, writeAt } from '../support/bytes-of-files.ts';
import { isLong } from '../support/proof.ts';
import { Waxwing } from '../support/waxwing.ts';
import { type Ended, main, WaxwingFolder } from '../support/waxwing-folder.ts';

// A service that cannot start prints the reason in one line, and leaves no process running.

const canMount = spawnSync('unshare', ['--mount', 'true']).status === 0;

let running: Waxwing;
/** A data folder as a clean stop leaves it. */
let stopped: WaxwingFolder;
const folders: WaxwingFolder[] = [];
before(async () => {
  running = await Waxwing.start({ args: ['--no-default-broker'] });
  const other = await Waxwing.start({ args: ['--no-default-broker', '--region', 'eu-west-1'] });
  assert.equal(await other.stop(), 0);
  stopped = other.folder;
  folders.push(stopped);
});
after(async () => {
  await running.remove();
  for (const folder of folders) folder.remove();
});

function newFolder(): WaxwingFolder {
  const folder = new WaxwingFolder();
  folders.push(folder);
  return folder;
}

function copy(): WaxwingFolder {
  const folder = stopped.copy();
  folders.push(folder);
  return folder;
}

/** One line that says why, on the standard error; nothing on the standard output. */
function refused({ code, stdout, stderr }: Ended, why: RegExp | string, expected = 1): void {
  assert.deepEqual([code, stdout], [expected, '']);
  assert.match(stderr, /^waxwing: [^\n]+\n$/);
  if (typeof why === 'string') assert.equal(stderr, `waxwing: ${why}\n`);
  else assert.match(stderr, why);
}

test('a data folder in use is refused, and the error names its process', async () => {
  refused(
    await running.folder.serve(),
    `${running.folder.data}/system is in use by process ${running.pid}`,
  );
  assert.ok(running.isRunning);
  await running.askEnvironment(); // its socket is still its own
});

test('an API port that is already in use is refused', async () => {
  refused(
    await newFolder().serve(['--api-port', String(running.apiPort)]),
    `port ${running.apiPort} on 127.0.0.1 is in use by another program: end it, or choose another port`,
  );
});

test('an address that does not belong to this machine is refused', async () => {
  refused(
    await newFolder().serve(['--host', '192.0.2.1']),
    'cannot listen on port 0 of 192.0.2.1: EADDRNOTAVAIL: this machine does not have this address; choose one of its own',
  );
});

test('a file that an option names and that cannot be read is refused', async () => {
  // Other options are in the long run: each is a process.
  const anchor = ['--audit-anchor', 'https://anchor.test'];
  for (const [option = '', ...others] of [
    ['--ldap-ca-file'],
    ...(isLong
      ? [['--audit-anchor-ca-file', ...anchor], ['--shovel-ca-file'], ['--oidc-ca-file']]
      : []),
  ]) {
    const folder = newFolder();
    refused(
      await folder.serve([...others, option, `${folder.root}/missing.pem`]),
      `${option}: ${folder.root}/missing.pem cannot be opened (ENOENT)`,
      2,
    );
    assert.equal(existsSync(folder.data), false);
  }
});

test('an option that has no effect without another one is refused', async () => {
  const needs = {
    '--acme-directory': ['--acme-email', '--acme-ca-file', '--acme-http-port', '--acme-agree-tos'],
    '--audit-anchor': ['--audit-anchor-type', '--audit-anchor-ca-file'],
    '--hosts-port': ['--host-lease-seconds', '--replace-lost-hosts-after'],
    '--remote-kms-region': [
      '--remote-kms-principal',
      '--remote-kms-endpoint',
      '--remote-kms-ca-file',
      '--remote-kms-profile',
      '--remote-kms-grace-seconds',
    ],
    '--sso-issuer': ['--sso-client-id', '--sso-client-secret-file', '--sso-scopes'],
    '--trail-s3-buckets': ['endpoint', 'region', 'ca-file', 'profile'].map(
      (name) => `--trail-s3-${name}`,
    ),
  };
  const values: Readonly<Record<string, readonly string[]>> = {
    '--acme-agree-tos': [],
    '--audit-anchor-type': ['rfc3161'],
  };
  for (const [needed, options] of Object.entries(needs)) {
    // Others are in the long run: each is a process.
    if (!isLong && needed !== '--remote-kms-region') continue;
    for (const option of isLong ? options : options.slice(2, 3)) {
      const folder = newFolder();
      const ended = await folder.serve([option, ...(values[option] ?? ['80'])]);
      refused(ended, `${option} is set, but ${needed} is not`, 2);
      assert.equal(existsSync(folder.data), false);
    }
  }
});

test('the folder of an option that cannot be read is refused', { skip: !isLong }, async () => {
  const folder = newFolder();
  const wrong = /^waxwing: --arn-folder: the folder \S+missing cannot be read \(ENOENT\)\n$/;
  refused(await folder.serve(['--arn-folder', `${folder.root}/missing`]), wrong, 2);
});

test('files are not exported to a file system that is mounted read-only', {
  skip: canMount ? false : 'no right to mount (unshare --mount, as root)',
}, async () => {
  const { data, root } = running.folder;
  const place = join(root, 'read-only');
  mkdirSync(place);
  const script = 'mount -t tmpfs -o ro none "$0" && exec "$@"';
  const command = [process.execPath, main, 'audit', 'export', join(place, 'a/b'), '--data', data];
  const { status, stderr } = spawnSync(
    'unshare',
    ['--mount', 'sh', '-c', script, place, ...command],
    {
      env: running.folder.environment(),
      encoding: 'utf8',
    },
  );
  assert.equal(status, 1);
  assert.equal(
    stderr,
    `waxwing: cannot mkdir ${place}/a: read-only file system (EROFS); mount the file system with write access, or name another place for it\n`,
  );
});

test('a first start that fails because the disk is full ends', {
  skip: canMount ? false : 'no right to mount (unshare --mount, as root)',
}, () => {
  const { root } = running.folder;
  const place = join(root, 'small');
  mkdirSync(place);
  // Room for the state, whose last records wait for more, and none for the file of secrets.
  const script = 'mount -t tmpfs -o size=64k,mode=700 none "$0" && exec "$@"';
  const serve = ['serve', '--data', join(place, 'data'), '--api-port', '0', '--amqps-port', '0'];
  const { status, stderr } = spawnSync(
    'unshare',
    ['--mount', 'sh', '-c', script, place, process.execPath, main, ...serve],
    { env: running.folder.environment(), encoding: 'utf8', timeout: 60_000, killSignal: 'SIGKILL' },
  );
  assert.equal(status, 1, stderr);
  assert.match(stderr, /^waxwing: opening .*secrets-1 failed: ENOSPC/m);
});

test('a folder with other content is refused and left unchanged', async () => {
  const folder = newFolder();
  mkdirSync(folder.data);
  writeFileSync(join(folder.data, 'letters'), 'dear');
  refused(await folder.serve(), /contains 1 files or folders, but no volume of Waxwing/);
  assert.deepEqual(readdirSync(folder.data), ['letters']);
});

test('a file in place of the data folder is refused', async () => {
  const folder = newFolder();
  writeFileSync(folder.data, '');
  refused(await folder.serve(), /cannot be the data folder: it, or a folder above it, is a file/);
});

test('a folder whose socket path would be too long is refused', async () => {
  const folder = newFolder();
  const data = join(folder.root, 'x'.repeat(100));
  refused(
    await folder.run(['serve', '--data', data]),
    /service\.sock has \d+ bytes; the name of a socket may have at most 107; choose a shorter --data/,
    2,
  );
});

test('a data folder of a newer format is refused', async () => {
  const folder = copy();
  writeAt(join(folder.data, 'system', 'volume'), 8, Buffer.from([0, 4]));
  refused(await folder.serve(), `${folder.data}/system has format 4; this program reads up to 3`);
});

test('missing, wrong and corrupt root keys have different errors', async () => {
  const folder = copy();
  const key = folder.keyFile;
  writeFileSync(key, `${'0123456789abcdef'.repeat(4)}\n`);
  refused(await folder.serve(), /the key in .*\.key does not match \S*\/data\n$/);
  writeFileSync(key, 'not a key');
  refused(
    await folder.serve(),
    /\.key does not contain a root key; 64 hexadecimal digits were exp/,
  );
  rmSync(key);
  refused(
    await folder.serve(),
    /the root key file \S+\.key is missing\. .* cannot be opened without/,
  );
});

test('a region or account that differs from the first start is refused', async () => {
  refused(
    await copy().serve(['--region', 'eu-west-2']),
    "--region is 'eu-west-2', but the data folder has region eu-west-1",
  );
  refused(
    await copy().serve(['--account-id', '123456789012']),
    /--account-id is '123456789012', but the data folder has account \d{12}/,
  );
});

test('damage to the system volume is refused with file and offset', async () => {
  const folder = copy();
  const segment = join(folder.data, 'system', 'seg-1');
  const [offset = 0] = blockOffsets(segment);
  writeAt(segment, offset + 40, Buffer.from('damage'));
  refused(await folder.serve(), new RegExp(`seg-1 is damaged at byte ${offset}: block \\d`));
});

test('values out of range are refused with the allowed range', async () => {
  const wrong: [string, string, string][] = [
    ['--region', 'nowhere', "--region is 'nowhere'; expected a name like eu-central-1"],
    ['--account-id', '12', "--account-id is '12'; expected 12 digits"],
    ['--api-port', '70000', "--api-port is '70000'; expected a whole number from 0 to 65535"],
    ['--key-check-seconds', '99999', /99999'; expected a whole number from 0 to 86400/.source],
  ];
  for (const [option, value, why] of wrong) {
    const ended = await newFolder().serve([option, value]);
    assert.equal(ended.code, 2);
    assert.match(ended.stderr, new RegExp(`${why}\n$`));
  }
});

test('unknown options and unreadable values end with exit code 2', async () => {
  const folder = newFolder();
  const wrong: [string[], RegExp][] = [
    [['serve', '--nonsense'], /unknown option '--nonsense'/],
    [['serve', 'extra'], /too many arguments for 'serve'/],
    [['serve', '--api-port', 'x'], /argument 'x' is invalid\. It must be a whole number/],
    [['serve', '--log-level', 'loud'], /Allowed choices are silent, error, warn, info/],
    [['sell'], /unknown command 'sell'/],
    [['check'], /missing required argument 'dir'/],
  ];
  for (const [args, why] of wrong) {
    const { code, stdout, stderr } = await folder.run(args);
    assert.deepEqual([code, stdout], [2, ''], args.join(' '));
    assert.match(stderr, why);
    assert.ok(stderr.split('\n').length <= 4, stderr);
  }
  assert.deepEqual(readdirSync(folder.root), []);
});

test('every option can also be set by an environment variable', async () => {
  const ended = await newFolder().run(['serve'], { WAXWING_API_PORT: 'x' });
  assert.equal(ended.code, 2);
  assert.match(ended.stderr, /value 'x' from env 'WAXWING_API_PORT' is invalid/);
  const region = await newFolder().run(['serve'], { WAXWING_REGION: 'nowhere' });
  refused(region, "--region is 'nowhere'; expected a name like eu-central-1", 2);
});

test('env without a running service prints one error line and no output', async () => {
  const { data } = stopped;
  refused(
    await stopped.run(['env', '--data', data]),
    `no service runs on ${data}; start one with 'waxwing serve --data ${data}'`,
  );
  const nowhere = join(stopped.root, 'nowhere');
  refused(await stopped.run(['env', '--data', nowhere]), /^waxwing: no service runs on /);
});
