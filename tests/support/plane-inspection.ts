// The inspection of texts in a control plane of tests.

import type { TextInspection } from '../../src/aws/pipeline/text-inspection.ts';
import { textInspection } from '../../src/server/sensitive-names/text-inspection.ts';
import type { SensitiveNamesMode } from '../../src/server/settings.ts';

/** Inspects the texts of calls, in the mode of the moment. */
export function inspectionOf(plane: {
  readonly sensitiveNames: SensitiveNamesMode;
}): TextInspection {
  const found = textInspection({ sensitiveNames: 'warn', personNames: [] });
  return {
    get isRefusing() {
      return plane.sensitiveNames === 'reject';
    },
    find: async (fields) =>
      plane.sensitiveNames === 'off' ? [] : ((await found?.find(fields)) ?? []),
  };
}
