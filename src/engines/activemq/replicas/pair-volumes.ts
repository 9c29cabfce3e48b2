// The volumes of pairs, and their replicas.

import type { VolumePlace } from '../../../volumes/encrypted-volume.ts';
import { InstalledEngineVolumes } from '../../volumes/installed-engine-volumes.ts';
import type { PairReplicas } from './pair-replicas.ts';

/** The volumes of pairs. */
export class PairVolumes extends InstalledEngineVolumes {
  readonly replicas: PairReplicas;

  constructor(
    placeOf: (brokerId: string, volumeId: string) => VolumePlace,
    isRunning: (brokerId: string) => boolean,
    replicas: PairReplicas,
  ) {
    super('pair', placeOf, isRunning);
    this.replicas = replicas;
  }
}
