// The command `waxwing advise`.

import { type AccessOptions, accessOf } from './access/access.ts';
import { callApi } from './access/call-api.ts';
import { CliError } from './errors.ts';
import { printable } from './printable.ts';

/** The options of `waxwing advise`, under the names that the argument parser gives them. */
export interface AdviseOptions extends AccessOptions {
  /** Whether to print JSON instead of text. */
  readonly json: boolean;
}

/** A deviation from the advice, as the service reports it. */
export interface Finding {
  readonly check: string;
  readonly subject: string;
  readonly what: string;
  readonly why: string;
  readonly fix: string;
}

/** The exit code if there are findings. */
export const findingsExitCode = 3;

/** Maximum number of calls; the service has fewer subjects. */
const pageCountMax = 10_000;

interface Page {
  readonly findings: readonly Finding[];
  readonly nextToken?: string;
}

/**
 * Prints what of the advice on data protection is not followed. The exit code is then
 * {@link findingsExitCode}.
 *
 * @throws {ServerError} `not-running`
 * @throws {CliError} `call-failed`, `profile-invalid`
 */
export async function advise(options: AdviseOptions): Promise<void> {
  const access = await accessOf(options);
  const findings: Finding[] = [];
  let nextToken: string | undefined;
  for (let count = 0; count < pageCountMax; count += 1) {
    const input = nextToken === undefined ? {} : { nextToken };
    const page = asPage(
      await callApi(access, 'waxwing-administration', '/waxwing/v1/advice', input),
    );
    findings.push(...page.findings);
    nextToken = page.nextToken;
    if (nextToken === undefined) break;
  }
  if (options.json) console.log(JSON.stringify({ findings }, null, 2));
  else for (const line of adviceLines(findings)) console.log(line);
  if (findings.length > 0) process.exitCode = findingsExitCode;
}

function asPage(answer: unknown): Page {
  const page = answer as Partial<Page> | undefined;
  if (Array.isArray(page?.findings)) return page as Page;
  throw new CliError('call-failed', 'the answer of the service is not a page of findings');
}

/** Formats the findings as lines of text, grouped by reason. */
export function adviceLines(findings: readonly Finding[]): string[] {
  if (findings.length === 0) return ['Nothing was found: all advice that is checked is followed.'];
  const lines = [...groups(findings)].flatMap(([check, same]) => [
    `${check}: the advice is ${same[0]?.why ?? ''}`,
    ...same.flatMap(({ subject, what, fix }) => [
      `  ${printable(subject)}: ${printable(what)}`,
      `    fix: ${printable(fix)}`,
    ]),
    '',
  ]);
  return [...lines, `${findings.length} finding${findings.length === 1 ? '' : 's'}.`];
}

function groups(findings: readonly Finding[]): Map<string, Finding[]> {
  const byCheck = new Map<string, Finding[]>();
  for (const finding of findings) {
    const same = byCheck.get(finding.check);
    if (same) same.push(finding);
    else byCheck.set(finding.check, [finding]);
  }
  return byCheck;
}
