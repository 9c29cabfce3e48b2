import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CreateKeyCommand, DisableKeyCommand, EnableKeyCommand } from '@aws-sdk/client-kms';
import { eventsNamed } from '../support/trail-events.ts';
import { Waxwing } from '../support/waxwing.ts';
import { WaxwingFolder } from '../support/waxwing-folder.ts';

// A second service is the KMS of the first one.

const folder = new WaxwingFolder();
let remote: Waxwing;
/** What the first service needs to call the second one. */
let credentials: Readonly<Record<string, string>> = {};

before(async () => {
  remote = await Waxwing.start({ args: ['--no-default-broker'] });
  const { AWS_ACCESS_KEY_ID: id = '', AWS_SECRET_ACCESS_KEY: secret = '' } = remote.environment;
  credentials = { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret };
});
after(async () => {
  folder.remove();
  await remote.remove();
});

async function newKey(): Promise<string> {
  const { KeyMetadata } = await remote.kms.send(new CreateKeyCommand({}));
  return KeyMetadata?.Arn ?? '';
}

/** The source of a root key that a key of the second service seals. */
function rootKeyBy(keyArn: string): string {
  const { AWS_ENDPOINT_URL: endpoint, AWS_CA_BUNDLE: ca } = remote.environment;
  return `aws-kms:${keyArn}?endpoint=${endpoint}&ca-file=${ca}`;
}

test('a key of a KMS seals the root key, and each start decrypts it there', async () => {
  const [keyArn, other] = [await newKey(), await newKey()];
  const env = { ...credentials, WAXWING_ROOT_KEY: rootKeyBy(keyArn) };
  const waxwing = await Waxwing.start({ folder, args: ['--no-default-broker'], env });
  assert.equal(await waxwing.stop(), 0);
  const show = async (more: Readonly<Record<string, string>> = env) => {
    const args = ['root-key', 'show', '--json', '--data', folder.data];
    const { code, stdout, stderr } = await folder.run(args, more);
    return { code, stderr, shown: JSON.parse(stdout) };
  };
  const { code, shown } = await show();
  assert.deepEqual([code, shown.source, shown.key, shown.changes], [0, 'aws-kms', keyArn, 0]);
  // Another key of the same KMS did not seal it.
  const wrong = await show({ ...env, WAXWING_ROOT_KEY: rootKeyBy(other) });
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /did not seal the root key of .*: IncorrectKeyException/);
  await remote.kms.send(new DisableKeyCommand({ KeyId: keyArn }));
  const { code: disabled, stderr } = await folder.serve([], env);
  assert.equal(disabled, 1);
  assert.match(stderr, /^waxwing: the KMS key arn:.* cannot be used: DisabledException: .*\n$/);
  await remote.kms.send(new EnableKeyCommand({ KeyId: keyArn }));
  const away = await show({
    ...env,
    WAXWING_ROOT_KEY: `aws-kms:${keyArn}?endpoint=https://127.0.0.1:1`,
  });
  assert.match(
    away.stderr,
    /cannot be used: Decrypt at https:\/\/127\.0\.0\.1:1 failed: ECONNREFUSED/,
  );
  const secret = credentials['AWS_SECRET_ACCESS_KEY'] ?? '';
  assert.ok(![waxwing.output, stderr, away.stderr].some((text) => text.includes(secret)));
  const moved = await folder.run(['root-key', 'change', 'file', '--data', folder.data], env);
  assert.equal(moved.code, 0, moved.stderr);
  assert.equal((await show({})).code, 0);
  const decrypts = await eventsNamed(remote, 'Decrypt');
  const contexts = decrypts.map(({ requestParameters }) => JSON.stringify(requestParameters));
  assert.ok(contexts.length >= 3);
  assert.ok(
    contexts.every((context) => /"waxwing:system-volume":"sys-[0-9a-f]{17}"/.test(context)),
  );
});
