// Writes results, and reports to docs/performance.md.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { projectFolder } from './project.ts';

const end = '<!-- end -->';

/**
 * Replaces the report of a benchmark in the text of docs/performance.md.
 *
 * @param command the command that writes it, which its first mark names
 * @throws {Error} if the text has no place for it
 */
export function replaceReport(document: string, command: string, report: string): string {
  const begin = `<!-- Written by \`${command} -- --write\`: begin -->`;
  const from = document.indexOf(begin);
  const to = document.indexOf(end, from);
  if (from < 0 || to < 0) throw new Error(`there is no place for the tables: ${begin} … ${end}`);
  return `${document.slice(0, from)}${begin}\n\n${report}\n\n${document.slice(to)}`;
}

/** Where the results of a run go. */
interface Destination {
  /** A file for the results as JSON. */
  readonly output: string;
  /** Whether the report is written into docs/performance.md too. */
  readonly write: boolean;
}

/** Prints the report of a run and stores its results. `command` is the command that was run. */
export function writeResults(
  results: object,
  report: string,
  destination: Destination,
  command: string,
): void {
  mkdirSync(dirname(destination.output), { recursive: true });
  writeFileSync(destination.output, `${JSON.stringify(results, undefined, 1)}\n`);
  console.log(report);
  console.error(`results: ${destination.output}`);
  if (!destination.write) return;
  const file = join(projectFolder, 'docs', 'performance.md');
  writeFileSync(file, replaceReport(readFileSync(file, 'utf8'), command, report));
  console.error(`tables: ${file}`);
}
