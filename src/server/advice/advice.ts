// Lists what of the advice on data protection is not followed.

import type { Finding, FindingsPage } from '../../api/administration/parts.ts';
import type { AdviceParts, Check } from './advice-parts.ts';
import { brokerChecks } from './broker-checks.ts';
import { credentialChecks } from './credential-checks.ts';
import { nameChecks } from './name-checks.ts';
import { policyChecks } from './policy-checks.ts';
import { rootChecks } from './root-checks.ts';

/** All checks. The order is that of the findings. */
export const checks: readonly Check[] = [
  ...rootChecks,
  ...credentialChecks,
  ...policyChecks,
  ...brokerChecks,
  ...nameChecks,
];

/** Maximum number of subjects that one call examines. */
const examinedCountMax = 200;
/** Maximum number of findings of one call. */
const findingCountMax = 100;
/** Subjects that are examined before other work of the process runs. */
const examinedPerTurn = 4;
/** Subjects that are passed over before other work of the process runs. */
const skippedPerTurn = 2000;

/**
 * Returns a part of the findings.
 *
 * @param after where the list continues, `CHECK.SUBJECT`; undefined for its beginning. What is
 *   created or deleted between two parts may be missing or be repeated.
 */
export async function findings(
  parts: AdviceParts,
  after: string | undefined,
  nowMs: number,
): Promise<FindingsPage> {
  const [firstCheck = 0, firstSubject = 0] = (after ?? '').split('.').map(Number);
  const found: Finding[] = [];
  let examinedCount = 0;
  for (const [row, check] of checks.entries()) {
    if (row < firstCheck) continue;
    let at = 0;
    for (const examine of check.examinations(parts, nowMs)) {
      const position = at++;
      if (row === firstCheck && position < firstSubject) {
        if (position % skippedPerTurn === skippedPerTurn - 1) await nextTurn();
        continue;
      }
      if (examinedCount >= examinedCountMax || found.length >= findingCountMax) {
        return { findings: found, next: `${row}.${position}` };
      }
      if (++examinedCount % examinedPerTurn === 0) await nextTurn();
      const observed = await examine();
      if (observed) found.push({ check: check.name, why: check.why, ...observed });
    }
  }
  return { findings: found, next: undefined };
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
