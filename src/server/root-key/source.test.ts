import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeSource, parseRootKeySource, rootKeySource } from './source.ts';

const arn = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const uri = 'pkcs11:token=my%20token;object=root?module-path=/usr/lib/p11.so&pin-source=file:/pin';

const parsed = (text: string, environment = {}) => parseRootKeySource(text, environment, 'it');

test('every form of a source is parsed', () => {
  const configFolder = '/c/waxwing';
  const environment = { XDG_CONFIG_HOME: '/c', CREDENTIALS_DIRECTORY: '/run/credentials/x' };
  assert.deepEqual(parsed('file', environment), { kind: 'file', configFolder });
  assert.deepEqual(parsed('file:/k?y', environment), { kind: 'file', configFolder, file: '/k?y' });
  assert.deepEqual(parsed('passphrase:/p'), { kind: 'passphrase', file: '/p' });
  assert.deepEqual(parsed('credential:root-key', environment), {
    kind: 'credential',
    name: 'root-key',
    folder: '/run/credentials/x',
  });
  assert.deepEqual(parsed('systemd-creds:/s'), {
    kind: 'systemd-creds',
    file: '/s',
    sealedWith: 'tpm2',
  });
  assert.deepEqual(parsed('systemd-creds:/s?with-key=host'), {
    kind: 'systemd-creds',
    file: '/s',
    sealedWith: 'host',
  });
  assert.deepEqual(parsed(uri), {
    kind: 'pkcs11',
    key: {
      modulePath: '/usr/lib/p11.so',
      pinFile: '/pin',
      token: 'my token',
      serial: undefined,
      label: 'root',
    },
  });
  assert.deepEqual(parsed(`aws-kms:${arn}?endpoint=https://kms.example:8443&profile=p`), {
    kind: 'aws-kms',
    keyArn: arn,
    endpoint: 'https://kms.example:8443',
    caFile: undefined,
    profile: 'p',
  });
});

test('the folder of the key file does not depend on where the service is started', (t) => {
  t.after(() => {
    process.env['HOME'] = home;
  });
  const home = process.env['HOME'];
  process.env['HOME'] = '/home/ann';
  const ofHome = { kind: 'file', configFolder: '/home/ann/.config/waxwing' };
  for (const XDG_CONFIG_HOME of ['', 'relative']) {
    assert.deepEqual(rootKeySource({ XDG_CONFIG_HOME }), ofHome);
  }
  for (const relative of ['', 'ann']) {
    process.env['HOME'] = relative;
    assert.throws(() => rootKeySource({}), {
      code: 'setting-invalid',
      message: `without a home folder, the file of the root key has no place: HOME is '${relative}'; expected an absolute path in HOME or XDG_CONFIG_HOME, or WAXWING_ROOT_KEY`,
    });
    assert.equal(rootKeySource({ XDG_CONFIG_HOME: '/c' }).kind, 'file');
    assert.equal(rootKeySource({ WAXWING_ROOT_KEY_FILE: '/k' }).kind, 'file');
    assert.equal(rootKeySource({ WAXWING_ROOT_KEY: 'passphrase:/p' }).kind, 'passphrase');
  }
});

test('the environment selects at most one source', () => {
  assert.equal(rootKeySource({}).kind, 'file');
  assert.equal(rootKeySource({ WAXWING_ROOT_KEY: '', WAXWING_ROOT_KEY_FILE: '' }).kind, 'file');
  assert.equal(rootKeySource({ WAXWING_ROOT_PASSPHRASE_FILE: '/p' }).kind, 'passphrase');
  assert.equal(rootKeySource({ WAXWING_ROOT_KEY: 'passphrase:/p' }).kind, 'passphrase');
  const both = { WAXWING_ROOT_KEY: 'file', WAXWING_ROOT_PASSPHRASE_FILE: '/p' };
  assert.throws(() => rootKeySource(both), {
    code: 'setting-invalid',
    message: /^WAXWING_ROOT_KEY and WAXWING_ROOT_PASSPHRASE_FILE are both set/,
  });
});

test('other texts are refused with what is allowed, and are not repeated if they may be secret', () => {
  const wrong: [string, RegExp][] = [
    ['a'.repeat(2049), /2049 characters; at most 2048/],
    ['c0ffee'.repeat(10), /unknown form; expected file/],
    ['tpm:/x', /unknown form/],
    ['passphrase:', /without a path/],
    ['passphrase', /without a path/],
    ['credential:../x', /a name of letters/],
    ['systemd-creds:/x?with-key=null', /one of tpm2, host, host\+tpm2/],
    ['pkcs11:object=a?module-path=/m&pin-value=1234', /pin-value would show the PIN/],
    ['pkcs11:object=a?module-path=m&pin-source=/p', /module-path is not an absolute path/],
    ['pkcs11:object=a?module-path=/m', /pin-source is not an absolute path/],
    ['pkcs11:token=a?module-path=/m&pin-source=/p', /no object/],
    ['pkcs11:object=a;object=b?module-path=/m&pin-source=/p', /'object' is unknown or repeated/],
    ['pkcs11:object=%?module-path=/m&pin-source=/p', /not percent-encoded/],
    ['pkcs11:object=a;type=private?module-path=/m&pin-source=/p', /only secret-key/],
    [`aws-kms:${arn.replace('key/', 'alias/')}`, /the ARN of a key and not of an alias/],
    [`aws-kms:${arn}?endpoint=http://x`, /https:\/\/HOST/],
    [`aws-kms:${arn}?endpoint=https://user:secret@x`, /https:\/\/HOST/],
    [`aws-kms:${arn}?profile=a&profile=b`, /each once/],
  ];
  for (const [text, message] of wrong) {
    assert.throws(
      () => parsed(text),
      (error: Error & { code?: string }) => {
        assert.equal(error.code, 'setting-invalid');
        assert.match(error.message, message);
        assert.doesNotMatch(error.message, /c0ffee|=1234|secret@/);
        return true;
      },
    );
  }
});

test('a description names no secret', () => {
  assert.equal(describeSource(parsed(uri)), 'the key root on a PKCS#11 token');
  assert.equal(describeSource(parsed(`aws-kms:${arn}`)), `the KMS key ${arn}`);
});
