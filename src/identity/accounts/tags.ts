// Tags of users, roles, policies and MFA devices.

import { IamError, quotaExceeded } from './errors.ts';
import { quotas } from './quotas.ts';
import type { TagRecord } from './records.ts';

/** A tag in a request. */
export interface TagInput {
  readonly Key: string;
  readonly Value: string;
}

/**
 * Checks the tags of a new object.
 *
 * @throws {IamError} 'InvalidInput', 'LimitExceeded'
 */
export function newTags(tags: readonly TagInput[] = []): readonly TagRecord[] {
  return withTags([], tags);
}

/**
 * Adds tags, which replace those with the same keys.
 *
 * @throws {IamError} 'InvalidInput' for a key that occurs twice or is reserved; 'LimitExceeded'
 */
export function withTags(
  before: readonly TagRecord[],
  added: readonly TagInput[],
): readonly TagRecord[] {
  const result = new Map(before.map((tag) => [tag.key.toLowerCase(), tag]));
  const seen = new Set<string>();
  for (const { Key: key, Value: value } of added) {
    const name = key.toLowerCase();
    if (seen.has(name)) {
      throw new IamError(
        'InvalidInput',
        'Duplicate tag keys found. Please note that Tag keys are case insensitive.',
      );
    }
    if (name.startsWith('aws:')) {
      throw new IamError('InvalidInput', 'Tag keys that begin with aws: are reserved.');
    }
    seen.add(name);
    result.set(name, { key, value });
  }
  if (result.size > quotas.tags) throw quotaExceeded('TagsPerResource', quotas.tags);
  return [...result.values()];
}

/** Removes the tags with these keys. */
export function withoutTags(
  before: readonly TagRecord[],
  keys: readonly string[],
): readonly TagRecord[] {
  const removed = new Set(keys.map((key) => key.toLowerCase()));
  return before.filter(({ key }) => !removed.has(key.toLowerCase()));
}
