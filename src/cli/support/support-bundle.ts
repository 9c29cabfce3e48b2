// The command `waxwing support-bundle`.

import {
  arch,
  cpus,
  freemem,
  homedir,
  hostname,
  release,
  totalmem,
  uptime,
  userInfo,
} from 'node:os';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { createTar } from 'nanotar';
import { systemClock } from '../../base/clock.ts';
import { askEnvironment, type Environment } from '../../server/environment.ts';
import { ServerError } from '../../server/errors.ts';
import { type ApiAccess, rootAccess } from '../access/call-api.ts';
import { type DoctorOptions, examine } from '../doctor/doctor.ts';
import type { Finding } from '../doctor/finding.ts';
import { CliError } from '../errors.ts';
import { version } from '../version.ts';
import { NewFile } from '../volumes/new-file.ts';
import { type BundledBroker, describeBrokers } from './brokers-part.ts';
import { fileLines } from './files-part.ts';
import { logLines } from './logs-part.ts';
import { metricsText } from './metrics-part.ts';
import { Redactor } from './redaction.ts';
import { serviceProcess, settingsOfEnvironment } from './settings-part.ts';

/** The options of `waxwing support-bundle`, under the names that the argument parser gives them. */
export interface SupportBundleOptions extends DoctorOptions {
  /** The newest lines of each log of a broker that are included. */
  readonly logLines: number;
}

/** Maximum size of the contents, bytes, before compression. */
const bytesMax = 32 * 1024 * 1024;
const logLinesMax = 10_000;
/** The shortest secret that is searched for: shorter ones would be found in other words. */
const secretLengthMin = 8;

/** A file of the bundle. */
interface Part {
  readonly name: string;
  readonly text: string;
}

/** The running service. */
interface Running {
  readonly access: ApiAccess;
  readonly environment: Environment;
}

/**
 * Writes a support bundle: a compressed archive of texts without secrets, messages and names. Works
 * without a running service too, with less.
 *
 * @param file the file to write, which must not exist; undefined for a name with the date
 * @throws {CliError} `file-exists`, `call-failed`, `setting-invalid`, `bundle-refused`
 * @throws {ServerError} `not-private`, `answer-invalid`
 */
export async function supportBundle(
  file: string | undefined,
  options: SupportBundleOptions,
): Promise<void> {
  if (options.logLines > logLinesMax) {
    const what = `--log-lines is ${options.logLines}; at most ${logLinesMax} are possible`;
    throw new CliError('setting-invalid', what);
  }
  const date = new Date(systemClock.nowMs()).toISOString();
  const stamp = date.slice(0, 19).replaceAll(/[-:]/g, '');
  const path = resolve(file ?? `waxwing-support-${stamp}.tar.gz`);
  await NewFile.check(path, false);
  const running = await runningService(resolve(options.data));
  const parts = await gather(options, running, date);
  refuseSecrets(parts, running?.environment ?? {});
  const sha256 = await write(path, `waxwing-support-${stamp}`, parts);
  console.log(`${path}: ${parts.map(({ name }) => name).join(', ')}`);
  console.log(`SHA-256 ${sha256}`);
}

async function runningService(folder: string): Promise<Running | undefined> {
  try {
    const environment = await askEnvironment(folder);
    return { access: await rootAccess(environment), environment };
  } catch (error) {
    if (error instanceof ServerError && error.code === 'not-running') return undefined;
    throw error;
  }
}

async function gather(
  options: SupportBundleOptions,
  running: Running | undefined,
  date: string,
): Promise<Part[]> {
  const folder = resolve(options.data);
  const brokers = running === undefined ? [] : await describeBrokers(running.access);
  const redactor = new Redactor(namesOf(brokers), [folder, homedir()]);
  const settings = {
    service: await serviceProcess(folder),
    environmentOfThisCommand: settingsOfEnvironment(process.env),
  };
  const findings = await examine({ ...options, folder }, options);
  const parts: Part[] = [
    { name: 'README.txt', text: readme },
    { name: 'about.json', text: json(about(date, running !== undefined)) },
    { name: 'settings.json', text: json(settings) },
    { name: 'doctor.json', text: json(openFindings(findings, redactor)) },
    { name: 'files.txt', text: await fileLines(folder).catch((error: Error) => refusal(error)) },
  ];
  if (running === undefined) return parts;
  parts.push({ name: 'brokers.json', text: json(brokers.map(({ shown }) => shown)) });
  const metrics = await metricsText(running.environment, running.access.authority);
  parts.push({ name: 'metrics.txt', text: redactor.metrics(metrics) });
  for (const broker of brokers) {
    const text = await logLines(running.access, broker, options.logLines);
    parts.push({ name: `logs/${broker.id}.txt`, text });
  }
  return parts;
}

