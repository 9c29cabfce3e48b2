// The interface of a connection to its parts.

import type { SourceBudget } from '../../broker/activemq/consumption.ts';
import type { Broker } from '../../broker/broker.ts';
import type { PublisherListener } from '../../broker/flow.ts';
import type { Access } from '../../broker/users.ts';
import type { Vhost } from '../../broker/vhost.ts';
import type { InputGate } from '../input-gate.ts';
import type { PeerOutbox } from '../peer-outbox.ts';
import type { Answers } from './answers.ts';
import type { FrameWriter } from './codec/frame-writer.ts';
import type { Decisions } from './decisions.ts';
import type { ConnectionDialect } from './dialect.ts';
import type { LinkNames } from './links/link-names.ts';

import type { Session } from './session.ts';
import type { Transactions } from './transactions.ts';

/** The operations of a connection that its parts need. */
export interface AmqpHost extends PublisherListener {
  readonly broker: Broker;
  /** For example `127.0.0.1:54321`. */
  readonly peerAddress: string;
  /** Bytes of the protocol, without TLS, since the connection was opened. */
  readonly receivedBytes: number;
  readonly sessions: Iterable<Session>;
  readonly dialect: ConnectionDialect;
  readonly access: Access;
  readonly vhost: Vhost;
  /** The container id of the client, which is its client id. */
  readonly clientId: string;
  /** `ID:...`, the prefix of the names of temporary destinations. */
  readonly connectionId: string;
  /** The sender, for subscriptions with noLocal. */
  readonly origins: readonly unknown[];
  readonly outbox: PeerOutbox;
  readonly frames: FrameWriter;
  readonly answers: Answers;
  readonly gate: InputGate;
  readonly links: LinkNames;
  readonly transactions: Transactions;
  readonly decisions: Decisions;
  readonly budget: SourceBudget;
  /** What the connection holds in memory, counted over all sessions. */
  readonly held: Held;
  /** Whether messages can be delivered now. */
  readonly takesDeliveries: boolean;
  /** Whether the limit of unsettled deliveries is reached. */
  readonly isFull: boolean;
  /** Deliveries may be possible again, in all sessions. */
  wake(): void;
  /** Returns a function for later, whose error ends the connection. */
  guarded(act: () => void): () => void;
  requestFlush(): void;
  /** Starts or stops reading from the peer. */
  setReading(): void;
  /** Marks the connection as a publisher, which is blocked if memory, disk or log are short. */
  startedPublishing(): void;
  /** Ends the connection with an error. */
  failed(thrown: unknown): void;
  /**
   * Encoding a delivery failed because of a bug. The connection ends at the end of the dispatch.
   */
  deliveryFailed(thrown: unknown): void;
}

/** Counts of what a connection holds in memory. */
export interface Held {
  /** Number of unsettled deliveries to the peer. */
  unsettledCount: number;
  /** Size of the messages that the peer has sent in part, in bytes. */
  unfinishedBytes: number;
  /** Number of confirms that wait for the log. */
  confirmCount: number;
  /** Number of handles that are in use. */
  handleCount: number;
  /** Size of the rest of the messages whose transfer waits for a session's window, in bytes. */
  waitingBytes: number;
}
