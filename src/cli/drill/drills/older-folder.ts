// The drill `older-folder`.

import type { TrailHead } from '../../../audit/trails/trail-head.ts';
import type { Drill } from '../drill.ts';
import type { Place } from '../service/place.ts';

/** Somebody puts an older copy of the whole data folder back. */
export const olderFolder: Drill = {
  name: 'older-folder',
  promise:
    'An older copy of the whole data folder is found by comparing the trail with a head that was kept elsewhere.',
  limits: 'Without a head that was kept elsewhere, nothing in the folder shows it.',
  run: async (lab) => {
    const service = await lab.service();
    const older = await lab.copyStopped(service);
    await service.aws.kms.createKey({});
    const kept = await lab.step(
      'keep',
      'created a key, and kept the head of the trail',
      () => headOf(service.place),
      older,
    );
    const restored = await lab.step('put back', 'started the service on the older copy', () =>
      lab.start(older),
    );
    const found = await headOf(restored.place);
    await restored.stop();
    const isOlder = found.eventCount < kept.eventCount && found.eventHash !== kept.eventHash;
    lab.saw(
      'the trail has fewer events than the kept head says',
      isOlder,
      `${found.eventCount} events, the kept head says ${kept.eventCount}`,
    );
  },
};

/** The state of the trail, as `waxwing audit head` prints it. */
export async function headOf(place: Place): Promise<TrailHead> {
  const { stdout } = await place.run(['audit', 'head', '--data', place.data]);
  return JSON.parse(stdout) as TrailHead; // our own program wrote it
}
