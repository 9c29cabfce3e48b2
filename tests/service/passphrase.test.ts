import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Waxwing } from '../support/waxwing.ts';
import { WaxwingFolder } from '../support/waxwing-folder.ts';

// A passphrase instead of a key file, so that a stolen disk alone cannot be decrypted.

const passphrase = 'a horse, a staple and a battery';
const folder = new WaxwingFolder();
let waxwing: Waxwing;
before(async () => {
  const env = passphraseFile('right', `${passphrase}\n`);
  waxwing = await Waxwing.start({ folder, env });
});
after(() => waxwing.remove());

/** The variable that names a file with a passphrase. */
function passphraseFile(name: string, text: string): Record<string, string> {
  const file = join(folder.root, name);
  writeFileSync(file, text, { mode: 0o600 });
  return { WAXWING_ROOT_PASSPHRASE_FILE: file };
}

test('a service with a passphrase creates no key file and does not warn about one', async () => {
  assert.ok(!existsSync(folder.keys));
  assert.doesNotMatch(await waxwing.greeted(), /root key is a file/);
});

test('the passphrase opens the folder again, with its messages and its broker', async () => {
  const client = await waxwing.connect();
  await client.publish('orders', ['under a passphrase']);
  await client.close();
  assert.equal(await waxwing.stop(), 0);
  await waxwing.restart();
  const again = await waxwing.connect();
  assert.deepEqual(await again.take('orders'), ['under a passphrase']);
  await again.close();
});

test('check requires the passphrase too', async () => {
  assert.equal(await waxwing.stop(), 0);
  const checked = await folder.check(passphraseFile('right', passphrase));
  assert.deepEqual([checked.code, checked.stderr], [0, '']);
  const { code, stderr } = await folder.check();
  assert.equal(code, 1);
  assert.match(stderr, /requires a passphrase, but none is configured: set WAXWING_ROOT_PASS/);
});

test('wrong, short, missing and unset passphrases have different errors', async () => {
  const wrong: [Record<string, string>, RegExp][] = [
    [passphraseFile('wrong', `${passphrase}!`), /the passphrase in .*wrong does not match /],
    [passphraseFile('short', 'short'), /short has 5 characters; at least 12 are required/],
    [{ WAXWING_ROOT_PASSPHRASE_FILE: '/nowhere' }, /the passphrase file \/nowhere is missing\n$/],
    [{}, /requires a passphrase, but none is configured: set WAXWING_ROOT_PASSPHRASE_FILE/],
  ];
  for (const [env, why] of wrong) {
    const { code, stdout, stderr } = await folder.serve([], env);
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, /^waxwing: [^\n]+\n$/);
    assert.match(stderr, why);
    assert.doesNotMatch(stderr, /horse/);
  }
});
