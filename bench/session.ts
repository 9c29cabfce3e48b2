// The context of scenarios.

import type { LoadGenerator } from './load.ts';
import type { Options } from './options.ts';
import type { Peer } from './peers/peer.ts';
import type { Waxwing } from './peers/waxwing.ts';
import { cpuSeconds } from './processes.ts';
import type { Measurement } from './results.ts';

/** The context of a scenario: the running brokers and the results. */
export interface Session {
  readonly options: Options;
  readonly load: LoadGenerator;
  readonly peers: readonly Peer[];
  readonly waxwing: Waxwing | undefined;
  /** On the disk that is measured. */
  readonly runFolder: string;
  record(measurement: Measurement): void;
}

/** Returns the brokers on plain folders. Those on gocryptfs only differ in stored data. */
export function plainFolderPeers(session: Session): Peer[] {
  return session.peers.filter((peer) => !peer.name.endsWith('gocryptfs'));
}

/** The CPU share of a broker at rest, the time over which it is measured, and the interval. */
const restShare = 0.1;
const restMs = 500;
const lookCountMax = 120;

/**
 * Waits until all brokers are at rest. Deleting a thousand queues keeps a broker busy for seconds.
 */
export async function brokersAtRest({ peers }: Session): Promise<void> {
  const pids = peers.flatMap((peer) => peer.pids());
  for (let look = 0; look < lookCountMax; look++) {
    const before = cpuSeconds(pids);
    await new Promise((resolve) => setTimeout(resolve, restMs));
    if (cpuSeconds(pids) - before < (restShare * restMs) / 1000) return;
  }
  console.error('the brokers do not come to rest: what follows is measured beside their work');
}
