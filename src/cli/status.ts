// The command `waxwing status`.

import { type AccessOptions, accessOf } from './access/access.ts';
import { type BrokerStatus, brokerStatuses, isDown } from './broker-statuses.ts';
import { printable } from './printable.ts';

/** The options of `waxwing status`, under the names that the argument parser gives them. */
export interface StatusOptions extends AccessOptions {
  /** Whether to print JSON instead of a table. */
  readonly json: boolean;
}

/** The exit code if a broker does not run. */
const notRunningExitCode = 3;

/**
 * Prints the brokers of the running service with their states. The exit code is 3 if one of them
 * does not run.
 *
 * @throws {ServerError} `not-running`
 * @throws {CliError} `call-failed`, `profile-invalid`
 */
export async function status(options: StatusOptions): Promise<void> {
  const access = await accessOf(options);
  const brokers = await brokerStatuses(access);
  if (options.json) console.log(JSON.stringify({ endpoint: access.endpoint, brokers }, null, 2));
  else for (const line of statusLines(access.endpoint, brokers)) console.log(line);
  if (brokers.some(isDown)) process.exitCode = notRunningExitCode;
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
  return [...all, ...(problems.length > 0 ? ['', ...problems] : [])].map((line) =>
    printable(line).trimEnd(),
  );
}
