import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

// The rules of docs/architecture.md that a machine can check.

const root = normalize(join(dirname(fileURLToPath(import.meta.url)), '..', '..'));

/** The permitted imports of each folder under src/, besides its own files. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  base: [],
  crypto: ['base'],
  calls: ['base'],
  'sensitive-data': ['base'],
  storage: ['base', 'crypto'],
  broker: ['base', 'storage'],
  protocols: ['base', 'broker'],
  'protocols/amqp091': ['base', 'broker', 'protocols'],
  'protocols/amqp10': ['base', 'broker', 'protocols'],
  'protocols/openwire': ['base', 'broker', 'protocols'],
  'protocols/mqtt': ['base', 'broker', 'protocols'],
  'protocols/stomp': ['base', 'broker', 'protocols'],
  'protocols/stomp/rabbitmq': [
    'base',
    'broker',
    'protocols',
    'protocols/stomp',
    'protocols/amqp091/codec',
    'protocols/amqp091/format.ts',
  ],
  identity: ['base', 'calls', 'crypto', 'storage'],
  kms: ['base', 'calls', 'crypto', 'storage', 'identity'],
  audit: ['base', 'calls', 'crypto', 'storage'],
  aws: [
    'base',
    'calls',
    'crypto',
    'net/http/message.ts',
    'net/http/path-table.ts',
    'net/http/percent-encoding.ts',
    'net/http/request-handler.ts',
  ],
  net: ['base', 'crypto', 'protocols/protocol.ts'],
  logs: ['base', 'storage'],
  management: [
    'base',
    'broker',
    'protocols/amqp091',
    'net/limits.ts',
    'net/http/http-limits.ts',
    'net/http/message.ts',
    'net/http/path-table.ts',
    'net/http/percent-encoding.ts',
    'net/http/request-handler.ts',
  ],
  'activemq-console': [
    'base',
    'broker',
    'management/commit.ts',
    'management/credentials.ts',
    'management/errors.ts',
    'management/forged.ts',
    'management/large-answers.ts',
    'management/rates/rates.ts',
    'management/rates/series.ts',
    'management/slices.ts',
    'storage/message-record.ts',
    'net/limits.ts',
    'net/http/http-limits.ts',
    'net/http/message.ts',
    'net/http/path-table.ts',
    'net/http/request-handler.ts',
  ],
  control: ['base', 'storage', 'aws/local-client.ts', 'oauth/settings.ts'],
  ldap: ['base', 'crypto'],
  transfer: ['base', 'broker', 'net/trust.ts', 'protocols/amqp091'],
  oauth: ['base'],
  hosts: ['base', 'storage'],
  volumes: ['base', 'crypto'],
  'engines/installed': ['base'],
  'engines/waxwing': [
    'activemq-console',
    'base',
    'crypto',
    'storage',
    'broker',
    'protocols',
    'management',
    'net',
    'control',
    'ldap',
    'oauth',
    'sensitive-data',
    'transfer',
    'engines/ports',
  ],
  'engines/ports': ['base', 'control'],
  'engines/volumes': ['base', 'control', 'volumes'],
  'engines/rabbitmq': [
    'base',
    'crypto',
    'control',
    'hosts',
    'net',
    'volumes',
    'engines/installed',
    'engines/ports',
    'engines/volumes',
    'management/limits.ts',
    'protocols/amqp091/plain-answer.ts',
    'transfer/amqp',
    'transfer/errors.ts',
    'transfer/health-vhost.ts',
  ],
  'engines/activemq': [
    'base',
    'crypto',
    'control',
    'net',
    'volumes',
    'engines/installed',
    'engines/volumes',
  ],
  'api/kms': ['base', 'calls', 'aws', 'kms'],
  'api/mq': ['base', 'calls', 'aws', 'control'],
  'api/cloudtrail': ['base', 'calls', 'aws', 'audit'],
  metrics: ['base', 'logs'],
  'api/cloudwatch': ['base', 'calls', 'aws', 'metrics'],
  'api/logs': ['base', 'calls', 'aws', 'logs'],
  'api/audit': ['base', 'calls', 'aws', 'audit', 'storage/state-store.ts'],
  'api/s3': ['base', 'calls', 'aws', 'audit'],
  'api/iam': ['base', 'calls', 'aws', 'identity'],
  'api/sso': ['base', 'calls', 'aws', 'identity'],
  'api/sts': ['base', 'calls', 'aws', 'identity'],
  'api/status': ['base', 'calls', 'aws'],
  'api/administration': ['base', 'calls', 'aws', 'control'],
  'api/discovery': ['base', 'calls', 'aws', 'control'],
  server: [''],
  agent: ['base', 'crypto', 'hosts', 'engines/rabbitmq', 'server/root-key'],
  cli: [
    'agent',
    'base',
    'crypto/fips.ts',
    'crypto/fips-process.ts',
    'aws',
    'audit',
    'identity/accounts/mfa/otp-uri.ts',
    'storage/check.ts',
    'storage/disk.ts',
    'engines/waxwing/spare-process.ts',
    'engines/installed',
    'hosts/clock-difference.ts',
    'net/errors.ts',
    'net/listen.ts',
    'volumes/capabilities.ts',
    'server',
    'transfer',
  ],
  'load-program.ts': ['base/compiled-code.ts'],
  'broker-main.ts': ['load-program.ts'],
  'main.ts': ['cli', 'engines/waxwing/broker-start.ts', 'load-program.ts'],
};

const linesMax = 500;
const filesMax = 20;

function filesUnder(folder: string): string[] {
  const found: string[] = [];
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) found.push(...filesUnder(path));
    else if (/\.(tsx?|mjs)$/.test(entry.name)) found.push(path);
  }
  return found;
}

const sources = filesUnder(join(root, 'src')).map((path) => relative(root, path));
const handWritten = ['src', 'console', 'tests', 'tools', 'bench']
  .flatMap((name) => filesUnder(join(root, name)))
  .map((path) => relative(root, path))
  .filter((path) => !path.endsWith('.gen.ts'));

const read = (path: string): string => readFileSync(join(root, path), 'utf8');

/** The folder of the table that a path under src/ belongs to: the longest that fits. */
function folderOf(path: string): string | undefined {
  const names = Object.keys(mayImport).sort((a, b) => b.length - a.length);
  return names.find((name) => path === name || path.startsWith(`${name}/`));
}

