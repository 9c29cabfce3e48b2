import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { bitsForOthers, checkFolder } from './ownership.ts';

const root = realpathSync(mkdtempSync(join(tmpdir(), 'waxwing-owner-')));
const parent = join(root, 'parent');
const folder = join(parent, 'folder');
after(() => rmSync(root, { recursive: true }));
beforeEach(() => {
  rmSync(parent, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
});

const refused = (message: RegExp, path = folder) =>
  assert.throws(() => checkFolder(path), { code: 'not-private', message });

test('a folder that only its owner can write to is trusted, even if others can read it', () => {
  for (const mode of [0o700, 0o750, 0o755]) {
    chmodSync(folder, mode);
    assert.equal(checkFolder(folder), folder);
  }
});

test('a folder that others can write to is rejected, even with the sticky bit', () => {
  for (const mode of [0o702, 0o777, 0o1777]) {
    chmodSync(folder, mode);
    refused(/folder has mode 01?7\d\d: other users can write in it; run: chmod go-w '\S+folder'$/);
  }
});

test('a parent folder that others can write to is rejected unless it has the sticky bit', () => {
  chmodSync(parent, 0o777);
  refused(/parent has mode 0777/);
  chmodSync(parent, 0o1777);
  checkFolder(folder);
});

test('a symbolic link is checked at its target', () => {
  const link = join(root, 'link');
  symlinkSync(folder, link);
  assert.equal(checkFolder(link), folder);
  chmodSync(parent, 0o777);
  refused(/parent has mode 0777/, link);
  rmSync(link);
});

test('group write is allowed if nobody else is in the group; foreign owners are rejected', {
  skip: process.geteuid?.() === 0 ? false : 'only root can give a folder to others',
}, () => {
  chmodSync(folder, 0o770);
  checkFolder(folder); // root's own group
  chownSync(folder, 0, 12345);
  refused(/folder has mode 0770: other users can write in it/);
  chmodSync(folder, 0o700);
  for (const path of [folder, parent]) {
    chownSync(path, 12345, 0);
    refused(
      /belongs to user 12345, who can change what is in it; it must belong to root, or run this command as user 12345$/,
    );
    chownSync(path, 0, 0);
  }
});

// A user with a private group on every Debian. A volume of Kubernetes belongs to root and to the
// group of the pod, which may write; the group of a mounted secret may read it.
test('root may lend a folder to the private group of the user, and a secret to any of its groups', {
  skip: process.geteuid?.() === 0 ? false : 'only root can become another user',
}, () => {
  const daemon = 1;
  const secret = join(parent, 'secret');
  writeFileSync(secret, 'x');
  chmodSync(secret, 0o444);
  for (const path of [root, folder]) chmodSync(path, 0o755);
  chownSync(parent, 0, daemon);
  chmodSync(parent, 0o2775);
  chownSync(folder, daemon, daemon);
  process.seteuid?.(daemon);
  try {
    checkFolder(folder);
    assert.equal(bitsForOthers(statSync(secret)), 0o004);
  } finally {
    process.seteuid?.(0);
  }
  assert.equal(bitsForOthers(statSync(secret)), 0o044, 'root does not share with itself');
  refused(/belongs to user 1, who can change/);
  chownSync(folder, 0, 0);
  refused(/parent has mode 02775: other users can write in it/);
  chownSync(parent, 0, 12345);
  chownSync(folder, daemon, daemon);
  process.seteuid?.(daemon);
  try {
    refused(/parent has mode 02775: other users/);
  } finally {
    process.seteuid?.(0);
  }
});

test('checked folders are not checked again', () => {
  const proved = new Set<string>();
  checkFolder(folder, proved);
  assert.ok(proved.has(folder) && proved.has(parent) && proved.has('/'));
  chmodSync(parent, 0o777);
  checkFolder(folder, proved);
});
