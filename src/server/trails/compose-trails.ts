// Composition of the audit trail's services from the state of a system volume.

import { archiveSizes } from '../../audit/archive/archiver.ts';
import type { LocalClient } from '../../aws/local-client.ts';
import { systemClock } from '../../base/clock.ts';
import type { ServiceLog } from '../../base/log.ts';
import { systemRandom } from '../../base/random.ts';
import { systemDisk } from '../../storage/disk.ts';
import type { ServiceLocation, SystemState } from '../compose.ts';
import type { Settings } from '../settings.ts';
import { eventsFolder, trailsFolder } from '../system-volume.ts';
import { s3Buckets } from './compose-buckets.ts';
import { TrailParts } from './trail-parts.ts';

/** Composes the audit trail's services. */
export function composeTrails(
  settings: Settings,
  state: SystemState,
  { region, accountId }: ServiceLocation,
  client: LocalClient,
  log: ServiceLog,
): TrailParts {
  const { store, trail, serviceTrail, trails, archives, trailKeys } = state;
  return new TrailParts({
    store: () => store,
    trail,
    serviceTrail,
    trails,
    archives,
    client,
    place: { region, accountId },
    disk: systemDisk,
    folders: { trails: trailsFolder(settings.folder), events: eventsFolder(settings.folder) },
    keys: trailKeys,
    sizes: archiveSizes,
    clock: systemClock,
    random: systemRandom,
    commit: (entries) => store.commit(entries),
    settings: {
      intervals: {
        fileMs: settings.trailFileSeconds * 1000,
        digestMs: settings.trailDigestSeconds * 1000,
      },
      showsFailedLogins: settings.recordsFailedLogins,
      lookupsPerSecondMax: settings.lookupsPerSecondMax,
      outside: settings.trailBuckets && s3Buckets(settings.trailBuckets),
      anchor:
        settings.auditAnchor === undefined
          ? undefined
          : {
              url: new URL(settings.auditAnchor),
              type: settings.auditAnchorType,
              authoritiesFile: settings.auditAnchorCaFile,
              failed: (error) =>
                log.error({ err: error }, 'the anchor did not take the state of the trail'),
            },
    },
    failed: ({ name }, error) =>
      log.error({ trail: name, err: error }, 'the delivery of a trail failed; it is repeated'),
    archivingFailed: (error) =>
      log.error({ err: error }, 'events could not be archived; this is repeated'),
  });
}
