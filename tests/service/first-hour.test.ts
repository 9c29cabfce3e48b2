import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { connect } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { findPrograms } from '../support/other-programs.ts';
import { isRunning } from '../support/processes.ts';
import { Waxwing } from '../support/waxwing.ts';
import { freePorts, main, WaxwingFolder } from '../support/waxwing-folder.ts';

// The first hour of a new user, and the messages for usual mistakes.

const root = fileURLToPath(new URL('../../../', import.meta.url));
const clis = await findPrograms({
  name: 'aws',
  versionArguments: ['--version'],
  package: 'awscli',
});

let waxwing: Waxwing;
const folders: WaxwingFolder[] = [];
before(async () => {
  waxwing = await Waxwing.start();
});
after(async () => {
  await waxwing.remove();
  for (const folder of folders) folder.remove();
});

function newFolder(): WaxwingFolder {
  const folder = new WaxwingFolder('data folder');
  folders.push(folder);
  return folder;
}

test('two consecutive SIGINTs, as sent by npm and the terminal, stop the service cleanly', async (t) => {
  const own = await Waxwing.start();
  t.after(() => own.remove());
  const { children } = own;
  process.kill(own.pid, 'SIGINT');
  assert.equal(await own.stop('SIGINT'), 0);
  assert.match(own.output, /Stopping…\nStopped\.\n$/);
  assert.deepEqual(children.filter(isRunning), []);
  const { stdout } = await own.folder.check();
  assert.equal(stdout.match(/sound, closed cleanly/g)?.length, 3, stdout);
});

test('env --wait waits for a service that is starting', async (t) => {
  const folder = newFolder();
  const asked = folder.run(['env', '--wait', '--data', folder.data]);
  const own = await Waxwing.start({ folder });
  t.after(() => own.remove());
  const { code, stdout } = await asked;
  assert.equal(code, 0);
  assert.match(stdout, /^export AWS_ENDPOINT_URL='https:\/\/localhost:\d+'$/m);
});

test('env --wait with a number of seconds times out after them', async () => {
  const folder = newFolder();
  const { code, stderr } = await folder.run(['env', '--wait', '1', '--data', folder.data]);
  assert.equal(code, 1);
  assert.match(stderr, /^waxwing: no service runs on /);
});

test('env --json prints the same variables as the shell commands', async () => {
  const { folder } = waxwing;
  const { stdout } = await folder.run(['env', '--json', '--data', folder.data]);
  assert.deepEqual(JSON.parse(stdout), waxwing.environment);
});

test('the shell commands of env unset variables that would override their own', async () => {
  const { folder } = waxwing;
  const { stdout } = await folder.run(['env', '--data', folder.data]);
  const shell = spawn('sh', ['-c', 'eval "$COMMANDS"; env'], {
    env: {
      PATH: process.env['PATH'],
      COMMANDS: stdout,
      AWS_PROFILE: 'work',
      AWS_SESSION_TOKEN: 'x',
    },
  });
  let found = '';
  for await (const part of shell.stdout) found += part;
  assert.match(found, /^AWS_ENDPOINT_URL=https:/m);
  assert.doesNotMatch(found, /^AWS_(PROFILE|SESSION_TOKEN)=/m);
});

test('waxwing aws runs any AWS CLI version against the service', async (t) => {
  if (typeof clis === 'string') return t.skip(clis);
  const { folder } = waxwing;
  for (const cli of clis) {
    const env = { PATH: `${dirname(cli.path)}:${process.env['PATH']}`, AWS_PROFILE: 'work' };
    const query = ['--query', 'BrokerSummaries[].BrokerName', '--output', 'json'];
    const run = (args: readonly string[]) =>
      folder.run(['aws', '--data', folder.data, 'mq', ...args], env);
    const listed = await run(['list-brokers', ...query]);
    assert.deepEqual([listed.code, JSON.parse(listed.stdout)], [0, ['default']], cli.version);
    assert.notEqual((await run(['no-such-operation'])).code, 0);
  }
});

test('waxwing aws reports a missing AWS CLI', async () => {
  const { folder } = waxwing;
  const env = { PATH: '/nonexistent' };
  const { code, stderr } = await folder.run(['aws', '--data', folder.data, 'mq', 'help'], env);
  assert.equal(code, 1);
  assert.match(stderr, /the AWS CLI is not installed: there is no program 'aws' on the PATH/);
});

test('the API and the brokers answer on both loopback addresses', async (t) => {
  const ports = [waxwing.apiPort, Number(new URL(waxwing.amqpUrl).port)];
  for (const port of ports) {
    for (const host of ['127.0.0.1', '::1']) {
      const found = await new Promise<boolean | Error>((resolve) => {
        const socket = connect({ host, port, servername: 'localhost', ca: waxwing.ca }, () => {
          resolve(socket.authorized);
          socket.destroy();
        });
        socket.once('error', resolve);
      });
      if (host === '::1' && (found as NodeJS.ErrnoException).code === 'EADDRNOTAVAIL') {
        return t.skip('this machine has no ::1');
      }
      assert.equal(found, true, `${host} port ${port}`);
    }
  }
});

