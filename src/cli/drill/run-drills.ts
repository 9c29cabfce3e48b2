// The command `waxwing drill`, once its clients are known to be installed.

import { open } from 'node:fs/promises';
import { systemClock } from '../../base/clock.ts';
import { CliError } from '../errors.ts';
import { printable } from '../printable.ts';
import { onFile } from '../system-error.ts';
import type { Drill, DrillResult } from './drill.ts';
import type { DrillOptions } from './drill-command.ts';
import { drills } from './drills.ts';
import { perform } from './perform.ts';
import { asJson, asMarkdown, reportOf } from './report.ts';

/** The endings of the file of a report, and its formats. */
const formats = { '.json': asJson, '.md': asMarkdown } as const;

/**
 * Runs drills, prints what they saw, and writes the report.
 *
 * @throws {CliError} `drill-unknown`, `drill-failed`, `report-invalid`
 */
export async function runDrills(names: readonly string[], options: DrillOptions): Promise<void> {
  const chosen = options.all ? drills : names.map(drillNamed);
  if (chosen.length === 0) {
    for (const { name, promise } of drills) console.log(`${name.padEnd(20)}${promise}`);
    return;
  }
  const format = formatOf(options.report);
  // Opened first, so that a report that cannot be written is known before anything runs.
  const file = options.report === undefined ? undefined : await newFile(options.report);
  try {
    const startMs = systemClock.nowMs();
    const results: DrillResult[] = [];
    for (const drill of chosen) {
      const result = await perform(drill);
      results.push(result);
      for (const line of linesOf(result)) console.log(line);
    }
    if (file !== undefined && options.report !== undefined) {
      const report = format(await reportOf(results, startMs, systemClock.nowMs()));
      await onFile(options.report, file.writeFile(report));
    }
    const failed = results.filter(({ hasPassed }) => !hasPassed).map(({ name }) => name);
    console.log(`${results.length - failed.length} of ${results.length} drills passed`);
    if (failed.length > 0) throw new CliError('drill-failed', `failed: ${failed.join(', ')}`);
  } finally {
    await file?.close();
  }
}

function drillNamed(name: string): Drill {
  const found = drills.find((drill) => drill.name === name);
  if (found !== undefined) return found;
  const all = drills.map((drill) => drill.name).join(', ');
  throw new CliError('drill-unknown', `there is no drill '${name}'; there are ${all}`);
}

function formatOf(path: string | undefined): (typeof formats)[keyof typeof formats] {
  if (path === undefined) return asMarkdown;
  for (const [ending, format] of Object.entries(formats)) if (path.endsWith(ending)) return format;
  const allowed = Object.keys(formats).join(' or ');
  throw new CliError('report-invalid', `--report is '${path}'; its name must end with ${allowed}`);
}

async function newFile(path: string) {
  try {
    return await open(path, 'wx');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new CliError('report-invalid', `${path} exists already; reports are not overwritten`);
  }
}

function linesOf({ name, hasPassed, durationMs, observations, error }: DrillResult): string[] {
  return [
    `${hasPassed ? 'passed' : 'FAILED'}  ${name}  (${(durationMs / 1000).toFixed(1)} s)`,
    ...observations.map(
      ({ what, isAsPromised, seen }) => `  ${isAsPromised ? '✓' : '✗'} ${what}: ${printable(seen)}`,
    ),
    ...(error === undefined ? [] : [`  ✗ ${printable(error)}`]),
  ];
}
