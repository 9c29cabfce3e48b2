import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { findPrograms } from '../support/other-programs.ts';
import { type SoftHsm, softHsm } from '../support/soft-hsm.ts';
import { eventsNamed } from '../support/trail-events.ts';
import { Waxwing } from '../support/waxwing.ts';
import { WaxwingFolder } from '../support/waxwing-folder.ts';

// The root key of one data folder moves from source to source, and everything stays in it.

type Variables = Readonly<Record<string, string>>;

const folder = new WaxwingFolder();
const passphrase = 'a wren, a finch and a waxwing';
const bodies = ['one', 'two', 'three'];
let waxwing: Waxwing;
/** The variables with which the folder opens now. */
let present: Variables = {};
let changeCount = 0;
let stored = '';

before(async () => {
  waxwing = await Waxwing.start({ folder });
  const client = await waxwing.connect();
  await client.publish('orders', bodies);
  await client.close();
  const { code, stderr } = await folder.run(['root-key', 'change', 'file', ...data], {});
  assert.equal(code, 2); // it is the present one already
  assert.match(stderr, /is the present root key; name another one/);
  const running = await change(`passphrase:${passphraseFile}`);
  assert.equal(running.code, 1, 'a service is running');
  assert.match(running.stderr, /in use|locked|another process/);
  assert.equal(await waxwing.stop(), 0);
  stored = digestOf(join(folder.data, 'brokers'));
});
after(() => waxwing.remove());

const data = ['--data', folder.data];
const passphraseFile = privateFile('passphrase', `${passphrase}\n`);

function privateFile(name: string, text: string): string {
  const file = join(folder.root, name);
  writeFileSync(file, text, { mode: 0o600 });
  return file;
}

/** A digest of all files in a folder. */
function digestOf(path: string): string {
  const hash = createHash('sha256');
  const names = readdirSync(path, { recursive: true, withFileTypes: true });
  for (const entry of names.filter((each) => each.isFile())) {
    const file = join(entry.parentPath, entry.name);
    hash.update(file).update(readFileSync(file));
  }
  return hash.digest('hex');
}

function change(to: string, env: Variables = present) {
  return folder.run(['root-key', 'change', to, ...data], env);
}

async function show(env: Variables = present) {
  const { code, stdout, stderr } = await folder.run(['root-key', 'show', '--json', ...data], env);
  return { code, stderr, shown: stdout === '' ? {} : JSON.parse(stdout) };
}

/** Moves the root key and requires that only the new source opens the folder. */
async function move(to: string, kind: string, more: Variables = {}): Promise<void> {
  const [earlier, later] = [present, { ...more, WAXWING_ROOT_KEY: to }];
  const changed = await change(to, { ...earlier, ...more });
  assert.deepEqual([changed.code, changed.stdout.split(' is now ').length], [0, 2], changed.stderr);
  changeCount += 1;
  present = later;
  const { code, shown } = await show();
  assert.equal(code, 0);
  assert.deepEqual([shown.source, shown.changes, shown.opens], [kind, changeCount, true]);
  assert.ok(Math.abs(Date.parse(shown.since) - Date.now()) < 3_600_000);
  const other = await show(earlier);
  assert.deepEqual([other.code, other.shown.opens, other.shown.source], [1, false, kind]);
  assert.match(other.stderr, /the configured source does not open /);
  assert.equal(digestOf(join(folder.data, 'brokers')), stored, 'no message is touched');
}

test('the root key moves to a passphrase, and the key file no longer opens the folder', async () => {
  await move(`passphrase:${passphraseFile}`, 'passphrase');
  const { code, stderr } = await folder.serve([], {});
  assert.equal(code, 1);
  assert.match(stderr, /requires a passphrase, but none is configured/);
});

test('a new source that cannot be used changes nothing', async () => {
  const header = () => readFileSync(join(folder.data, 'system', 'volume'));
  const since = (await show()).shown.since;
  const bad: [string, RegExp, number][] = [
    [`passphrase:${folder.root}/none`, /passphrase file .*none is missing/, 1],
    ['credential:root', /CREDENTIALS_DIRECTORY is not set/, 1],
    ['pkcs11:object=x', /expected pkcs11:token=/, 2],
    ['nonsense', /of an unknown form; expected file/, 2],
    ['pkcs11:object=x?module-path=/none.so&pin-source=/none', /pkcs11js|PIN file|token/, 1],
  ];
  for (const [to, why, exitCode] of bad) {
    const { code, stdout, stderr } = await change(to);
    assert.deepEqual([code, stdout], [exitCode, ''], stderr);
    assert.match(stderr, /^waxwing: [^\n]+\n$/);
    assert.match(stderr, why);
  }
  assert.equal((await show()).shown.since, since);
  assert.ok(header().length > 0);
});

