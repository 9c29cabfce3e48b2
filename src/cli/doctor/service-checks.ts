// The checks of `waxwing doctor` on a data folder and its service.

import { X509Certificate } from 'node:crypto';
import { access, constants, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../base/clock.ts';
import { WaxwingError } from '../../base/errors.ts';
import { askEnvironment } from '../../server/environment.ts';
import { ServerError } from '../../server/errors.ts';
import { checkFolder, checkFolderAbove } from '../../server/ownership.ts';
import { showRootKey } from '../../server/root-key/root-key-change.ts';
import { describeSource, rootKeySource } from '../../server/root-key/source.ts';
import { systemFolder } from '../../server/system-volume.ts';
import { rootAccess } from '../access/call-api.ts';
import { brokerStatuses, isDown } from '../broker-statuses.ts';
import { explainSystemError, isSystemError } from '../system-error.ts';
import { existingFolder } from './existing-folder.ts';
import { type Finding, ok, type Place } from './finding.ts';

const dayMs = 24 * 3600 * 1000;
/** Time before the end of an authority at which a warning is given. */
const authorityMs = 90 * dayMs;
/** How far files may be ahead of the clock. */
const aheadMs = 60_000;

/** Whether others could change the data folder, or what is above it. */
export async function checkOwnership({ folder }: Place): Promise<Finding[]> {
  const place = existingFolder(folder);
  try {
    if (place === folder) checkFolder(place);
    else checkFolderAbove(place);
    await access(place, constants.W_OK);
    return [
      ok('data folder', place === folder ? `${folder} is private` : `${folder} does not exist yet`),
    ];
  } catch (error) {
    return [problemOf('data folder', error)];
  }
}

/** Whether the configured root key opens the folder. */
export async function checkRootKey({ folder }: Place): Promise<Finding[]> {
  try {
    const source = rootKeySource(process.env);
    const name = describeSource(source);
    if (!(await exists(systemFolder(folder)))) {
      return [ok('root key', `the first start will use ${name}`)];
    }
    const { problem } = await showRootKey(folder, source);
    if (problem === undefined) return [ok('root key', `${name} opens the folder`)];
    return [{ about: 'root key', level: 'problem', what: problem }];
  } catch (error) {
    return [problemOf('root key', error)];
  }
}

/** Whether the clock is behind the data, and the authorities are valid for some time. */
export async function checkTime({ folder }: Place): Promise<Finding[]> {
  const nowMs = systemClock.nowMs();
  const found: Finding[] = [];
  const newestMs = await newestFileMs(systemFolder(folder));
  if (newestMs > nowMs + aheadMs) {
    const what = `it is behind the newest file of ${folder} by ${Math.round((newestMs - nowMs) / 1000)} s`;
    const fix =
      'set the clock (chrony, systemd-timesyncd): signatures and certificates depend on it';
    found.push({ about: 'clock', level: 'problem', what, fix });
  } else found.push(ok('clock', new Date(nowMs).toISOString()));
  const pem = await readFile(join(folder, 'ca.pem'), 'utf8').catch(() => '');
  for (const [text] of pem.matchAll(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g)) {
    const { subject, validTo } = new X509Certificate(text);
    const what = `the authority ${subject.replaceAll('\n', ', ')} is valid until ${validTo}`;
    const isLong = Date.parse(validTo) > nowMs + authorityMs;
    const fix = 'restart the service with a correct clock; clients then need the new ca.pem';
    found.push(
      isLong ? ok('certificates', what) : { about: 'certificates', level: 'warning', what, fix },
    );
  }
  return found;
}

async function newestFileMs(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => []);
  const times = await Promise.all(
    names.map((name) =>
      stat(join(folder, name)).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      ),
    ),
  );
  return Math.max(0, ...times);
}

/**
 * Whether a service runs on the folder, and its brokers.
 *
 * @returns `isRunning`: false if the ports should be free
 */
export async function checkService({
  folder,
}: Place): Promise<{ readonly isRunning: boolean; readonly findings: readonly Finding[] }> {
  try {
    const access = await rootAccess(await askEnvironment(folder));
    const brokers = await brokerStatuses(access);
    const down = brokers.filter(isDown);
    const count = brokers.length - down.length;
    const run = count === 1 ? '1 broker runs' : `${count} brokers run`;
    const running = ok('service', `${access.endpoint}, ${run}`);
    const problems = down.map(({ name, state, problem = 'no reason is known' }): Finding => {
      const fix = 'see "When a broker is CRITICAL_ACTION_REQUIRED" in the guide for operators';
      return { about: 'broker', level: 'problem', what: `${name} is ${state}: ${problem}`, fix };
    });
    return { isRunning: true, findings: [running, ...problems] };
  } catch (error) {
    if (error instanceof ServerError && error.code === 'not-running') {
      return { isRunning: false, findings: [ok('service', `none runs on ${folder}`)] };
    }
    return { isRunning: true, findings: [problemOf('service', error)] };
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** The texts of expected errors name the remedy. */
function problemOf(about: string, error: unknown): Finding {
  if (error instanceof WaxwingError) return { about, level: 'problem', what: error.message };
  if (!isSystemError(error)) throw error;
  const { what, remedy } = explainSystemError(error, error.path);
  const asService = 'run this as the user that runs the service';
  return { about, level: 'problem', what, fix: error.code === 'EACCES' ? asService : remedy };
}
