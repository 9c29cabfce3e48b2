import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFipsWanted } from './fips-setting.ts';

const wanted = (args: string, variable?: string) =>
  isFipsWanted(['node', 'waxwing', ...args.split(' ')], {
    ...(variable !== undefined && { WAXWING_FIPS: variable }),
  });

test('the option and the variable ask for FIPS mode', () => {
  assert.equal(wanted('serve --fips'), true);
  assert.equal(wanted('serve', '1'), true);
  for (const value of ['', '0', 'false', 'no']) assert.equal(wanted('serve', value), false);
  assert.equal(wanted('serve'), false);
});

test('an argument of the AWS CLI is not the option, but the variable counts', () => {
  assert.equal(wanted('aws mq list-brokers --fips'), false);
  assert.equal(wanted('aws mq list-brokers', 'yes'), true);
});
