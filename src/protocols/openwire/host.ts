// The interface of a connection to its parts.

import type { ActiveMq } from '../../broker/activemq/activemq.ts';
import type { SourceBudget } from '../../broker/activemq/consumption.ts';
import type { Broker } from '../../broker/broker.ts';
import type { Access } from '../../broker/users.ts';
import type { InputGate } from '../input-gate.ts';
import type { PeerOutbox } from '../peer-outbox.ts';
import type { SendPause } from '../send-pause.ts';
import type { Codec } from './codec/codec.ts';
import type { Command, ConnectionInfo, DataStructure } from './codec/commands.gen.ts';
import type { Consumers } from './consuming/consumers.ts';
import type { Producers } from './sending/producers.ts';
import type { SharedState } from './shared-state.ts';
import type { Transactions } from './transactions/transactions.ts';

/** What an answer depends on. */
export type Requested = Pick<Command, 'commandId' | 'responseRequired'>;

/** The operations of a connection that its parts need. */
export interface OpenWireHost {
  readonly broker: Broker;
  readonly dialect: ActiveMq;
  readonly shared: SharedState;
  readonly access: Access;
  readonly peerAddress: string;
  /** What the client has sent to open the connection. */
  readonly info: ConnectionInfo;
  /** The text of the connection's id. */
  readonly connectionId: string;
  readonly clientId: string;
  readonly codec: Codec;
  readonly outbox: PeerOutbox;
  readonly gate: InputGate;
  /** Makes producers wait while a limit is reached. */
  readonly pause: SendPause;
  readonly transactions: Transactions;
  readonly consumers: Consumers;
  readonly producers: Producers;
  readonly sessions: Set<string>;
  readonly budget: SourceBudget;
  /** Whether messages can be delivered now. */
  readonly takesDeliveries: boolean;
  /** Sends a command at once. */
  send(command: DataStructure): void;
  /**
   * Answers a command, if it requests this, after a group is on disk.
   *
   * @param group 0 if no group must be on disk
   * @param response what is answered; a plain response if undefined
   * @param said called after the answer was written, or at once if none is requested
   */
  respond(command: Requested, group: number, response?: DataStructure, said?: () => void): void;
  /** Answers a command that failed. */
  refuse(command: Requested, thrown: unknown): void;
  /** Marks the connection as a publisher, which is blocked if memory, disk or log are short. */
  startedPublishing(): void;
  /** Output that was written outside of the handling of input is sent soon. */
  requestFlush(): void;
  /** Encoding a delivery failed because of a bug. The connection ends after the dispatch. */
  deliveryFailed(thrown: unknown): void;
}

/** Returns the group that contains all settlements so far. */
export function settledGroup({ broker: { store } }: Pick<OpenWireHost, 'broker'>): number {
  store.defineSettlements();
  return store.definedGroup;
}
