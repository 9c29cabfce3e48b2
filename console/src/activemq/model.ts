// What the API of the console answers.

import type { Details } from '../broker/history.tsx';

/** The values of a queue or of the broker over time. */
export interface Histories {
  readonly ready: Details;
  readonly inFlight: Details;
  readonly enqueue: Details;
  readonly dispatch: Details;
  readonly dequeue: Details;
}

/** A queue in a list. */
export interface Queue {
  readonly name: string;
  readonly size: number;
  readonly inFlightCount: number;
  readonly consumerCount: number;
  readonly enqueueCount: number;
  readonly dequeueCount: number;
  readonly isDeadLetterQueue: boolean;
  readonly enqueueRate: number;
  readonly dispatchRate: number;
  readonly dequeueRate: number;
}

/** A queue. */
export interface QueueDetails extends Queue {
  readonly readyCount: number;
  readonly readyBytes: number;
  readonly delayedCount: number;
  readonly dispatchCount: number;
  readonly histories: Histories;
}

/** A topic, with the counts of its subscriptions together. */
export interface Topic {
  readonly name: string;
  readonly size: number;
  readonly consumerCount: number;
  readonly enqueueCount: number;
  readonly dequeueCount: number;
}

/** A durable subscription. */
export interface Subscriber {
  readonly clientId: string;
  /** Empty for a session of MQTT. */
  readonly subscriptionName: string;
  readonly connectionId: string;
  readonly topics: readonly string[];
  readonly selector: string | null;
  readonly isActive: boolean;
  readonly pendingCount: number;
  readonly inFlightCount: number;
  readonly enqueueCount: number;
  readonly dequeueCount: number;
}

/** A consumer of queues or topics. */
export interface Consumer {
  readonly destinations: readonly string[];
  readonly destinationCount: number;
  readonly connectionId: string | null;
  readonly subscriptionName: string | null;
  readonly selector: string | null;
  /** Null for no limit. */
  readonly prefetch: number | null;
  readonly priority: number;
  readonly isExclusive: boolean;
  readonly isNoLocal: boolean;
  readonly inFlightCount: number;
}

/** A connection. */
export interface Connection {
  readonly id: string;
  readonly address: string | null;
  readonly user: string;
  readonly protocol: string | null;
  readonly clientId: string | null;
  readonly sessionCount: number;
}

/** The header fields and properties of a message. */
interface Message {
  readonly messageId: string | null;
  readonly correlationId: string | null;
  readonly type: string | null;
  readonly replyTo: string | null;
  readonly groupId: string | null;
  readonly priority: number;
  readonly persistent: boolean;
  readonly receivedAtMs: number;
  /** 0 for never. */
  readonly expiresAtMs: number;
  readonly bodyBytes: number;
  readonly properties: Readonly<Record<string, string>>;
}

/** A message of a queue. */
export interface QueuedMessage extends Message {
  /** Its number in the queue. */
  readonly sequence: number;
  readonly redelivered: boolean;
}

/** A message of a queue with its body, or the beginning of that. */
export interface OpenMessage extends QueuedMessage {
  readonly body: {
    readonly content: string;
    readonly encoding: 'text' | 'base64' | 'json';
    readonly isCut: boolean;
  };
}

/** A scheduled message. */
export interface ScheduledMessage extends Message {
  readonly jobId: string;
  readonly nextAtMs: number;
  readonly destination: string;
}

/** Bytes in use; the limit is null if there is none. */
export interface Usage {
  readonly usedBytes: number;
  readonly limitBytes: number | null;
}

/** The broker as a whole. */
export interface Overview {
  readonly name: string;
  readonly version: string;
  readonly uptimeSeconds: number;
  readonly queueCount: number;
  readonly topicCount: number;
  readonly subscriberCount: number;
  readonly connectionCount: number;
  readonly consumerCount: number;
  readonly scheduledCount: number;
  readonly hasScheduler: boolean;
  readonly readyCount: number;
  readonly inFlightCount: number;
  readonly publishedCount: number;
  readonly usage: Readonly<Record<'memory' | 'store' | 'temp', Usage>>;
  readonly blockedReason: string | null;
  readonly histories: Histories;
}
