// The interface of a client connection.

import type { Access } from './users.ts';

/** A connection that has opened a virtual host. */
export interface ClientConnection {
  readonly access: Access;
  /** The number of channels, or of the protocol's equivalent. */
  readonly channelCount: number;
  /** For example `127.0.0.1:54321`, for log lines. */
  readonly peerAddress?: string;
  /** Disconnects the client with a reason. */
  shutdown(reason: string): void;
}
