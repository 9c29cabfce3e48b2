import assert from 'node:assert/strict';
import { chmodSync, cpSync, readdirSync, readFileSync, statSync } from 'node:fs';
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
