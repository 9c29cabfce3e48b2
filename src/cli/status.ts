// The command `waxwing status`.

import { type AccessOptions, accessOf } from './access/access.ts';
import { callApiGet } from './access/call-api.ts';
import { CliError } from './errors.ts';

/** The options of `waxwing status`, under the names that the argument parser gives them. */
export interface StatusOptions extends AccessOptions {
  /** Whether to print JSON instead of a table. */
  readonly json: boolean;
}

/** The exit code if a broker does not run. */
const notRunningExitCode = 3;

/** Maximum number of calls; the service has fewer brokers. */
const pageCountMax = 10_000;

interface Summary {
  readonly brokerId: string;
  readonly brokerName: string;
  readonly brokerState: string;
  readonly engineType: string;
}

interface Page {
  readonly brokerSummaries: readonly Summary[];
  readonly nextToken?: string;
}

interface Description {
  readonly engineVersion?: string;
  readonly brokerInstances?: readonly { readonly endpoints?: readonly string[] }[];
  readonly actionsRequired?: readonly {
    readonly actionRequiredCode?: string;
    readonly actionRequiredInfo?: string;
  }[];
}

/** A broker as `waxwing status --json` prints it. */
export interface BrokerStatus {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly engine: string;
  /** The endpoint of its first protocol; undefined if it has never run. */
  readonly endpoint: string | undefined;
  /** Why it does not run, or needs an action. */
  readonly problem: string | undefined;
}

/**
 * Prints the brokers of the running service with their states. The exit code is 3 if one of them
 * does not run.
 *
 * @throws {ServerError} `not-running`
 * @throws {CliError} `call-failed`, `profile-invalid`
 */
export async function status(options: StatusOptions): Promise<void> {
  const access = await accessOf(options);
  const brokers: BrokerStatus[] = [];
  let nextToken: string | undefined;
  for (let count = 0; count < pageCountMax; count += 1) {
    const query = nextToken === undefined ? {} : { nextToken };
    const page = asPage(await callApiGet(access, 'mq', '/v1/brokers', query));
    for (const summary of page.brokerSummaries) {
      const path = `/v1/brokers/${encodeURIComponent(summary.brokerId)}`;
      const description = await callApiGet(access, 'mq', path, {});
      brokers.push(statusOf(summary, (description ?? {}) as Description));
    }
    nextToken = page.nextToken;
    if (nextToken === undefined) break;
  }
  if (options.json) console.log(JSON.stringify({ endpoint: access.endpoint, brokers }, null, 2));
  else for (const line of statusLines(access.endpoint, brokers)) console.log(line);
  if (brokers.some(({ state }) => state !== 'RUNNING')) process.exitCode = notRunningExitCode;
}

function asPage(answer: unknown): Page {
  const page = answer as Partial<Page> | undefined;
  if (Array.isArray(page?.brokerSummaries)) return page as Page;
  throw new CliError('call-failed', 'the answer of the service is not a list of brokers');
}

function statusOf(summary: Summary, description: Description): BrokerStatus {
  const { brokerId: id, brokerName: name, brokerState: state, engineType } = summary;
  const [action] = description.actionsRequired ?? [];
  const { actionRequiredCode = '', actionRequiredInfo = '' } = action ?? {};
  return {
    id,
    name,
    state,
    engine: `${engineType} ${description.engineVersion ?? ''}`.trim(),
    endpoint: description.brokerInstances?.[0]?.endpoints?.[0],
    problem: action && [actionRequiredCode, actionRequiredInfo].filter(Boolean).join(': '),
  };
}

/** Formats the brokers as a table. */
export function statusLines(endpoint: string, brokers: readonly BrokerStatus[]): string[] {
  const rows = brokers.map(({ name, state, engine, endpoint: url = '-' }) => [
    name,
    state,
    engine,
    url,
  ]);
  const table = [['BROKER', 'STATE', 'ENGINE', 'ENDPOINT'], ...rows];
  const widths = [0, 1, 2].map((at) => Math.max(...table.map((row) => row[at]?.length ?? 0)));
  const lines = table.map((row) => row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  '));
  const problems = brokers.flatMap(({ name, problem }) =>
    problem === undefined ? [] : [`${name}: ${problem}`],
  );
  const all = [`API  ${endpoint}`, '', ...(brokers.length > 0 ? lines : ['no brokers'])];
  return [...all, ...(problems.length > 0 ? ['', ...problems] : [])].map(printable);
}

/** Control characters must not reach the terminal. */
function printable(text: string): string {
  return text.replace(/[\p{C}]/gu, '?').trimEnd();
}
