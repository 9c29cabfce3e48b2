import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { DescribeBrokerCommand, ListBrokersCommand } from '@aws-sdk/client-mq';
import { packageFolder } from '../../src/base/package-folder.ts';
import { httpsRequest } from '../support/https-request.ts';
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

interface Component {
  readonly name: string;
  readonly version: string;
}

const readJson = (...path: string[]) => JSON.parse(readFileSync(join(...path), 'utf8'));
/** The libraries in `node_modules` are these and those that they need. */
const loadedMin = 4;

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
  assert.equal(await statusOfPolicy(waxwing, '^(a|b)[0-9]{2}$'), 201); // for which a library is loaded
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

/** The status of the management API's answer to a policy with a pattern. */
async function statusOfPolicy({ amqpUrl, ca, mq }: Waxwing, pattern: string) {
  const { BrokerSummaries } = await mq.send(new ListBrokersCommand());
  const BrokerId = BrokerSummaries?.[0]?.BrokerId;
  const { BrokerInstances } = await mq.send(new DescribeBrokerCommand({ BrokerId }));
  const { port } = new URL(BrokerInstances?.[0]?.ConsoleURL ?? '');
  const { username, password } = new URL(amqpUrl);
  const policy = { pattern, definition: { 'max-length': 10 }, 'apply-to': 'queues' };
  const path = '/api/policies/%2F/pattern';
  const options = { method: 'PUT', port, path, ca, auth: `${username}:${password}` };
  return (await httpsRequest(options, JSON.stringify(policy))).status;
}

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
  const { dependencies, peerDependencies } = readJson(unpacked, 'package.json');
  const loaded = ['fs-native-extensions', 'pino', 'pino-pretty', 're2js'];
  assert.deepEqual(Object.keys(dependencies), loaded);
  assert.equal(peerDependencies, undefined);
});

test('the bill of materials and the notices list what is in the package, and nothing else', () => {
  const { metadata, components, dependencies } = readJson(unpacked, 'sbom.cdx.json');
  assert.equal(metadata.component.name, 'waxwing');
  const listed = new Set<string>(
    components.map((each: Component) => `${each.name} ${each.version}`),
  );
  const installed = (name: string) => {
    const { version } = readJson(packageFolder, 'node_modules', name, 'package.json');
    return `${name} ${version}`;
  };
  const programs = Object.keys(readJson(packageFolder, 'package.json').dependencies);
  const consoles = ['react-dom', '@cloudscape-design/components', '@aws-sdk/client-mq'];
  for (const name of [...programs, ...consoles]) assert.ok(listed.has(installed(name)), name);
  for (const name of ['typescript', 'amqplib', 'rhea', 'vite', 'playwright-core']) {
    assert.ok(!listed.has(installed(name)), name);
  }
  const folders = readdirSync(join(unpacked, 'node_modules'), { recursive: true }) as string[];
  const copied = folders.filter((path) =>
    /(^|node_modules\/)(@[^/]+\/)?[^@/]+\/package\.json$/.test(path),
  );
  assert.ok(copied.length > loadedMin, `${copied.length} libraries`);
  for (const path of copied) {
    const { name, version } = readJson(unpacked, 'node_modules', path);
    assert.ok(listed.has(`${name} ${version}`), path);
  }
  const notices = readFileSync(join(unpacked, 'THIRD-PARTY-NOTICES'), 'utf8');
  for (const each of listed) assert.ok(notices.includes(`${each} (`), each);
  const lines = notices.split('\n').flatMap((line) => /^(\S+ \d\S*) \(.+\)$/.exec(line)?.[1] ?? []);
  assert.deepEqual(new Set(lines), listed);
  const references = new Set(dependencies.map(({ ref }: { ref: string }) => ref));
  assert.equal(references.size, listed.size + 1);
  for (const { ref, dependsOn } of dependencies) {
    for (const each of dependsOn) assert.ok(references.has(each), `${ref} needs ${each}`);
  }
  for (const { name, hashes, licenses, purl } of components) {
    assert.match(hashes[0].content, /^[0-9a-f]{128}$/, name);
    assert.ok(licenses[0].expression ?? licenses[0].license.id, name);
    assert.match(purl, /^pkg:npm\/(%40[\w.-]+\/)?[\w.-]+@\d/);
  }
});

test('drills, whose clients are not in the package, say so', () => {
  const { status, stderr } = spawnSync(process.execPath, [program, 'drill', '--all'], {
    encoding: 'utf8',
  });
  assert.equal(status, 1);
  assert.match(stderr, /^waxwing: drills use clients that are development dependencies: .+\n$/);
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

test('the same build makes the same packages, whatever the umask', inLongRun, (t) => {
  const before = [hashOf(tarball), hashOf(made('debian-package.mjs'))];
  const umask = process.umask(0o077);
  t.after(() => process.umask(umask));
  assert.deepEqual([hashOf(made('package.mjs')), hashOf(made('debian-package.mjs'))], before);
});