function importsOf(path: string): string[] {
  const text = read(path);
  const found = text.matchAll(/(?:from|import\()\s*'(\.[^']+)'/g);
  return [...found].map(([, target]) =>
    relative('src', normalize(join(dirname(path), target ?? ''))),
  );
}

test('every import follows the layer table', () => {
  const wrong: string[] = [];
  for (const path of sources) {
    if (path.endsWith('.test.ts')) continue;
    const own = relative('src', path);
    const from = folderOf(own);
    if (from === undefined) {
      wrong.push(`${path}: its folder is not in the table`);
      continue;
    }
    for (const target of importsOf(path)) {
      const to = folderOf(target);
      const allowed = mayImport[from] ?? [];
      const fits = allowed.some(
        (name) => name === '' || target === name || target.startsWith(`${name}/`),
      );
      if (to !== from && !fits) wrong.push(`${path} imports ${target}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test(`no hand-written file is longer than ${linesMax} lines`, () => {
  const long = handWritten.filter((path) => read(path).split('\n').length - 1 > linesMax);
  assert.deepEqual(long, []);
});

test(`no folder holds more than ${filesMax} source files`, () => {
  const counts = new Map<string, number>();
  for (const path of sources) {
    if (/\.test\.ts$/.test(path)) continue;
    counts.set(dirname(path), (counts.get(dirname(path)) ?? 0) + 1);
  }
  assert.deepEqual(
    [...counts].filter(([, count]) => count > filesMax),
    [],
  );
});

/** Exported declarations of a file that have no doc comment right above them. */
function undocumented(path: string): string[] {
  const lines = read(path).split('\n');
  return lines.flatMap((line, at) => {
    if (!/^export (async function|function|class|interface|type|const|abstract)/.test(line))
      return [];
    let above = at - 1;
    while (/^\s*\/\/ biome-ignore/.test(lines[above] ?? '')) above -= 1;
    return /\*\/\s*$/.test(lines[above] ?? '') ? [] : [`${path}:${at + 1} ${line}`];
  });
}

test('every export has a doc comment', () => {
  const own = sources.filter((path) => !/\.(test|gen)\.ts$/.test(path));
  assert.deepEqual(own.flatMap(undocumented), []);
});

test('only the clock provides the time, and only the generator provides randomness', () => {
  const wrong = sources.filter((path) => {
    if (path.endsWith('.test.ts')) return false;
    const text = read(path);
    const asksTime = /Date\.now\(\)|new Date\(\)/.test(text) && path !== 'src/base/clock.ts';
    const asksRandom =
      /\b(randomBytes|randomUUID|Math\.random)\(/.test(text) &&
      path !== 'src/base/random.ts' &&
      !path.startsWith('src/crypto/');
    // Their tests move the time, and the simulations do.
    const isMoved = /^src\/(storage|broker|protocols|net)\//.test(path);
    const setsTimer = isMoved && /(?<![.\w])set(Timeout|Interval)\(/.test(text);
    return asksTime || asksRandom || setsTimer;
  });
  assert.deepEqual(wrong, []);
});

test('every dependency states its purpose', () => {
  const { dependencies, devDependencies } = JSON.parse(read('package.json'));
  const told = read('docs/dependencies.md');
  const untold = Object.keys({ ...dependencies, ...devDependencies }).filter(
    (name) => !told.includes(`\`${name}\``),
  );
  assert.deepEqual(untold, []);
});

test('the lock file contains no host name', () => {
  assert.doesNotMatch(read('package-lock.json'), /"resolved": "https?:/);
});

test('no comment promises future work', () => {
  const promising = handWritten.filter(
    (path) => path !== 'tests/tidy.test.ts' && /\b(TODO|FIXME|XXX|HACK)\b/.test(read(path)),
  );
  assert.deepEqual(promising, []);
});
