// The state of the trail as a value to keep elsewhere.

import { eventTime } from '../event-time.ts';
import type { Trail } from '../trail.ts';
import { type Trails, type TrailsPlace, trailArn } from './trails.ts';

/**
 * The state of the trail at a time. Whoever keeps it on another machine can find out later whether
 * newer events or digests were removed.
 */
export interface TrailHead {
  readonly version: 1;
  readonly accountId: string;
  readonly region: string;
  /** `YYYY-MM-DDTHH:MM:SSZ` */
  readonly time: string;
  /** The number of the newest event, and the hash of its line. */
  readonly eventCount: number;
  readonly eventHash: string;
  /** The same of the service's own trail. */
  readonly serviceEventCount: number;
  readonly serviceEventHash: string;
  /** Fingerprints of all public keys that have signed digests. */
  readonly publicKeys: readonly string[];
  /** Buckets to which trails deliver or have delivered. */
  readonly buckets: readonly string[];
  /** The newest digest of each trail that has one. */
  readonly digests: readonly HeadDigest[];
}

/** The newest digest of a trail. */
export interface HeadDigest {
  readonly trailArn: string;
  readonly bucket: string;
  readonly key: string;
  readonly signature: string;
  readonly fileCount: number;
}

/** Describes the state of the trail. */
export function trailHead(
  place: TrailsPlace,
  trail: Trail,
  serviceTrail: Trail,
  trails: Trails,
  nowMs: number,
): TrailHead {
  return {
    version: 1,
    accountId: place.accountId,
    region: place.region,
    time: eventTime(nowMs),
    eventCount: trail.head.count,
    eventHash: trail.head.hash,
    serviceEventCount: serviceTrail.head.count,
    serviceEventHash: serviceTrail.head.hash,
    publicKeys: trails.keys().map(({ fingerprint }) => fingerprint),
    buckets: trails.buckets(),
    digests: trails.all().flatMap(({ name, delivery: { digest } }) => {
      if (digest === undefined) return [];
      const { bucket, key, signature, fileCount } = digest;
      return [{ trailArn: trailArn(place, name), bucket, key, signature, fileCount }];
    }),
  };
}
