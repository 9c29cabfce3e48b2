import type { LoadGenerator } from './load.ts';
import type { Options } from './options.ts';
import type { Peer } from './peers/peer.ts';
import type { Waxwing } from './peers/waxwing.ts';
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
