import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  DescribeKeyCommand,
  ListAliasesCommand,
  ListGrantsCommand,
  ListResourceTagsCommand,
} from '@aws-sdk/client-kms';
import { Waxwing } from '../support/waxwing.ts';
import { WaxwingFolder } from '../support/waxwing-folder.ts';

// Every version opens the data of all earlier releases: the same messages, definitions, keys and
// grants.

const releases = 'tests/fixtures/releases';
const names = readdirSync(releases, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

/** The expected contents of a data folder. */
interface Holdings {
  /** Bodies of the messages, in the order in which they are delivered, by queue. */
  readonly messages: Readonly<Record<string, readonly string[]>>;
  /** Queues that take a message of this routing key from the exchange `events`. */
  readonly routed: Readonly<Record<string, readonly string[]>>;
  /** Description, tags and names of grants, by alias. */
  readonly keys: Readonly<Record<string, readonly [string, string, readonly string[]]>>;
}

/** A copy that a service may open: Git keeps no modes. */
function copyOf(release: string): WaxwingFolder {
  const folder = new WaxwingFolder();
  cpSync(join(releases, release), folder.root, { recursive: true });
  for (const name of readdirSync(folder.root, { recursive: true, encoding: 'utf8' })) {
    const path = join(folder.root, name);
    chmodSync(path, statSync(path).isDirectory() ? 0o700 : 0o600);
  }
  return folder;
}

async function keysOf(waxwing: Waxwing): Promise<Holdings['keys']> {
  const keys: Record<string, [string, string, string[]]> = {};
  const { Aliases = [] } = await waxwing.kms.send(new ListAliasesCommand({}));
  for (const { AliasName = '', TargetKeyId: KeyId } of Aliases) {
    if (!AliasName.startsWith('alias/run-')) continue;
    const { KeyMetadata } = await waxwing.kms.send(new DescribeKeyCommand({ KeyId }));
    const { Tags = [] } = await waxwing.kms.send(new ListResourceTagsCommand({ KeyId }));
    const { Grants = [] } = await waxwing.kms.send(new ListGrantsCommand({ KeyId }));
    const tags = Tags.map(({ TagKey, TagValue }) => `${TagKey}=${TagValue}`).join();
    keys[AliasName] = [KeyMetadata?.Description ?? '', tags, Grants.map(({ Name }) => Name ?? '')];
  }
  return keys;
}

async function holdingsOf(waxwing: Waxwing): Promise<Holdings> {
  const client = await waxwing.connect();
  const channel = await client.model.createConfirmChannel();
  const queues = ['orders', 'settled'];
  const messages: Record<string, string[]> = {};
  for (const queue of queues) messages[queue] = await client.take(queue);
  const routed: Record<string, string[]> = {};
  for (const key of ['order.x', 'order.x.y', 'other']) {
    channel.publish('events', key, Buffer.from('anew'), { persistent: true });
    await channel.waitForConfirms();
    routed[key] = [];
    for (const queue of queues) if ((await client.take(queue)).length > 0) routed[key].push(queue);
  }
  await channel.checkQueue('expiring');
  channel.on('error', () => {}); // the channel ends with the answer
  await assert.rejects(channel.checkQueue('gone'), /404/);
  await client.close();
  return { messages, routed, keys: await keysOf(waxwing) };
}

test('data folders exist of a release that was stopped and of one that was killed', () => {
  assert.ok(names.some((name) => name.endsWith('-stopped')));
  assert.ok(names.some((name) => name.endsWith('-killed')));
});

for (const name of names) {
  test(`the data folder from ${name} opens with its contents, and is sound before and after`, async () => {
    const expected = JSON.parse(readFileSync(join(releases, name, 'expected.json'), 'utf8'));
    const folder = copyOf(name);
    const before = await folder.check();
    assert.equal(before.code, 0, before.stdout + before.stderr);
    const waxwing = await Waxwing.start({ folder });
    try {
      assert.deepEqual(await holdingsOf(waxwing), expected);
      assert.equal(await waxwing.stop(), 0);
      const after = await folder.check();
      assert.equal(after.code, 0, after.stdout + after.stderr);
    } finally {
      await waxwing.remove();
    }
  });
}

/** Changes the format of a file to the next one, as a newer version would have written it. */
function makeNewer(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at] = (bytes[at] ?? 0) + 1;
  writeFileSync(path, bytes);
}

/** All files of a folder with hashes of their contents. */
function contentsOf(folder: string): ReadonlyMap<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name !== 'lock');
  return new Map(
    files.map(({ parentPath, name }) => [
      join(parentPath, name),
      createHash('sha256')
        .update(readFileSync(join(parentPath, name)))
        .digest('hex'),
    ]),
  );
}

test('what a newer version has written is refused with its format, and not changed', async (t) => {
  const folder = copyOf('0.1.0-stopped');
  const first = await Waxwing.start({ folder });
  t.after(() => first.remove());
  assert.equal(await first.stop(), 0);
  const [broker = ''] = readdirSync(join(folder.data, 'brokers'));
  const [secrets = ''] = readdirSync(join(folder.data, 'keys'));
  const refusals: readonly (readonly [path: string, at: number, message: RegExp])[] = [
    [join('system', 'volume'), 9, /system has format 4; this program reads up to 3/],
    [join('logs', 'volume'), 9, /logs has format 4; this program reads up to 3/],
    [join('keys', secrets), 8, /secrets-\d has format 2; this program reads 1/],
  ];
  for (const [path, at, message] of refusals) {
    const file = join(folder.data, path);
    const good = readFileSync(file);
    makeNewer(file, at);
    const part = join(file, '..');
    const newer = contentsOf(part);
    const { code, stderr } = await folder.serve();
    assert.match(stderr, message);
    assert.equal(code, 1);
    assert.deepEqual(contentsOf(part), newer);
    writeFileSync(file, good);
  }
  const own = join(folder.data, 'brokers', broker);
  makeNewer(join(own, 'volume'), 9);
  const newer = contentsOf(own);
  const again = await Waxwing.start({ folder });
  const { code, stdout } = await folder.run(['status', '--json', '--data', folder.data]);
  assert.equal(code, 3);
  const [{ state, problem }] = JSON.parse(stdout).brokers;
  assert.equal(state, 'CRITICAL_ACTION_REQUIRED');
  assert.match(problem, /^BROKER_FORMAT_TOO_NEW: .*has format 4; this program reads up to 3$/);
  assert.equal(await again.stop(), 0);
  assert.deepEqual(contentsOf(own), newer);
});
