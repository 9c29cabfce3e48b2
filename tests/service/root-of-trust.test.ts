import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { describeBroker } from '../support/broker-requests.ts';
import { isLong } from '../support/proof.ts';
import { Waxwing } from '../support/waxwing.ts';
import { type Ended, WaxwingFolder } from '../support/waxwing-folder.ts';

// An attacker who can write the data folder, or a backup of it, cannot make the service start with
// data that it did not write.

const passphrase = 'a horse, a staple and a battery';
/** The data folder of the operator, stopped cleanly. */
let own: WaxwingFolder;
/** A data folder of an attacker, with the attacker's key. */
let forged: WaxwingFolder;
const folders: WaxwingFolder[] = [];
before(async () => {
  const both = [await Waxwing.start(), await Waxwing.start({ args: ['--no-default-broker'] })];
  for (const each of both) assert.equal(await each.stop(), 0);
  const [first, second] = both.map(({ folder }) => folder);
  assert.ok(first && second);
  [own, forged] = [first, second];
  folders.push(own, forged);
});
after(() => {
  for (const folder of folders) folder.remove();
});

function copyOf(folder: WaxwingFolder): WaxwingFolder {
  const made = folder.copy();
  folders.push(made);
  return made;
}

/** One line that says why, and nothing that was started. */
function refused({ code, stdout, stderr }: Ended, why: RegExp): void {
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(stderr, /^waxwing: [^\n]+\n$/);
  assert.match(stderr, why);
}

/** Neither a service nor a check believes the folder. */
async function isRefused(folder: WaxwingFolder, why: RegExp, env: Record<string, string> = {}) {
  refused(await folder.serve([], env), why);
  refused(await folder.check(env), why);
}

/** The operator's place with the attacker's data in it. */
function replaced(): WaxwingFolder {
  const folder = copyOf(own);
  rmSync(folder.data, { recursive: true });
  cpSync(forged.data, folder.data, { recursive: true });
  return folder;
}

/** Gives the header of the system volume another id; what proves it stays as it was. */
function rename(folder: WaxwingFolder, id: string): void {
  const file = join(folder.data, 'system', 'volume');
  const bytes = readFileSync(file);
  const idBytes = Buffer.from(id);
  const rest = bytes.subarray(53 + (bytes[52] ?? 0));
  const head = Buffer.concat([bytes.subarray(0, 52), Buffer.of(idBytes.length), idBytes, rest]);
  writeFileSync(file, head);
}

test('a data folder of another installation cannot be opened with this key', async () => {
  await isRefused(replaced(), /the key in \S+\.key does not match \S+\/data/);
});

test('a header whose key id is a path to another key is refused', async () => {
  const folder = replaced();
  const key = readFileSync(forged.keyFile);
  writeFileSync(join(folder.root, 'evil.key'), key, { mode: 0o600 });
  const ids = ['../../evil', '', join(folder.root, 'evil'), 'sys-/../../../evil'];
  for (const id of isLong ? ids : ids.slice(0, 2)) {
    rename(folder, id);
    await isRefused(folder, /system\/volume is not the header of a system volume/);
  }
});

test('a header that requires a key file is refused if a passphrase is configured', async () => {
  const folder = replaced();
  const file = join(folder.root, 'passphrase');
  writeFileSync(file, passphrase, { mode: 0o600 });
  // Also if the attacker's key is in the folder of this user's keys.
  cpSync(forged.keyFile, folder.keyFile);
  await isRefused(folder, /requires a key file, but the passphrase in .* is configured/, {
    WAXWING_ROOT_PASSPHRASE_FILE: file,
  });
});

test('a header with any change is refused', async () => {
  const folder = copyOf(own);
  const file = join(folder.data, 'system', 'volume');
  const bytes = readFileSync(file);
  for (let at = 0; at < bytes.length; at++) {
    // Each check is a process.
    if (at % (isLong ? 7 : 47) > 0) continue;
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ 1;
    writeFileSync(file, changed);
    const { code, stdout } = await folder.check();
    assert.deepEqual([at, code], [at, 1]);
    assert.doesNotMatch(stdout, /: sound|belongs to no broker/);
  }
});

