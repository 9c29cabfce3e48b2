import type { LoadGenerator } from './load.ts';
import type { Options } from './options.ts';
import type { Peer } from './peers/peer.ts';
import type { Waxwing } from './peers/waxwing.ts';
import { cpuSeconds } from './processes.ts';
import type { Measurement } from './results.ts';

/** What a scenario works with: the brokers, all of them running, and where figures go. */
export interface Session {
  readonly options: Options;
  readonly load: LoadGenerator;
  readonly peers: readonly Peer[];
  readonly waxwing: Waxwing | undefined;
  /** On the disk that is measured. */
  readonly runFolder: string;
  record(measurement: Measurement): void;
}

/** The brokers whose data lie on a plain folder: those on gocryptfs differ in what is stored only. */
export function plainFolderPeers(session: Session): Peer[] {
  return session.peers.filter((peer) => !peer.name.endsWith('gocryptfs'));
}

/** Of a core, over how long, and how often to look. */
const restShare = 0.1;
const restMs = 500;
const lookCountMax = 120;

/** Waits until no broker works any more: one that has deleted a thousand queues does so for seconds. */
export async function brokersAtRest({ peers }: Session): Promise<void> {
  const pids = peers.flatMap((peer) => peer.pids());
  for (let look = 0; look < lookCountMax; look++) {
    const before = cpuSeconds(pids);
    await new Promise((resolve) => setTimeout(resolve, restMs));
    if (cpuSeconds(pids) - before < (restShare * restMs) / 1000) return;
  }
  console.error('the brokers do not come to rest: what follows is measured beside their work');
}
