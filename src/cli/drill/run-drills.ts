// The command `waxwing drill`, once its clients are known to be installed.

import { open } from 'node:fs/promises';
import { systemClock } from '../../base/clock.ts';
import { accessOf } from '../access/access.ts';
import { type ApiAccess, callApi } from '../access/call-api.ts';
import { CliError } from '../errors.ts';
import { printable } from '../printable.ts';
import { onFile } from '../system-error.ts';
import type { Drill, DrillResult } from './drill.ts';
import type { DrillOptions } from './drill-command.ts';
import { drills } from './drills.ts';
import { perform } from './perform.ts';
import { asJson, asMarkdown, type DrillReport, reportOf } from './report.ts';

/** The endings of the file of a report, and its formats. */
const formats = { '.json': asJson, '.md': asMarkdown } as const;

/**
 * Runs drills, prints what they saw, writes the report, and has the results recorded.
 *
 * @throws {CliError} `drill-unknown`, `drill-failed`, `report-invalid`, `profile-invalid`, `call-failed`
 * @throws {ServerError} `not-running`
 */
export async function runDrills(names: readonly string[], options: DrillOptions): Promise<void> {
  const chosen = options.all ? drills : names.map(drillNamed);
  if (chosen.length === 0) {
    for (const { name, promise } of drills) console.log(`${name.padEnd(20)}${promise}`);
    return;
  }
  const format = formatOf(options.report);
  // Before anything runs, so that a report that cannot be written, and a service that cannot record, are
  // known first.
  const access = options.record ? await accessOf(options) : undefined;
  const file = options.report === undefined ? undefined : await newFile(options.report);
  try {
    const startMs = systemClock.nowMs();
    const results: DrillResult[] = [];
    for (const drill of chosen) {
      const result = await perform(drill);
      results.push(result);
      for (const line of linesOf(result)) console.log(line);
    }
    const report = await reportOf(results, startMs, systemClock.nowMs());
    if (file !== undefined && options.report !== undefined) {
      await onFile(options.report, file.writeFile(format(report)));
    }
    if (access !== undefined) await record(access, report);
    const failed = results.filter(({ hasPassed }) => !hasPassed).map(({ name }) => name);
    const inPart = results.filter(({ notTried }) => notTried !== undefined);
    const passed = `${results.length - failed.length} of ${results.length} drills passed`;
    const names = inPart.map(({ name }) => name).join(', ');
    console.log(names === '' ? passed : `${passed}; tried in part: ${names}`);
    if (failed.length > 0) throw new CliError('drill-failed', `failed: ${failed.join(', ')}`);
  } finally {
    await file?.close();
  }
}

/** Maximum length of what the service records about parts that were not tried, characters. */
const notTriedLengthMax = 512;

/** Has the results recorded in the trail of the service. @throws {CliError} `call-failed` */
async function record(access: ApiAccess, report: DrillReport): Promise<void> {
  const { started: startedAt, ended: endedAt, subject } = report;
  const { waxwing: version, programSha256 } = subject;
  const results = report.drills.map(({ name, hasPassed, durationMs, notTried }) => ({
    drill: name,
    hasPassed,
    durationMs,
    ...(notTried !== undefined && {
      notTried: printable(notTried.join('; ')).slice(0, notTriedLengthMax),
    }),
  }));
  const input = { startedAt, endedAt, version, programSha256, drills: results };
  await callApi(access, 'waxwing-administration', '/waxwing/v1/drills', input);
  console.log('the results are recorded in the trail of the service');
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

function linesOf(result: DrillResult): string[] {
  const { name, hasPassed, durationMs, observations, notTried = [], error } = result;
  return [
    `${hasPassed ? 'passed' : 'FAILED'}  ${name}  (${(durationMs / 1000).toFixed(1)} s)`,
    ...observations.map(
      ({ what, isAsPromised, seen }) => `  ${isAsPromised ? '✓' : '✗'} ${what}: ${printable(seen)}`,
    ),
    ...notTried.map((what) => `  – not tried: ${printable(what)}`),
    ...(error === undefined ? [] : [`  ✗ ${printable(error)}`]),
  ];
}
