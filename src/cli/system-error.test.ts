import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { describeSystemError } from './system-error.ts';

function failed(code: string, path?: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: as Node says it`), {
    ...{ code, syscall: 'write' },
    ...(path !== undefined && { path }),
  });
}

test('only files of the data folder are advised to be elsewhere with --data', () => {
  const remedyOf = (path: string | undefined, data?: string) =>
    describeSystemError(failed('ENOSPC', path), data).split('; ')[1];
  const full = 'free space on the disk';
  assert.equal(remedyOf('/d/data/seg-1', '/d/data'), `${full}, or name another folder with --data`);
  assert.equal(remedyOf('/d', '/d/data'), `${full}, or name another folder with --data`);
  assert.equal(remedyOf('/d/data.backup', '/d/data'), `${full}, or name another place for it`);
  assert.equal(remedyOf('/d/data/seg-1'), `${full}, or name another place for it`);
  const own = join(tmpdir(), 'waxwing-aws-1', 'rules');
  assert.equal(remedyOf(own, '/d'), `${full}, or name another folder with TMPDIR`);
  const chosen = join(tmpdir(), 'waxwing-support.tar.gz');
  assert.equal(remedyOf(chosen, '/d'), `${full}, or name another place for it`);
  assert.equal(remedyOf(undefined, '/d'), full);
});

test('an error without a remedy is described with its file', () => {
  const text = describeSystemError(failed('ENOENT', '/d/x'), '/d');
  assert.equal(text, 'cannot write /d/x: no such file or folder (ENOENT)');
});
