// The command `waxwing doctor`.

import { resolve } from 'node:path';
import { printable } from '../printable.ts';
import { type CertificateOptions, checkCertificate } from './certificate-checks.ts';
import { checkEngines } from './engine-checks.ts';
import type { Finding, Place } from './finding.ts';
import { checkDisk, checkKernel, checkPorts, checkPrograms } from './machine-checks.ts';
import { checkOwnership, checkRootKey, checkService, checkTime } from './service-checks.ts';

/** The options of `waxwing doctor`, under the names that the argument parser gives them. */
export interface DoctorOptions extends CertificateOptions, Omit<Place, 'folder'> {
  readonly data: string;
  /** Whether to print JSON instead of text. */
  readonly json: boolean;
}

/** The exit code if there is a problem. */
const problemExitCode = 3;

const marks = { ok: 'ok     ', warning: 'WARNING', problem: 'PROBLEM' } as const;

/**
 * Checks the machine, the data folder and the running service, and prints what it found with the
 * remedies. Changes nothing. The exit code is 3 if there is a problem.
 */
export async function doctor(options: DoctorOptions): Promise<void> {
  const place = { ...options, folder: resolve(options.data) };
  const findings = await examine(place, options);
  if (options.json) console.log(JSON.stringify({ findings }, null, 2));
  else for (const line of reportLines(findings)) console.log(line);
  if (findings.some(({ level }) => level === 'problem')) process.exitCode = problemExitCode;
}

/** Checks the machine, the data folder and the running service. Changes nothing. */
export async function examine(place: Place, options: CertificateOptions): Promise<Finding[]> {
  const service = await checkService(place);
  return [
    ...(await checkPrograms()),
    ...(await checkOwnership(place)),
    ...(await checkRootKey(place)),
    ...(await checkDisk(place)),
    ...(await checkTime(place)),
    ...(await checkCertificate(options)),
    ...(await checkKernel()),
    ...(await checkEngines()),
    ...service.findings,
    ...(service.isRunning ? [] : await checkPorts(place)),
  ];
}

/** Formats findings as lines of text. */
export function reportLines(findings: readonly Finding[]): string[] {
  const width = Math.max(0, ...findings.map(({ about }) => about.length));
  const lines = findings.flatMap(({ about, level, what, fix }) => [
    `${marks[level]}  ${about.padEnd(width)}  ${what}`,
    ...(fix === undefined ? [] : [`${' '.repeat(11 + width)}fix: ${fix}`]),
  ]);
  return lines.map(printable);
}