const readme = `A support bundle of Waxwing: versions, settings, states, findings of 'waxwing doctor', sizes of
files, metrics, and the newest log lines of brokers.

It contains no messages, headers, passwords, keys or tokens, and no names of queues, exchanges, virtual
hosts, users, brokers or hosts. Brokers have their ids; other names are numbered (queue-1), or left out (…).
Look through it before you send it: all files are plain text.
`;

/** The names that findings may contain, with their substitutes. */
function namesOf(brokers: readonly BundledBroker[]): Map<string, string> {
  const names = brokers.map(({ name, id }) => [name, id] as const);
  const user = userInfo().username;
  return new Map([
    ...names,
    // "root" says nothing, and is in "root key".
    ...(user === 'root' ? [] : [[user, '<user>'] as const]),
    [hostname(), '<host>'],
  ]);
}

/**
 * Findings about brokers have texts of others, and `brokers.json` has their states. Those about the
 * certificate for public names contain the names, and those about the root key files and labels.
 */
function openFindings(findings: readonly Finding[], redactor: Redactor): Partial<Finding>[] {
  return findings
    .filter(({ about }) => about !== 'broker')
    .map(({ about, level, what, fix }) => ({
      about,
      level,
      ...(!['certificate', 'root key'].includes(about) && { what: redactor.text(what) }),
      ...(fix !== undefined && { fix: redactor.text(fix) }),
    }));
}

function about(date: string, isRunning: boolean): object {
  return {
    date,
    waxwing: version(),
    isRunning,
    node: process.version,
    openssl: process.versions.openssl,
    platform: `${process.platform} ${release()} ${arch()}`,
    processors: cpus().length,
    memoryBytes: totalmem(),
    freeMemoryBytes: freemem(),
    uptimeSeconds: Math.round(uptime()),
  };
}

const json = (value: unknown) => `${JSON.stringify(value, undefined, 2)}\n`;

function refusal({ code = 'unknown' }: NodeJS.ErrnoException): string {
  return `the folder cannot be read: ${code}\n`;
}

/** The last check: the secrets that this command knows must not be in any part. */
function refuseSecrets(parts: readonly Part[], environment: Environment): void {
  const url = environment.WAXWING_AMQP_URL;
  const secrets = [
    environment.AWS_SECRET_ACCESS_KEY,
    environment.WAXWING_METRICS_TOKEN,
    url === undefined ? undefined : decodeURIComponent(new URL(url).password),
  ].filter((secret) => secret !== undefined && secret.length >= secretLengthMin);
  for (const { name, text } of parts) {
    if (secrets.every((secret) => !text.includes(secret ?? ''))) continue;
    throw new CliError('bundle-refused', `${name} would contain a secret; nothing was written`);
  }
}

async function write(path: string, folder: string, parts: readonly Part[]): Promise<string> {
  const size = parts.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
  if (size > bytesMax) {
    const what = `the bundle would have ${size} bytes; at most ${bytesMax} are possible`;
    throw new CliError('bundle-refused', `${what}; take fewer --log-lines`);
  }
  const attrs = { mode: '600', uid: 0, gid: 0, mtime: systemClock.nowMs() };
  const tar = createTar(
    parts.map(({ name, text }) => ({ name: `${folder}/${name}`, data: text, attrs })),
  );
  const created = await NewFile.create(path, false);
  try {
    await created.write(await promisify(gzip)(tar));
    const sha256 = await created.readBack(() => {});
    await created.finish();
    return sha256;
  } catch (error) {
    await created.discard();
    throw error;
  }
}
