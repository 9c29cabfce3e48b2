import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { enforceFips } from './fips.ts';
import { fipsProcess, isFipsForced } from './fips-process.ts';

const forced = '--force-fips';
afterEach(() => {
  process.execArgv = process.execArgv.filter(
    (each) => each !== forced && !each.startsWith('--openssl-'),
  );
});

test('a process that was not started with the provider does not pass for one', () => {
  assert.equal(isFipsForced(), false);
  assert.throws(enforceFips, {
    code: 'fips-inactive',
    message: /was not started with --force-fips/,
  });
  assert.deepEqual(fipsProcess(), { options: [], environment: {} });
});

test('the option alone does not prove the provider', () => {
  process.execArgv = [...process.execArgv, forced];
  assert.throws(enforceFips, {
    code: 'fips-inactive',
    message: /provider of OpenSSL is not active/,
  });
});

test('further processes get the options of the provider and no others', () => {
  const configuration = '--openssl-config=/etc/fips.cnf';
  process.execArgv = [...process.execArgv, '--inspect-port=0', forced, configuration];
  assert.deepEqual(fipsProcess().options, [forced, configuration]);
});