test('a broker returns to its port on the first start that finds it free', async (t) => {
  const squatter = createServer();
  await new Promise<void>((resolve) => squatter.listen(0, '127.0.0.1', resolve));
  const { port } = squatter.address() as { port: number };
  const args = ['--amqps-port', String(port)];
  const own = await Waxwing.start({ args });
  t.after(() => own.remove());
  const first = Number(new URL(own.amqpUrl).port);
  assert.notEqual(first, port);
  const told = `port ${port} on 127.0.0.1 is in use by another program; the broker listens on port`;
  assert.ok(own.output.includes(`${told} ${first} until`), own.output);
  await new Promise((resolve) => squatter.close(resolve));
  assert.equal(await own.stop(), 0);
  await own.restart();
  assert.equal(Number(new URL(own.amqpUrl).port), port);
});

test('a folder that cannot be created is reported with its name and the reason', async () => {
  const folder = newFolder();
  const { code, stderr } = await folder.run(['serve', '--data', '/proc/waxwing']);
  assert.equal(code, 1);
  assert.match(stderr, /^waxwing: cannot mkdir \/proc\/waxwing: [^\n]+\n$/);
});

/** Starts a service on a file system of some KiB; what it says until a pattern is in it. */
async function onSmallDisk(kib: number, until: RegExp): Promise<string> {
  const folder = newFolder();
  mkdirSync(folder.data);
  // A separate mount namespace: the mount ends with the command.
  const mount = `mount -t tmpfs -o size=${kib}k,mode=0700 waxwing '${folder.data}'`;
  const serve = [main, 'serve', '--data', folder.data, ...freePorts];
  const child = spawn(
    'unshare',
    ['--mount', 'sh', '-c', `${mount} && exec "$0" "$@"`, process.execPath, ...serve],
    { env: folder.environment(), stdio: ['ignore', 'ignore', 'pipe'], timeout: 60_000 },
  );
  let said = '';
  child.stderr.setEncoding('utf8');
  for await (const part of child.stderr) {
    said += part;
    if (until.test(said)) break;
  }
  child.kill('SIGKILL');
  return said;
}

test('a full disk is reported with the path and advice', async (t) => {
  if (userInfo().uid !== 0) return t.skip('mounting a small file system needs root');
  const none = await onSmallDisk(4, /\n/);
  if (/^(unshare|mount):/.test(none)) return t.skip(`no mount namespace: ${none.trim()}`);
  assert.match(
    none,
    /^waxwing: (cannot (write|mkdir|open)|creating the volume) \/[^:]+: [^;]*ENOSPC[^;]*; free space on the disk/,
  );
  const little = await onSmallDisk(64, /all changes wait/);
  assert.match(little, /no space left on the disk: all changes wait until space is available/);
});

/** Runs a command of the service. The folder `full` in its working directory is a file system of 16 KiB. */
async function writeToFullDisk(...args: readonly string[]): Promise<string> {
  const { root: place, data } = waxwing.folder;
  mkdirSync(join(place, 'full'), { recursive: true });
  const mount = 'mount -t tmpfs -o size=16k none full && head -c 15000 /dev/zero > full/ballast';
  const all = ['--mount', 'sh', '-c', `${mount}; exec "$0" "$@"`, process.execPath, main, ...args];
  const env = waxwing.folder.environment({ TMPDIR: join(place, 'full'), WAXWING_DATA: data });
  const child = spawn('unshare', all, { cwd: place, env, timeout: 60_000 });
  let said = '';
  for await (const part of child.stderr) said += part;
  return said;
}

test('a full disk elsewhere is reported with its file, and not with advice on the data folder', async (t) => {
  if (userInfo().uid !== 0) return t.skip('mounting a small file system needs root');
  const { root: place } = waxwing.folder;
  const full = 'no space left on the disk (ENOSPC); free space on the disk, or name another';
  const backup = await writeToFullDisk('backup', '--all', 'full/all.backup');
  if (/^(unshare|mount):/.test(backup)) return t.skip(`no mount namespace: ${backup.trim()}`);
  assert.equal(backup, `waxwing: cannot write ${place}/full/all.backup: ${full} place for it\n`);
  const aws = await writeToFullDisk('aws', 'mq', 'list-brokers');
  assert.match(
    aws,
    /cannot \w+ \S+\/full\/waxwing-aws-\S+: .*, or name another folder with TMPDIR\n$/,
  );
});

test('a file in a folder that does not exist is reported with that folder', async () => {
  const { code, stderr } = await waxwing.folder.run([
    'backup',
    ...['--all', '/nowhere/all.backup', '--data', waxwing.folder.data],
  ]);
  assert.equal(code, 1);
  assert.equal(stderr, 'waxwing: cannot open /nowhere: no such file or folder (ENOENT)\n');
});

test('a command whose output cannot be written fails, and one whose reader has gone does not', async () => {
  const ended = async (script: string) => {
    const env = waxwing.folder.environment();
    const child = spawn('sh', ['-c', script, process.execPath, main], { env });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    const [code] = await once(child, 'close');
    return [code, said];
  };
  const said = 'waxwing: cannot write standard output: no space left on the disk (ENOSPC); ';
  const remedy = 'free space on the disk, or name another place for it\n';
  assert.deepEqual(await ended('"$0" "$1" drill > /dev/full'), [1, said + remedy]);
  assert.deepEqual(await ended('"$0" "$1" --help | true'), [0, '']);
});

test('the command reports a checkout that is not built', async () => {
  const folder = newFolder();
  cpSync(join(root, 'bin'), join(folder.root, 'bin'), { recursive: true });
  const child = spawn(process.execPath, [join(folder.root, 'bin', 'waxwing.mjs'), 'env']);
  let stderr = '';
  for await (const part of child.stderr) stderr += part;
  assert.equal(stderr, `waxwing: not built yet: run 'npm start' in ${folder.root} first\n`);
});
