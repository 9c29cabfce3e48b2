// The drill `removed-digest`.

import { cp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { TrailHead } from '../../../audit/trails/trail-head.ts';
import { systemClock } from '../../../base/clock.ts';
import { CliError } from '../../errors.ts';
import type { Drill } from '../drill.ts';
import type { Lab } from '../lab.ts';
import { described, type Place } from '../service/place.ts';
import type { ServiceProcess } from '../service/service-process.ts';
import { waitFor } from '../service/wait.ts';

const bucket = 'drill-audit';
const digestsMsMax = 60_000;
const digestCount = 3;

/** Options of a service whose trails deliver often. */
export const frequentDelivery = ['--trail-file-seconds', '1', '--trail-digest-seconds', '2'];

/** Somebody removes or changes files of a trail. */
export const removedDigest: Drill = {
  name: 'removed-digest',
  promise:
    'Log files and digests of a trail that were removed or changed are found without the service.',
  limits: 'Events since the last digest are not protected. The newest digests need a kept head.',
  run: async (lab) => {
    const service = await lab.service({ args: frequentDelivery });
    const Name = lab.word('trail').slice(0, 30);
    await lab.step('deliver', `created a trail, and waited for ${digestCount} digests`, () =>
      deliver(service, Name),
    );
    const folder = join(lab.root, 'exported');
    await service.aws.trail.stopLogging({ Name });
    const kept = await service.place.run(['audit', 'head', '--data', service.place.data]);
    const head = join(lab.root, 'head.json');
    await writeFile(head, kept.stdout);
    await service.place.run(['audit', 'export', folder, '--data', service.place.data]);
    await service.aws.trail.deleteTrail({ Name });
    const verify = () => service.place.run(['audit', 'verify', folder, '--head', head]);
    const sound = await verify();
    lab.saw('the exported files are valid', sound.code === 0, described(sound));
    const attempt = async (name: string, path: string, change: () => Promise<unknown>) => {
      await cp(path, `${folder}.kept`);
      await lab.step(name, name, change);
      lab.sawRefusal(`it is found: ${name}`, await verify(), /INVALID/);
      await cp(`${folder}.kept`, path);
    };
    const [, middle = ''] = await filesIn(folder, digestsOf(Name));
    const log = await listedLog(folder, Name);
    const newest = join(folder, bucket, newestDigest(kept.stdout, Name));
    await attempt('removed a log file', log, () => rm(log));
    await attempt('changed a log file', log, () => changeByte(log));
    await attempt('removed a digest', middle, () => rm(middle));
    await attempt('exchanged a digest for another one', middle, () => cp(newest, middle));
    await attempt('removed the newest digest', newest, () => rm(newest));
    await sawAdded(lab, log, verify);
  },
};

const digestsOf = (trail: string) => new RegExp(`_CloudTrail-Digest_[^_]+_${trail}_`);

/** The key of the newest digest of a trail, as a head names it. */
function newestDigest(head: string, trail: string): string {
  const { digests } = JSON.parse(head) as TrailHead; // our own program wrote it
  return digests.find(({ trailArn }) => trailArn.endsWith(`/${trail}`))?.key ?? '';
}

/** A log file that a digest lists. The newest ones wait for the next digest. */
async function listedLog(folder: string, trail: string): Promise<string> {
  const listed = new Set<string>();
  for (const digest of await filesIn(folder, digestsOf(trail))) {
    const text = (await promisify(gunzip)(await readFile(digest))).toString();
    const { logFiles } = JSON.parse(text) as { logFiles: { s3Object: string }[] }; // our own program wrote it
    for (const { s3Object } of logFiles) listed.add(basename(s3Object));
  }
  const logs = await filesIn(folder, /_CloudTrail_/);
  return logs.find((path) => listed.has(basename(path))) ?? '';
}

/** Adds a log file that no digest names. */
async function sawAdded(
  lab: Lab,
  log: string,
  verify: () => ReturnType<Place['run']>,
): Promise<void> {
  // Its name says that it is older than the digests, so that it cannot wait for the next one.
  const added = log.replace(/_\d{8}T\d{4}Z_\w{16}\./, '_20200101T0000Z_AAAAAAAAAAAAAAAA.');
  await lab.step('add', 'added a log file', () => cp(log, added));
  lab.sawRefusal('it is found: added a log file', await verify(), /INVALID/);
  await rm(added, { force: true });
}

/** Creates a trail, and calls the API until there are digests with log files. */
async function deliver({ aws, place }: ServiceProcess, Name: string): Promise<void> {
  await aws.trail.createTrail({ Name, S3BucketName: bucket, EnableLogFileValidation: true });
  await aws.trail.startLogging({ Name });
  const folder = join(place.data, 'trails', bucket);
  let callsMs = 0;
  const isDone = await waitFor(async () => {
    if (systemClock.monotonicMs() - callsMs > 500) {
      callsMs = systemClock.monotonicMs();
      await aws.kms.listKeys({});
    }
    const logs = await filesIn(folder, /_CloudTrail_/);
    const digests = await filesIn(folder, digestsOf(Name));
    return logs.length > 0 && digests.length >= digestCount;
  }, digestsMsMax);
  if (isDone !== true) throw new CliError('drill-failed', 'the trail delivered no digests');
}

/** Files below a folder, sorted by their names, which contain the time. */
async function filesIn(folder: string, pattern: RegExp): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter(
      (entry) => entry.isFile() && entry.name.endsWith('.json.gz') && pattern.test(entry.name),
    )
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

async function changeByte(file: string): Promise<void> {
  const bytes = await readFile(file);
  const at = bytes.length - 9; // the last byte of the compressed data
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  await writeFile(`${file}.new`, bytes);
  await rename(`${file}.new`, file);
}
