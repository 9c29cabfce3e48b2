// The interface of a connection to its parts.

import type { ActiveMq } from '../../broker/activemq/activemq.ts';
import type { Broker } from '../../broker/broker.ts';
import type { Access } from '../../broker/users.ts';
import type { Answers } from '../frame-answers.ts';
import type { InputGate } from '../input-gate.ts';
import type { PeerOutbox } from '../peer-outbox.ts';
import type { SendPause } from '../send-pause.ts';
import type { TemporaryWords } from './address.ts';
import type { Frame } from './codec/frames.ts';
import type { Version } from './codec/header-text.ts';
import type { Subscriptions } from './subscriptions.ts';
import type { Transactions } from './transactions.ts';

/** The operations of a connection that its parts need. */
export interface StompHost {
  readonly broker: Broker;
  readonly dialect: ActiveMq;
  readonly access: Access;
  readonly version: Version;
  /** The client id: given by the client, otherwise assigned. */
  readonly clientId: string;
  /** Whether the client gave a client id. */
  readonly hasClientId: boolean;
  /** `ID:...`, the prefix of message ids. */
  readonly connectionId: string;
  readonly words: TemporaryWords;
  readonly outbox: PeerOutbox;
  readonly answers: Answers;
  readonly gate: InputGate;
  /** Makes producers wait while a limit is reached. */
  readonly pause: SendPause;
  readonly transactions: Transactions;
  readonly subscriptions: Subscriptions;
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
  /**
   * Encoding a delivery failed because of a bug. The connection ends at the end of the dispatch.
   */
  deliveryFailed(thrown: unknown): void;
}
