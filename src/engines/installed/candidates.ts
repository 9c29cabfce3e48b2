// Where installed engines may be.

import { readdir, stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { InstallationError } from './errors.ts';

/** Maximum number of entries of a folder that are looked at. */
const entriesMax = 256;

/** Where an engine is searched. */
export interface Search {
  /** `RabbitMQ` */
  readonly engine: string;
  /** The variable that names its folder: `WAXWING_RABBITMQ_HOME` */
  readonly variable: string;
  /** Folders, with one `*` at most, in the last part. */
  readonly places: readonly string[];
  /** Whether a folder is a home of the engine. */
  isHome(folder: string): Promise<boolean>;
}

/** Variables of the process, by name. */
export type Variables = Readonly<Record<string, string | undefined>>;

/**
 * Returns the folders of an engine. If a setting or a variable names some, there are no others.
 *
 * @param configured an absolute path; undefined if there is no such setting
 * @throws {InstallationError} `engine-not-found` if there is none, or a named one is not one
 */
export async function homesOf(
  search: Search,
  configured: string | undefined,
  variables: Variables,
): Promise<readonly string[]> {
  const { engine, variable, places } = search;
  const named = configured === undefined ? namedFolders(variables[variable]) : [configured];
  const source = configured === undefined ? variable : 'the setting';
  for (const folder of named) {
    if (isAbsolute(folder) && (await search.isHome(folder))) continue;
    const text = `${source} names ${folder}, which is not the absolute path of a folder of ${engine}`;
    throw new InstallationError('engine-not-found', text);
  }
  if (named.length > 0) return named;
  const found = (await Promise.all(places.map(matches))).flat();
  const homes = [];
  for (const folder of found) if (await search.isHome(folder)) homes.push(folder);
  if (homes.length > 0) return homes;
  const text = `${engine} is not installed in ${places.join(', ')}; ${variable} can name its folder`;
  throw new InstallationError('engine-not-found', text);
}

/** The folders that a variable names, separated by colons; the first few hundred. */
export function namedFolders(value: string | undefined): string[] {
  return (value ?? '')
    .split(':')
    .filter((folder) => folder !== '')
    .slice(0, entriesMax);
}

/** The existing folders of a place. */
async function matches(place: string): Promise<string[]> {
  const [before = '', after] = place.split('*');
  if (after === undefined) return [place];
  const slash = before.lastIndexOf('/');
  const folder = before.slice(0, slash);
  const names = await readdir(folder).catch(() => []); // it need not exist
  const start = before.slice(slash + 1);
  const fitting = names.slice(0, entriesMax).filter((name) => name.startsWith(start));
  return fitting.map((name) => join(folder, name));
}

/** Whether a file or folder exists and can be examined. */
export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** Compares versions: negative if the first is older. Parts that are not numbers are ignored. */
export function compareVersions(one: string, other: string): number {
  const numbers = (version: string) => version.split(/[^0-9]+/).map(Number);
  const [a, b] = [numbers(one), numbers(other)];
  for (let at = 0; at < Math.max(a.length, b.length); at += 1) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Results by the path that they are about, as long as it is not modified. */
export class PathCache<Value> {
  readonly #known = new Map<string, { readonly mtimeMs: number; readonly value: Value }>();

  /** Returns the known result, or finds it. Errors are not kept. */
  async get(path: string, find: () => Promise<Value>): Promise<Value> {
    const { mtimeMs } = await stat(path);
    const known = this.#known.get(path);
    if (known?.mtimeMs === mtimeMs) return known.value;
    const value = await find();
    // The paths come from settings and a few folders.
    if (this.#known.size >= entriesMax) this.#known.clear();
    this.#known.set(path, { mtimeMs, value });
    return value;
  }
}
