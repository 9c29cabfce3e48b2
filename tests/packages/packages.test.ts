import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { packageFolder } from '../../src/base/package-folder.ts';
import { findPrograms } from '../support/other-programs.ts';
import { isLong } from '../support/proof.ts';
import { Waxwing } from '../support/waxwing.ts';

// The packages are made from the build, unpacked elsewhere, and used without the checkout.

const place = mkdtempSync(join(tmpdir(), 'waxwing-packages-'));
const unpacked = join(place, 'package');
const program = join(unpacked, 'bin', 'waxwing.mjs');
const tool = (name: string) =>
  execFileSync(process.execPath, [join(packageFolder, 'tools', name)], { encoding: 'utf8' });

/** The file whose name a tool has printed. */
function made(name: string): string {
  const [, file = ''] = /^(dist\/[^\s:]+)/m.exec(tool(name)) ?? [];
  return join(packageFolder, file);
}

/** The compression of packages takes seconds. */
const inLongRun = { skip: !isLong && 'in the long run' };

const hashOf = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex');

let tarball = '';
before(() => {
  tarball = made('package.mjs');
  execFileSync('tar', ['-xzf', tarball, '-C', place]);
  execFileSync('chmod', ['-R', 'a-w', unpacked]);
});
after(() => {
  execFileSync('chmod', ['-R', 'u+w', place]);
  rmSync(place, { recursive: true });
});

test('the unpacked package serves brokers without the checkout', async (t) => {
  const waxwing = await Waxwing.start({ program });
  t.after(() => waxwing.remove());
  assert.match(waxwing.output, new RegExp(`${unpacked}/bin/waxwing.mjs env`));
  const client = await waxwing.connect();
  await client.publish('q', ['sealed']);
  assert.deepEqual(await client.take('q'), ['sealed']);
  await client.close();
  assert.deepEqual(ran(waxwing, 'health', '--api-port', String(waxwing.apiPort)), [0, 'ready\n']);
  const [code, text] = ran(waxwing, 'status');
  assert.equal(code, 0);
  assert.match(text, /^default +RUNNING +RabbitMQ 3\.13 +amqps:\/\/localhost:\d+$/m);
  const [, json] = ran(waxwing, 'status', '--json');
  assert.deepEqual(
    JSON.parse(json).brokers.map(({ name }: { name: string }) => name),
    ['default'],
  );
  assert.deepEqual(problems(ran(waxwing, 'doctor', '--json')), [0, []]);
  assert.equal(await waxwing.stop(), 0);
  assert.equal(ran(waxwing, 'health', '--api-port', String(waxwing.apiPort))[0], 1);
  chmodSync(waxwing.folder.data, 0o777);
  const foreign = { ...waxwing.folder.environment(), WAXWING_ROOT_KEY_FILE: '/dev/null' };
  const squatter = createServer().listen(0, '127.0.0.1');
  await once(squatter, 'listening');
  const { port } = squatter.address() as AddressInfo; // the server listens on a port, not on a pipe
  assert.deepEqual(problems(ran({ folder: waxwing.folder, env: foreign }, 'doctor', '--json')), [
    3,
    ['data folder', 'root key', 'service'],
  ]);
  chmodSync(waxwing.folder.data, 0o700);
  assert.deepEqual(problems(ran(waxwing, 'doctor', '--json', '--api-port', String(port))), [
    3,
    ['ports'],
  ]);
  squatter.close();
});

type Ran = [code: number | null, text: string];

/** The exit code of `waxwing doctor`, and the subjects of the problems that it found. */
function problems([code, text]: Ran): [number | null, string[]] {
  const { findings } = JSON.parse(text) as { findings: { about: string; level: string }[] };
  return [code, findings.filter(({ level }) => level === 'problem').map(({ about }) => about)];
}

/** The exit code and the output of a command of the package. */
function ran(of: Pick<Waxwing, 'folder'> & { env?: NodeJS.ProcessEnv }, ...args: string[]): Ran {
  // Without the AWS CLI, whose start takes a second.
  const { folder, env = folder.environment({ PATH: '/usr/sbin' }) } = of;
  const [name = '', ...rest] = args;
  const options = { encoding: 'utf8', env } as const;
  const all = [program, name, '--data', folder.data, ...rest];
  const { status, stdout } = spawnSync(process.execPath, all, options);
  return [status, stdout];
}

