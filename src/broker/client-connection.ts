import type { Access } from './users.ts';

/** A connection that has opened a virtual host. */
export interface ClientConnection {
  readonly access: Access;
  /** Channels, or what the protocol has in their place. */
  readonly channelCount: number;
  /** Disconnects the client, which gets to read the reason. */
  shutdown(reason: string): void;
}
