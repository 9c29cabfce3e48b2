// The operation `ListAdvice`.

import { operation } from '../../../aws/service.ts';
import { list, required, string, structure } from '../../../aws/shapes/shape.ts';
import type { AdministrationParts } from '../parts.ts';

const finding = structure({
  check: required(string()),
  subject: required(string()),
  what: required(string()),
  why: required(string()),
  fix: required(string()),
});

/** Lists what of the advice on data protection is not followed, a part per call. */
export function listAdvice({ findings }: AdministrationParts) {
  return operation({
    action: 'waxwing:ListAdvice',
    readOnly: true,
    http: { method: 'POST', path: '/waxwing/v1/advice' },
    input: structure({ nextToken: string({ max: 16, pattern: /^\d{1,3}\.\d{1,9}$/ }) }),
    output: structure({ findings: required(list(finding)), nextToken: string() }),
    handle: async ({ nextToken }) => {
      const page = await findings(nextToken);
      return {
        output: { findings: [...page.findings], nextToken: page.next },
        additionalEventData: { findingCount: page.findings.length },
      };
    },
  });
}
