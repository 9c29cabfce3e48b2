// Tags of keys.

import { KmsError } from './errors.ts';

/** A tag in the format of the API. */
export interface Tag {
  readonly TagKey: string;
  readonly TagValue: string;
}

const tagsPerKeyMax = 50;

/**
 * Adds tags to the tags of a key. A tag with an existing key replaces its value.
 *
 * @throws {KmsError} 'TagException'
 */
export function withTags(
  tags: Readonly<Record<string, string>>,
  further: readonly Tag[],
): Readonly<Record<string, string>> {
  const names = further.map(({ TagKey }) => TagKey);
  requireNotReserved(names);
  if (new Set(names).size < names.length) {
    throw new KmsError('TagException', 'Duplicate tag keys');
  }
  // fromEntries and not assignment, because a tag may be named __proto__.
  const pairs = further.map(({ TagKey, TagValue }) => [TagKey, TagValue] as const);
  const all = Object.fromEntries([...Object.entries(tags), ...pairs]);
  if (Object.keys(all).length > tagsPerKeyMax) {
    throw new KmsError(
      'TagException',
      `Too many tags: at most ${tagsPerKeyMax} are allowed on a key`,
    );
  }
  return all;
}

/**
 * Removes tags from the tags of a key. Names that do not exist are ignored.
 *
 * @throws {KmsError} 'TagException'
 */
export function withoutTags(
  tags: Readonly<Record<string, string>>,
  names: readonly string[],
): Readonly<Record<string, string>> {
  requireNotReserved(names);
  return Object.fromEntries(Object.entries(tags).filter(([name]) => !names.includes(name)));
}

function requireNotReserved(names: readonly string[]): void {
  if (!names.some((name) => name.toLowerCase().startsWith('aws:'))) return;
  throw new KmsError('TagException', 'Tags beginning with aws: are reserved');
}
