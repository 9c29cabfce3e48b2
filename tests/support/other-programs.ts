// External programs for tests.

import { execFile } from 'node:child_process';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { installed } from './debian-packages.ts';
import { isLong } from './proof.ts';

const run = promisify(execFile);

/** A program of other people's. */
export interface Program {
  /** Its whole path. */
  readonly path: string;
  /** The version text of the program. */
  readonly version: string;
}

/** How a program is found. */
export interface Search {
  /** Its file's name. */
  readonly name: string;
  /** The arguments with which it prints its version, or fails if it is unusable. */
  readonly versionArguments: readonly string[];
  /** The Debian package that brings it. */
  readonly package: string;
}

const searched = new Map<string, Promise<readonly Program[] | string>>();

/**
 * The versions of a program on this machine's search path; where there is none, the one of a Debian
 * package, installed if that can be. A long run gets all versions, a short one the last.
 *
 * @returns in place of programs, why there are none
 */
export async function findPrograms(search: Search): Promise<readonly Program[] | string> {
  const key = JSON.stringify(search);
  const found = searched.get(key) ?? searchOrInstall(search);
  searched.set(key, found);
  return await found;
}

/** Finds the versions of a program on the search path. Installs nothing, unlike {@link findPrograms}. */
export async function findInstalled(search: Search): Promise<readonly Program[]> {
  return await found(search);
}

async function searchOrInstall(search: Search): Promise<readonly Program[] | string> {
  const there = await found(search);
  if (there.length > 0) return there;
  const why = await installed(search.package);
  if (why !== undefined) return why;
  const now = await found(search);
  return now.length > 0 ? now : `${search.package} is installed, but brings no ${search.name}`;
}

/** The files with a name on the search path, each once: folders may be links to others. */
function filesNamed(name: string): string[] {
  const paths = new Map<string, string>();
  for (const folder of [...(process.env['PATH'] ?? '').split(delimiter), '/usr/bin']) {
    const path = join(folder, name);
    if (!existsSync(path)) continue;
    const file = realpathSync(path);
    if (!paths.has(file)) paths.set(file, path);
  }
  return [...paths.values()];
}

/**
 * The file that a shim of pyenv runs. A shim takes a tenth of a second of a processor each time, and does
 * not show that the program is one of Python.
 */
async function behindShim(path: string, name: string): Promise<string> {
  const isShim = path.includes('/shims/') && readFileSync(path, 'latin1').includes('pyenv');
  return isShim ? (await run('pyenv', ['which', name])).stdout.trim() : path;
}

/** A program is asked for its version, which may take a second: short runs ask for one. */
async function found({ name, versionArguments }: Search): Promise<Program[]> {
  const programs = new Map<string, Program>();
  for (const listed of filesNamed(name).reverse()) {
    const path = await behindShim(listed, name).catch(() => undefined);
    if (path === undefined) continue;
    const answer = await run(path, [...versionArguments]).catch(() => undefined);
    if (answer === undefined) continue;
    const version = `${answer.stdout}${answer.stderr}`.trim();
    programs.set(version, { path, version });
    if (!isLong) break;
  }
  return [...programs.values()].reverse();
}