test('the root key moves to a systemd credential', async () => {
  const credentials = join(folder.root, 'credentials');
  mkdirSync(credentials, { mode: 0o700 });
  writeFileSync(join(credentials, 'root'), `${'ab'.repeat(32)}\n`, { mode: 0o400 });
  await move('credential:root', 'credential', { CREDENTIALS_DIRECTORY: credentials });
});

test('the root key moves to a file that systemd-creds seals', async (t) => {
  const search = { name: 'systemd-creds', versionArguments: ['--version'], package: 'systemd' };
  if (typeof (await findPrograms(search)) === 'string' || process.getuid?.() !== 0) {
    return t.skip('there is no systemd-creds, or its key of the host is out of reach');
  }
  const sealed = join(folder.root, 'root.cred');
  await move(`systemd-creds:${sealed}?with-key=host`, 'systemd-creds');
  const text = readFileSync(sealed, 'utf8');
  assert.match(text, /^[A-Za-z0-9+/=\s]+$/);
  privateFile(
    'root.cred',
    text.replace(/[A-Za-z]/, (letter) => (letter === 'A' ? 'B' : 'A')),
  );
  const { code, stderr } = await show();
  assert.equal(code, 1);
  assert.match(stderr, /systemd-creds decrypt: /);
  privateFile('root.cred', text);
});

test('the root key moves to a file that the TPM seals', async (t) => {
  if (!existsSync('/dev/tpmrm0')) return t.skip('this machine has no TPM (/dev/tpmrm0)');
  await move(`systemd-creds:${join(folder.root, 'tpm.cred')}?with-key=tpm2`, 'systemd-creds');
});

test('the root key moves to a PKCS#11 token, and needs its PIN', async (t) => {
  const token = await softHsm(folder.root);
  if (typeof token === 'string') return t.skip(token);
  await onToken(token);
});

async function onToken({ environment, source, pinFile }: SoftHsm): Promise<void> {
  await move(source('root'), 'pkcs11', environment);
  assert.equal((await show()).shown.key, 'waxwing test: root');
  const pin = readFileSync(pinFile, 'utf8');
  writeFileSync(pinFile, '000000\n');
  const { code, stderr } = await show();
  assert.equal(code, 1);
  assert.match(stderr, /the PKCS#11 token: .*CKR_PIN_INCORRECT/);
  assert.ok(!stderr.includes('000000'));
  writeFileSync(pinFile, pin);
  // Another key on the same token.
  const other = { ...present, WAXWING_ROOT_KEY: source('other') };
  assert.match((await show(other)).stderr, /the token has no AES key other/);
}

test('at the end it is a key file again, and everything is there', async () => {
  const file = join(folder.root, 'new.key');
  await move(`file:${file}`, 'file');
  assert.ok(existsSync(file));
  await waxwing.restart({ folder, env: present });
  const client = await waxwing.connect();
  assert.deepEqual(await client.take('orders', bodies.length), bodies);
  await client.close();
  const events = await eventsNamed(waxwing, 'ChangeRootKey');
  assert.equal(events.length, changeCount);
  const details = events.map(({ serviceEventDetails }) => serviceEventDetails) as {
    readonly from: { readonly source: string };
    readonly to: { readonly source: string };
  }[];
  assert.deepEqual(
    [details[0]?.from.source, details[0]?.to.source, details.at(-1)?.to.source],
    ['file', 'passphrase', 'file'],
  );
  for (const [i, { from }] of details.entries()) {
    if (i > 0) assert.equal(from.source, details[i - 1]?.to.source);
  }
  const said = JSON.stringify(events) + waxwing.output;
  for (const secret of [passphrase, readFileSync(file, 'utf8').trim().slice(-64)]) {
    assert.ok(!said.includes(secret));
  }
});
