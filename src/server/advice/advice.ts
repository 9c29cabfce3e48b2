// Lists what of the advice on data protection is not followed.

import type { Finding, FindingsPage } from '../../api/administration/parts.ts';
import type { AdviceParts, Check } from './advice-parts.ts';
import { brokerChecks } from './broker-checks.ts';
import { certificateChecks } from './certificate-checks.ts';
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
  ...certificateChecks,
];

/** Maximum number of subjects that one call examines. */
const examinedCountMax = 200;
/** Maximum number of findings of one call. */
const findingCountMax = 100;
/** Subjects that are examined before other work of the process runs. */
const examinedPerTurn = 4;
/** Subjects that are passed over before other work of the process runs. */
const skippedPerTurn = 2000;

/** A place in the list of checks and their subjects. */
interface Place {
  readonly check: number;
  readonly subject: number;
}

/** Examines subjects until the limits of one call are reached. */
class Round {
  readonly found: Finding[] = [];
  /** Where the next call continues; undefined if all subjects were examined. */
  next: Place | undefined = undefined;
  readonly #parts: AdviceParts;
  readonly #nowMs: number;
  #examinedCount = 0;

  constructor(parts: AdviceParts, nowMs: number) {
    this.#parts = parts;
    this.#nowMs = nowMs;
  }

  get #isFull(): boolean {
    return this.#examinedCount >= examinedCountMax || this.found.length >= findingCountMax;
  }

  /** @param skippedCount the subjects at the beginning that were examined before */
  async examine(check: Check, row: number, skippedCount: number): Promise<void> {
    let position = -1;
    for (const examine of check.examinations(this.#parts, this.#nowMs)) {
      position += 1;
      if (position < skippedCount) {
        if (position % skippedPerTurn === skippedPerTurn - 1) await nextTurn();
        continue;
      }
      if (this.#isFull) {
        this.next = { check: row, subject: position };
        return;
      }
      this.#examinedCount += 1;
      if (this.#examinedCount % examinedPerTurn === 0) await nextTurn();
      const observed = await examine();
      if (observed) this.found.push({ check: check.name, why: check.why, ...observed });
    }
  }
}

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
  const [first = 0, skippedCount = 0] = (after ?? '').split('.').map(Number);
  const round = new Round(parts, nowMs);
  for (const [row, check] of checks.entries()) {
    if (row < first) continue;
    await round.examine(check, row, row === first ? skippedCount : 0);
    if (round.next !== undefined) break;
  }
  const { found, next } = round;
  return { findings: found, next: next && `${next.check}.${next.subject}` };
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
