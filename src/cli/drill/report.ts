// The report of drills, for a person and for the file of an auditor.

import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { arch, hostname, platform, release } from 'node:os';
import { dirname, join } from 'node:path';
import { packageFolder } from '../../base/package-folder.ts';
import { version } from '../version.ts';
import type { DrillResult } from './drill.ts';
import { clientPackages } from './service/clients.ts';
import { programFile } from './service/place.ts';

/** What was used for drills. */
export interface ReportSubject {
  readonly waxwing: string;
  /** SHA-256 of the program's files, hexadecimal. */
  readonly programSha256: string;
  readonly node: string;
  readonly openssl: string;
  readonly system: string;
  readonly host: string;
  /** Versions of the clients, by package. */
  readonly clients: Readonly<Record<string, string>>;
}

/** A report. */
export interface DrillReport {
  readonly title: string;
  /** ISO 8601, UTC. */
  readonly started: string;
  readonly ended: string;
  readonly subject: ReportSubject;
  readonly passedCount: number;
  readonly failedCount: number;
  readonly drills: readonly DrillResult[];
}

/** Creates a report. The times are in milliseconds since 1970. */
export async function reportOf(
  drills: readonly DrillResult[],
  startMs: number,
  endMs: number,
): Promise<DrillReport> {
  const passedCount = drills.filter(({ hasPassed }) => hasPassed).length;
  return {
    title: 'Waxwing: drills of the promises of SECURITY.md',
    started: new Date(startMs).toISOString(),
    ended: new Date(endMs).toISOString(),
    subject: await subject(),
    passedCount,
    failedCount: drills.length - passedCount,
    drills,
  };
}

async function subject(): Promise<ReportSubject> {
  const clients: Record<string, string> = {};
  for (const name of clientPackages) {
    const text = await readFile(join(packageFolder, 'node_modules', name, 'package.json'), 'utf8');
    clients[name] = (JSON.parse(text) as { version: string }).version; // npm wrote it
  }
  return {
    waxwing: version(),
    programSha256: await programHash(),
    node: process.version,
    openssl: process.versions.openssl,
    system: `${platform()} ${release()} ${arch()}`,
    host: hostname(),
    clients,
  };
}

/** The hash of the names and contents of the program's files, without source maps. */
async function programHash(): Promise<string> {
  const folder = dirname(programFile);
  const hash = createHash('sha256');
  for (const name of (await readdir(folder)).filter((each) => each.endsWith('.js')).sort()) {
    const bytes = await readFile(join(folder, name));
    hash.update(`${name}\0${bytes.length}\0`).update(bytes);
  }
  return hash.digest('hex');
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

/**
 * The report as JSON, with the hash of the member `report` as it is written.
 * `jq -cj .report FILE | sha256sum` prints the same hash.
 */
export function asJson(report: DrillReport): string {
  const text = JSON.stringify(report);
  return `{"report":${text},"sha256":"${sha256(text)}"}\n`;
}

/**
 * The report as Markdown. Its last line has the hash of all lines before:
 * `head -n -1 FILE | sha256sum` prints it.
 */
export function asMarkdown(report: DrillReport): string {
  const { title, started, ended, subject: used, passedCount, failedCount } = report;
  const clients = Object.entries(used.clients).map(([name, of]) => `${name} ${of}`);
  const lines = [
    `# ${title}`,
    '',
    `${passedCount} of ${passedCount + failedCount} drills passed.`,
    '',
    '| | |',
    '| --- | --- |',
    `| started | ${started} |`,
    `| ended | ${ended} |`,
    `| Waxwing | ${used.waxwing}, SHA-256 of its program ${used.programSha256} |`,
    `| Node | ${used.node}, OpenSSL ${used.openssl} |`,
    `| system | ${cell(used.system)}, host ${cell(used.host)} |`,
    `| clients | ${clients.join(', ')} |`,
    '',
    '| drill | result |',
    '| --- | --- |',
    ...report.drills.map((drill) => `| ${drill.name} | ${resultOf(drill)} |`),
    ...report.drills.flatMap(sectionOf),
  ];
  const text = `${lines.join('\n')}\n`;
  return `${text}SHA-256 of the lines above: ${sha256(text)}\n`;
}

function resultOf({ hasPassed, notTried }: DrillResult): string {
  return `${hasPassed ? 'passed' : '**failed**'}${notTried === undefined ? '' : ', tried in part'}`;
}

function sectionOf(drill: DrillResult): string[] {
  const { name, promise, limits, durationMs, done, observations, notTried = [], error } = drill;
  return [
    '',
    `## ${name}: ${resultOf(drill)}`,
    '',
    `Promise: ${promise}`,
    ...(limits === undefined ? [] : ['', `Limits: ${limits}`]),
    ...notTried.flatMap((what) => ['', `Not tried: ${cell(what)}`]),
    '',
    `What was done, in ${(durationMs / 1000).toFixed(1)} s:`,
    '',
    ...done.map((what, i) => `${i + 1}. ${what}`),
    '',
    '| what must be so | result | what was seen |',
    '| --- | --- | --- |',
    ...observations.map(
      ({ what, isAsPromised, seen }) =>
        `| ${cell(what)} | ${isAsPromised ? 'yes' : '**no**'} | ${cell(seen)} |`,
    ),
    ...(error === undefined ? [] : ['', `It ended with an error: ${cell(error)}`]),
  ];
}

/** A text in a cell of a table: one line, without control characters. */
function cell(text: string): string {
  return text.replaceAll(/[\p{C}\s]+/gu, ' ').replaceAll('|', '\\|');
}
