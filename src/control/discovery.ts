// The search for personal and secret data in a sample of a broker's messages.

/** The limits of a search. */
export const discoveryLimits = {
  /** Messages of each queue, from its oldest one. */
  messageCountDefault: 200,
  messageCountMax: 1000,
  /** Queues of a page. */
  queueCountMax: 200,
  /** After this time, no further queue is sampled for a page; milliseconds. */
  pageMsMax: 2000,
} as const;

/** The part of a broker to sample. */
export interface DiscoveryRequest {
  /** The number of queues to skip; those of earlier pages. */
  readonly after: number;
  /** Messages of each queue, from 1 to the limit. */
  readonly messageCountMax: number;
  /** Names of persons to look for. */
  readonly personNames: readonly string[];
}

/** What was found in the sample of a queue. It contains no values. */
export interface QueueFindings {
  readonly vhost: string;
  readonly queue: string;
  /** Messages in the queue, and those that were sampled. */
  readonly messageCount: number;
  readonly sampledCount: number;
  /** Kinds of data in the name of the queue. */
  readonly nameKinds: readonly string[];
  /** For each kind, the number of sampled messages with such data. */
  readonly kinds: readonly { readonly kind: string; readonly messageCount: number }[];
}

/** The findings in some of the queues. */
export interface DiscoveryPage {
  readonly queues: readonly QueueFindings[];
  /** The number of queues to skip for the next page; undefined after the last page. */
  readonly next: number | undefined;
}
