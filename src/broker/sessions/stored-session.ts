// A session that outlives its connection, as stored in the log.

import type { WillChange } from './stored-wills.ts';

/** A subscription of a session. */
export interface SessionSubscription {
  /** The filter as the client wrote it. */
  readonly filter: string;
  /** The maximum quality of service: 0 to 2. */
  readonly qos: number;
  /** Excludes messages of the same client. */
  readonly isNoLocal: boolean;
  /** Whether the retain flag is delivered as it was published. */
  readonly isRetainAsPublished: boolean;
  /** When retained messages are sent: 0 always, 1 for new subscriptions, 2 never. */
  readonly retainHandling: number;
  /** The identifier that the client gave; 0 for none. */
  readonly id: number;
}

/** Packet ids that were added to or removed from the state of a session. */
export interface IdChanges {
  /** Received with quality of service 2, and not released by the client. */
  readonly received?: readonly number[];
  readonly unreceived?: readonly number[];
  /** Sent with quality of service 2 and received by the client, but not completed. */
  readonly released?: readonly number[];
  readonly unreleased?: readonly number[];
}

/** A change of a session, as stored in the log. */
export type SessionChange =
  | WillChange
  | {
      readonly kind: 'session';
      readonly vhost: string;
      readonly client: string;
      /** Seconds that it outlives its connection; null for ever. */
      readonly expirySeconds: number | null;
      /** When its connection ended, milliseconds since 1970; null while it has one. */
      readonly leftAtMs: number | null;
      /** The user of the last connection. */
      readonly user: string;
    }
  | { readonly kind: 'session-ended'; readonly vhost: string; readonly client: string }
  | {
      readonly kind: 'session-subscribed';
      readonly vhost: string;
      readonly client: string;
      readonly subscription: SessionSubscription;
    }
  | {
      readonly kind: 'session-unsubscribed';
      readonly vhost: string;
      readonly client: string;
      readonly filter: string;
    }
  | ({ readonly kind: 'session-ids'; readonly vhost: string; readonly client: string } & IdChanges);

/** Whether a change concerns sessions. */
export function isSessionChange(change: { readonly kind: string }): change is SessionChange {
  return change.kind.startsWith('session');
}

/** The state of a session that is kept over restarts, without its messages. */
export class StoredSession {
  readonly client: string;
  /** Seconds that it outlives its connection; null for ever. */
  expirySeconds: number | null = null;
  /** When its connection ended, milliseconds since 1970; null while it has one. */
  leftAtMs: number | null = null;
  /** The user of the last connection. */
  user = '';
  readonly subscriptions = new Map<string, SessionSubscription>();
  /** See {@link IdChanges}. */
  readonly received = new Set<number>();
  /** In the order in which the client received them. */
  readonly released = new Set<number>();

  constructor(client: string) {
    this.client = client;
  }

  /** Applies a change of packet ids. */
  applyIds({ received, unreceived, released, unreleased }: IdChanges): void {
    for (const id of received ?? []) this.received.add(id);
    for (const id of unreceived ?? []) this.received.delete(id);
    for (const id of released ?? []) this.released.add(id);
    for (const id of unreleased ?? []) this.released.delete(id);
  }

  /** The changes that recreate it. */
  *snapshot(vhost: string): Generator<SessionChange> {
    const { client, expirySeconds, leftAtMs, user } = this;
    yield { kind: 'session', vhost, client, expirySeconds, leftAtMs, user };
    for (const subscription of this.subscriptions.values()) {
      yield { kind: 'session-subscribed', vhost, client, subscription };
    }
    if (this.received.size + this.released.size === 0) return;
    const ids = { received: [...this.received], released: [...this.released] };
    yield { kind: 'session-ids', vhost, client, ...ids };
  }
}
