import type { ActiveMq } from '../../broker/activemq/activemq.ts';
import type { Broker } from '../../broker/broker.ts';
import type { Access } from '../../broker/users.ts';
import type { InputGate } from '../input-gate.ts';
import type { PeerOutbox } from '../peer-outbox.ts';
import type { TemporaryWords } from './address.ts';
import type { Answers } from './answers.ts';
import type { Frame } from './codec/frames.ts';
import type { Version } from './codec/header-text.ts';
import type { Subscriptions } from './subscriptions.ts';
import type { Transactions } from './transactions.ts';

/** What the parts of a connection ask of it. */
export interface StompHost {
  readonly broker: Broker;
  readonly dialect: ActiveMq;
  readonly access: Access;
  readonly version: Version;
  /** The connection's own, or what the client gave. */
  readonly clientId: string;
  /** Whether the client gave one. */
  readonly hasClientId: boolean;
  /** `ID:...`: message ids begin with it. */
  readonly connectionId: string;
  readonly words: TemporaryWords;
  readonly outbox: PeerOutbox;
  readonly answers: Answers;
  readonly gate: InputGate;
  readonly transactions: Transactions;
  readonly subscriptions: Subscriptions;
  /** Whether anything may be delivered now. */
  readonly takesDeliveries: boolean;
  /** Answers a frame that asks for a RECEIPT, once a group is on the disk. */
  receipt(frame: Frame, group: number, said?: () => void): void;
  /** Answers a frame that could not be done. */
  refuse(frame: Frame, thrown: unknown): void;
  /** The connection publishes: it waits where the broker is short of memory, disk or log. */
  startedPublishing(): void;
  /** Writing a delivery has failed by a bug; the connection ends as soon as the broker is done. */
  deliveryFailed(thrown: unknown): void;
}
