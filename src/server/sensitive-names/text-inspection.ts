// The inspection of names, descriptions and tags in calls.

import type { TextInspection } from '../../aws/pipeline/text-inspection.ts';
import type { PersonNames } from '../../sensitive-data/person-names.ts';
import type { Settings } from '../settings.ts';

/**
 * Creates the inspection for the configured mode; undefined if it is off. The rules and their
 * libraries are loaded by the first call with free text.
 */
export function textInspection({
  sensitiveNames,
  personNames,
}: Pick<Settings, 'sensitiveNames' | 'personNames'>): TextInspection | undefined {
  if (sensitiveNames === 'off') return undefined;
  let list: PersonNames | undefined;
  return {
    isRefusing: sensitiveNames === 'reject',
    find: async (fields) => {
      const { inspectFields } = await import('../../sensitive-data/inspect-fields.ts');
      if (list === undefined && personNames.length > 0) {
        const { PersonNames } = await import('../../sensitive-data/person-names.ts');
        list = new PersonNames(personNames);
      }
      return inspectFields(fields, list, nextTurn);
    },
  };
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
