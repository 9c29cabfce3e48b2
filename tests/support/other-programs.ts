// External programs for tests.

import { execFile } from 'node:child_process';
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

/**
 * The versions of a program on this machine's search path; where there is none, the one of a Debian
 * package, installed if that can be. A long run gets all versions, a short one the last.
 *
 * @returns in place of programs, why there are none
 */
export async function findPrograms(search: Search): Promise<readonly Program[] | string> {
  const there = await found(search);
  if (there.length > 0) return there;
  const why = await installed(search.package);
  if (why !== undefined) return why;
  const now = await found(search);
  return now.length > 0 ? now : `${search.package} is installed, but brings no ${search.name}`;
}

async function found({ name, versionArguments }: Search): Promise<Program[]> {
  const folders = new Set([...(process.env['PATH'] ?? '').split(delimiter), '/usr/bin']);
  const programs = new Map<string, Program>();
  for (const folder of folders) {
    const path = join(folder, name);
    const answer = await run(path, [...versionArguments]).catch(() => undefined);
    if (answer === undefined) continue;
    const version = `${answer.stdout}${answer.stderr}`.trim();
    if (!programs.has(version)) programs.set(version, { path, version });
  }
  const all = [...programs.values()];
  return isLong ? all : all.slice(-1);
}