test('the package contains programs, notices and a bill of materials, and nothing else', () => {
  const names = readdirSync(unpacked).sort();
  assert.deepEqual(names, [
    ...[
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'SECURITY.md',
      'THIRD-PARTY-NOTICES',
      'bin',
      'dist',
    ],
    ...['examples', 'monitoring', 'node_modules', 'package.json', 'sbom.cdx.json'],
  ]);
  const made = readdirSync(join(unpacked, 'dist')).filter((name) => name !== '.cache'); // the service ran
  assert.deepEqual(made, ['bin', 'console']);
  const files = readdirSync(join(unpacked, 'dist', 'bin'), {
    recursive: true,
    withFileTypes: true,
  });
  const others = files.filter((file) => !file.isDirectory() && !/\.[cm]?js$/.test(file.name));
  // It states the format of the programs.
  assert.deepEqual(
    others.map(({ name }) => name),
    ['package.json'],
  );
  // `npx` may ask a registry for peer dependencies, and waits where there is none.
  const { dependencies, peerDependencies } = JSON.parse(
    readFileSync(join(unpacked, 'package.json'), 'utf8'),
  );
  assert.deepEqual(Object.keys(dependencies), ['fs-native-extensions', 'pino', 'pino-pretty']);
  assert.equal(peerDependencies, undefined);
  const notices = readFileSync(join(unpacked, 'THIRD-PARTY-NOTICES'), 'utf8');
  for (const name of ['pino', 'commander', 'ws', '@peculiar/x509', 'fs-native-extensions']) {
    assert.ok(notices.includes(`${name} `), name);
  }
  const { metadata, components } = JSON.parse(
    readFileSync(join(unpacked, 'sbom.cdx.json'), 'utf8'),
  );
  assert.equal(metadata.component.name, 'waxwing');
  const { version } = JSON.parse(
    readFileSync(join(packageFolder, 'node_modules', 'pino', 'package.json'), 'utf8'),
  );
  const purls = components.map(({ purl }: { purl: string }) => purl);
  assert.ok(purls.includes(`pkg:npm/pino@${version}`));
  assert.ok(!purls.some((purl: string) => purl.startsWith('pkg:npm/typescript@')));
});

test('the Debian package has the program, the unit and no secret', inLongRun, async (t) => {
  if (!existsSync('/usr/bin/dpkg-deb')) return t.skip('dpkg-deb is not installed');
  const file = made('debian-package.mjs');
  const folder = join(place, 'debian');
  execFileSync('dpkg-deb', ['-R', file, folder]);
  const version = execFileSync(process.execPath, [join(folder, 'usr/bin/waxwing'), '--version']);
  assert.match(version.toString(), /^\d+\.\d+\.\d+/);
  for (const script of ['postinst', 'prerm', 'postrm']) {
    execFileSync('sh', ['-n', join(folder, 'DEBIAN', script)]);
  }
  assert.deepEqual(readdirSync(join(folder, 'etc', 'waxwing')), ['waxwing.env']);
  const found = await findPrograms({
    name: 'systemd-analyze',
    versionArguments: ['--version'],
    package: 'systemd',
  });
  if (typeof found === 'string') return t.skip(found);
  const unit = join(folder, 'lib/systemd/system/waxwing.service');
  const report = execFileSync('systemd-analyze', ['security', '--offline=true', unit]).toString();
  const [, exposure = '10'] = /exposure level for waxwing\.service: ([\d.]+)/.exec(report) ?? [];
  assert.ok(Number(exposure) <= 2, `exposure ${exposure}`);
});

test('the same build makes the same packages', inLongRun, () => {
  const before = [hashOf(tarball), hashOf(made('debian-package.mjs'))];
  assert.deepEqual([hashOf(made('package.mjs')), hashOf(made('debian-package.mjs'))], before);
});
