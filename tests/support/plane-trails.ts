// The trails of a control plane in this process, with their files in memory.

import type { LocalClient } from '../../src/aws/local-client.ts';
import { systemRandom } from '../../src/base/random.ts';
import type { ControlOptions } from '../../src/control/control.ts';
import { TrailParts } from '../../src/server/trails/trail-parts.ts';
import { upgradeEventEntries } from '../../src/server/trails/upgrade-events.ts';
import { volumeEventEntries } from '../../src/server/trails/volume-events.ts';
import type { Entry } from '../../src/storage/journal.ts';
import type { ControlPlane } from './control-plane.ts';

/** Composes the trails of a control plane. Archives are small. */
export function trailsOf(
  plane: ControlPlane,
  client: LocalClient,
  commit: (entries: readonly Entry[]) => Promise<void>,
  place: { readonly region: string; readonly accountId: string },
): TrailParts {
  const { clock, trailDisk, sealingKey } = plane.machine;
  return new TrailParts({
    store: () => plane.store,
    trail: plane.trailDomain,
    serviceTrail: plane.serviceTrail,
    trails: plane.trails,
    archives: plane.archives,
    client,
    place,
    disk: trailDisk,
    folders: { trails: '/trails', events: '/events' },
    keys: { files: sealingKey, signing: sealingKey, events: sealingKey },
    sizes: { eventCount: 64, recentCountMin: 32 },
    clock,
    random: systemRandom,
    commit,
    settings: {
      intervals: { fileMs: 300_000, digestMs: 3_600_000 },
      showsFailedLogins: false,
      lookupsPerSecondMax: 0,
      outside: plane.machine.outsideBuckets,
      anchor: undefined,
    },
    failed: (_, error) => plane.deliveryFailures.push(error),
    archivingFailed: (error) => plane.deliveryFailures.push(error),
  });
}

/** The events of volumes that are not used, in the trail of a control plane. */
export function failureEntriesOf(
  { trailDomain, machine }: Pick<ControlPlane, 'trailDomain' | 'machine'>,
  place: { readonly region: string; readonly accountId: string },
): ControlOptions['failureEntries'] {
  return (...of) => volumeEventEntries(trailDomain, machine.clock, place, ...of);
}

/** The events of upgrades. */
export function upgradeEntriesOf(
  { trailDomain, machine }: Pick<ControlPlane, 'trailDomain' | 'machine'>,
  place: { readonly region: string; readonly accountId: string },
): ControlOptions['upgradeEntries'] {
  return (...of) => upgradeEventEntries(trailDomain, machine.clock, place, ...of);
}
