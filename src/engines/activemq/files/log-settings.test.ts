import assert from 'node:assert/strict';
import { test } from 'node:test';
import { log4j2File, log4jFile } from './log-settings.ts';

test('each entry of the log begins with the token', () => {
  assert.match(log4jFile('00ff'), /\.ConversionPattern=00ff\|%p\|%m%n\n/);
  assert.match(log4j2File('00ff'), /\.layout\.pattern=00ff\|%p\|%m%n\n/);
});
