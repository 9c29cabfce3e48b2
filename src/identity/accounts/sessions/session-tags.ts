// Tags of sessions, and those that follow from one session into the next.

import type { Caller } from '../../../calls/caller.ts';
import { IamError } from '../errors.ts';
import { quotas } from '../quotas.ts';
import type { TagRecord } from '../records.ts';
import type { TagInput } from '../tags.ts';
import type { SessionRecord } from './session-record.ts';

/**
 * Returns the tags of a new session: those of the request, and the transitive ones of the caller.
 *
 * @throws {IamError} 'InvalidParameterValue'
 */
export function sessionTags(
  caller: Caller,
  tags: readonly TagInput[],
  transitiveKeys: readonly string[],
): Pick<SessionRecord, 'tags' | 'transitiveTagKeys'> {
  const inherited = inheritedTags(caller);
  const found = new Map(inherited.map((tag) => [tag.key.toLowerCase(), tag]));
  const isInherited = (key: string) => inherited.some((tag) => isSame(tag.key, key));
  for (const { Key: key, Value: value } of tags) {
    if (isInherited(key)) {
      throw invalid(
        `The tag ${key} cannot be set because it conflicts with a transitive tag of the calling session.`,
      );
    }
    if (found.has(key.toLowerCase())) {
      throw invalid('Duplicate tag keys found. Please note that Tag keys are case insensitive.');
    }
    found.set(key.toLowerCase(), { key, value });
  }
  for (const key of transitiveKeys) {
    if (found.has(key.toLowerCase())) continue;
    throw invalid('The specified transitive tag key must be included in the requested tags.');
  }
  if (found.size > quotas.tags) {
    throw invalid(`A session may have ${quotas.tags} tags; this one would have ${found.size}.`);
  }
  if (found.size === 0) return {};
  return {
    tags: [...found.values()],
    transitiveTagKeys: [...inherited.map(({ key }) => key), ...transitiveKeys],
  };
}

function inheritedTags({ temporary, tags = {} }: Caller): readonly TagRecord[] {
  const keys = temporary?.transitiveTagKeys ?? [];
  return Object.entries(tags).flatMap(([key, value]) =>
    keys.some((each) => isSame(each, key)) ? [{ key, value }] : [],
  );
}

function isSame(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

function invalid(message: string): IamError {
  return new IamError('InvalidParameterValue', message);
}