test('a data folder is refused if others can write to it, its subfolders or its parents', async () => {
  const folder = copyOf(own);
  const { root, data } = folder;
  for (const path of [data, join(data, 'system'), join(data, 'brokers'), root]) {
    const mode = 0o700;
    for (const open of path === data && isLong ? [0o777, 0o702] : [0o702]) {
      chmodSync(path, open);
      refused(
        await folder.serve(),
        /has mode 0(777|702): other users can write in it; run: chmod go/,
      );
      chmodSync(path, mode);
    }
  }
  chmodSync(folder.keyFile, 0o644);
  await isRefused(folder, /\.key has mode 0644: other users can use it; run: chmod 600 '/);
  chmodSync(folder.keyFile, 0o600);
  const outside = join(root, 'outside');
  mkdirSync(outside);
  chmodSync(outside, 0o777);
  renameSync(join(data, 'brokers'), join(outside, 'brokers'));
  symlinkSync(join(outside, 'brokers'), join(data, 'brokers'));
  refused(await folder.serve(), /outside has mode 0777/);
});

test('an empty folder with write access for others is refused and stays empty', async () => {
  const folder = new WaxwingFolder();
  folders.push(folder);
  mkdirSync(folder.data);
  chmodSync(folder.data, 0o777);
  refused(await folder.serve(), /data has mode 0777: other users can write in it/);
  assert.deepEqual(readdirSync(folder.data), []);
});

test('a folder of another user is refused', {
  skip: process.geteuid?.() === 0 ? false : 'only root can give a folder to another user',
}, async () => {
  const folder = copyOf(own);
  chownSync(join(folder.data, 'brokers'), 12345, 0);
  refused(await folder.serve(), /brokers belongs to user 12345, who can change what is in it/);
});

test('`env` refuses such a folder too', async () => {
  const folder = copyOf(own);
  chmodSync(folder.data, 0o777);
  refused(await folder.run(['env', '--data', folder.data]), /data has mode 0777/);
});

test('a folder without its system volume is refused, whatever other content it has', async () => {
  for (const gone of ['system', 'system/volume']) {
    const folder = copyOf(own);
    rmSync(join(folder.data, gone), { recursive: true });
    refused(
      await folder.serve(),
      /is a data folder, but system\/volume is missing: restore the whole/,
    );
    assert.equal((await folder.check()).code, 1);
  }
  const folder = copyOf(own);
  for (const name of readdirSync(join(folder.data, 'system'))) {
    rmSync(join(folder.data, 'system', name));
  }
  refused(await folder.serve(), /system\/volume is missing/);
  assert.deepEqual(readdirSync(join(folder.data, 'system')), []);
});

test('a lost root key is reported with advice', async () => {
  const folder = copyOf(own);
  rmSync(folder.keyFile);
  await isRefused(folder, /\.key is missing\. \S+ cannot be opened without it: restore your copy/);
});

test('a moved folder opens if its key file is specified', async () => {
  const folder = copyOf(own);
  const moved = join(folder.root, 'moved');
  const { keyFile } = folder;
  renameSync(folder.data, moved);
  const without = await folder.run(['check', moved]);
  refused(without, /moved-[0-9a-f]{16}\.key is missing/);
  const { code } = await folder.run(['check', moved], { WAXWING_ROOT_KEY_FILE: keyFile });
  assert.equal(code, 0);
});

test('a broker with an earlier or foreign volume stays stopped and reports it; others run', async (t) => {
  const folder = copyOf(own);
  const waxwing = await Waxwing.start({ folder });
  t.after(() => waxwing.remove());
  const [older, swapped, sound] = [
    await waxwing.createBroker(),
    await waxwing.createBroker(),
    await waxwing.createBroker(),
  ];
  assert.equal(await waxwing.stop(), 0);
  const at = (id: string) => join(folder.data, 'brokers', id);
  cpSync(at(older), join(folder.root, 'older'), { recursive: true });
  await waxwing.restart();
  assert.equal(await waxwing.stop(), 0);
  rmSync(at(older), { recursive: true });
  renameSync(join(folder.root, 'older'), at(older));
  rmSync(at(swapped), { recursive: true });
  cpSync(at(sound), at(swapped), { recursive: true });
  await waxwing.restart();
  const states = [older, swapped, sound].map(async (id) => {
    const { BrokerState, ActionsRequired } = await describeBroker(waxwing, id);
    return [BrokerState, ActionsRequired?.[0]?.ActionRequiredCode];
  });
  assert.deepEqual(await Promise.all(states), [
    ['CRITICAL_ACTION_REQUIRED', 'BROKER_VOLUME_ROLLED_BACK'],
    ['CRITICAL_ACTION_REQUIRED', 'BROKER_VOLUME_DAMAGED'],
    ['RUNNING', undefined],
  ]);
  const greeting = await waxwing.greeted();
  assert.match(
    greeting,
    /^ {2}broker '.*' +CRITICAL_ACTION_REQUIRED: .* was last mounted as number \d+; expected /m,
  );
  assert.match(
    greeting,
    /^ {2}broker '.*' +CRITICAL_ACTION_REQUIRED: the wrapped data key beside /m,
  );
  assert.equal(await waxwing.stop(), 0);
  const { code, stderr } = await folder.check();
  assert.equal(code, 1);
  assert.match(stderr, new RegExp(`^waxwing: ${older}: not sound: .*is not current`, 'm'));
  assert.match(
    stderr,
    new RegExp(`^waxwing: ${swapped}: not sound: .*wrapped data key was not`, 'm'),
  );
  assert.match(stderr, /^waxwing: 2 of 6 volumes not sound$/m);
});
