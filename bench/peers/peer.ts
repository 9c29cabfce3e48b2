// The interface of measured brokers.

import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { StartReport } from '../load.ts';
import type { PeerName } from '../results.ts';

/** The address and credentials of a connection. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** Without a CA file, the certificate is not verified. */
  readonly tls?: { readonly caFile?: string };
}

/** A broker that can be measured, with its own data folder. */
export interface Peer {
  readonly name: PeerName;
  readonly version: string;
  /** The folder on disk; with gocryptfs, the folder with the encrypted files. */
  readonly dataFolder: string;
  /** Starts the processes. Returns the monotonic time in nanoseconds immediately before. */
  launch(): bigint;
  /** Waits for the first AMQP greeting over TLS. Returns its monotonic time in nanoseconds. */
  ready(): Promise<bigint>;
  /** Stops the broker cleanly. */
  stop(): Promise<void>;
  /** Deletes the data. The broker must have been stopped. */
  reset(): Promise<void>;
  endpoint(transport: Transport): Endpoint;
  /** All processes of the broker, including those that encrypt its disk. */
  pids(): number[];
}

/** The transport of connections. Waxwing only supports TLS. */
export type Transport = 'plain' | 'tls';

/** Maximum duration of a start. */
export const startTimeoutSeconds = 90;

/** Settings that all peers of a run share. */
export interface PeerSettings {
  /** Contains the Debian roots, which are kept between runs. */
  readonly cacheFolder: string;
  /** Deleted at the end. It is on the disk that is measured. */
  readonly runFolder: string;
  /** The Node.js executable that runs Waxwing. */
  readonly node: string;
}

/** Returns the time of the first connection. If the broker ends instead, throws its last output. */
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
