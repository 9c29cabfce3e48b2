// The interface of a connection to its parts.

import type { Broker } from '../../broker/broker.ts';
import type { PublisherListener } from '../../broker/flow.ts';
import type { Access } from '../../broker/users.ts';
import type { InputGate } from '../input-gate.ts';
import type { PeerOutbox } from '../peer-outbox.ts';
import type { SendPause } from '../send-pause.ts';
import type { Answers } from './answers.ts';
import type { Version } from './codec/packets.ts';
import type { VhostDialect } from './dialect.ts';
import type { Session } from './sessions/session.ts';

/** The operations of a connection that its parts need. */
export interface MqttHost extends PublisherListener {
  readonly broker: Broker;
  readonly dialect: VhostDialect;
  readonly access: Access;
  readonly version: Version;
  readonly keepAliveSeconds: number;
  /** The client id: given by the client, otherwise assigned. */
  readonly clientId: string;
  readonly session: Session;
  /** Bytes received so far. */
  readonly receivedBytes: number;
  readonly outbox: PeerOutbox;
  readonly answers: Answers;
  readonly gate: InputGate;
  /** Makes the client wait while a limit is reached. */
  readonly pause: SendPause;
  /** Whether messages can be delivered now. */
  readonly takesDeliveries: boolean;
  /** Maximum size of a packet that the client accepts, in bytes. */
  readonly packetBytesMax: number;
  /** Maximum number of messages in flight to the client. */
  readonly inFlightMax: number;
  /** Maximum topic alias for messages to the client; 0 for none. */
  readonly aliasMax: number;
  /** Marks the connection as a publisher, which is blocked if memory, disk or log are short. */
  startedPublishing(): void;
  /** Ends the connection with an error. */
  failed(thrown: unknown): void;
  /**
   * Encoding a delivery failed because of a bug. The connection ends at the end of the dispatch.
   */
  deliveryFailed(thrown: unknown): void;
}
