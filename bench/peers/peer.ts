import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { StartReport } from '../load.ts';
import type { PeerName } from '../results.ts';

/** Where and as whom to connect. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** Without a CA file the certificate is not checked. */
  readonly tls?: { readonly caFile?: string };
}

/** A broker that can be measured, with a data folder of its own. */
export interface Peer {
  readonly name: PeerName;
  readonly version: string;
  /** What is on the disk: the encrypted side where the data lie on gocryptfs. */
  readonly dataFolder: string;
  /** Starts its processes; gives the monotonic clock's time in ns just before. */
  launch(): bigint;
  /** Waits for the first AMQP connection to be greeted over TLS; gives its time on the same clock. */
  ready(): Promise<bigint>;
  /** Stops it in its own orderly way. */
  stop(): Promise<void>;
  /** Deletes its data; it must have been stopped. */
  reset(): Promise<void>;
  endpoint(transport: Transport): Endpoint;
  /** All its processes, those that encrypt its disk included. */
  pids(): number[];
}

/** What carries the connections. Waxwing has TLS only. */
export type Transport = 'plain' | 'tls';

/** How long the slowest of them may take to start. */
export const startTimeoutSeconds = 90;

/** What is the same for all peers of a run. */
export interface PeerSettings {
  /** Kept between runs: Debian roots. */
  readonly cacheFolder: string;
  /** Deleted at the end; on the disk that is to be measured. */
  readonly runFolder: string;
  /** The Node.js that runs Waxwing. */
  readonly node: string;
}

/** When a broker took the first connection; throws its last words if it ends instead. */
export async function firstConnection(
  report: Promise<StartReport>,
  broker: ChildProcess | undefined,
  outputFile: string,
): Promise<bigint> {
  const hasEnded = new AbortController();
  const end = async (): Promise<never> => {
    if (broker !== undefined && broker.exitCode === null)
      await once(broker, 'exit', { signal: hasEnded.signal });
    const output = readFileSync(outputFile, 'utf8').trim().split('\n').slice(-8).join('\n');
    throw new Error(`the broker ended while it was starting: ${output}`);
  };
  try {
    const { connected_at_ns: at } = await Promise.race([report, end()]);
    return BigInt(at);
  } finally {
    hasEnded.abort();
  }
}
