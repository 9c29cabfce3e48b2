// The interface of a connection to its parts.

import type { Broker } from '../../broker/broker.ts';
import type { PublisherListener } from '../../broker/flow.ts';
import type { Access } from '../../broker/users.ts';
import type { Answers } from '../frame-answers.ts';
import type { InputGate } from '../input-gate.ts';
import type { PeerOutbox } from '../peer-outbox.ts';
import type { Frame } from './codec/frames.ts';
import type { Version } from './codec/header-text.ts';

/** The operations of a connection that its parts need. */
export interface StompHost extends PublisherListener {
  readonly broker: Broker;
  /** For example `127.0.0.1:54321`. */
  readonly peerAddress: string;
  /** Bytes of the protocol, without TLS, since the connection was opened. */
  readonly receivedBytes: number;
  readonly access: Access;
  readonly version: Version;
  readonly outbox: PeerOutbox;
  readonly answers: Answers;
  readonly gate: InputGate;
  /** Whether messages can be delivered now. */
  readonly takesDeliveries: boolean;
  /** Answers a frame that requests a RECEIPT, after a group is on disk. */
  receipt(frame: Frame, group: number, said?: () => void): void;
  /** Output that was written outside of the handling of input is sent soon. */
  requestFlush(): void;
  /** Answers a frame that failed. */
  refuse(frame: Frame, thrown: unknown): void;
  /** Marks the connection as a publisher, which is blocked if memory, disk or log are short. */
  startedPublishing(): void;
  /** Ends the connection with an error. */
  failed(thrown: unknown): void;
  /**
   * Encoding a delivery failed because of a bug. The connection ends at the end of the dispatch.
   */
  deliveryFailed(thrown: unknown): void;
}
