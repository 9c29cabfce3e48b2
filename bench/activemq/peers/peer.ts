// The interface of measured brokers.

import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { type Endpoint, startTimeoutSeconds } from '../../peers/peer.ts';
import type { PeerName } from '../results.ts';

/** The protocols that are measured. */
export type ProtocolName = 'openwire' | 'stomp' | 'mqtt' | 'amqp10';

/** A broker that can be measured, with its own data folder. */
export interface ProtocolPeer {
  readonly name: PeerName;
  readonly version: string;
  /** Starts the broker with no data, and waits until it accepts connections. */
  start(): Promise<void>;
  /** Stops the broker cleanly. */
  stop(): Promise<void>;
  /** Returns where the protocol is served over TLS; undefined if the broker does not serve it. */
  endpoint(protocol: ProtocolName): Endpoint | undefined;
  /** Returns the address of a queue for AMQP 1.0, and declares the queue if that is necessary. */
  amqpAddress?(queue: string): Promise<string>;
  /** All processes of the broker. */
  pids(): number[];
  /** Memory of all processes, without garbage where the broker can be asked to collect it. */
  memoryKiB(): Promise<number>;
  /** Memory of the broker alone, without a service that manages several. */
  brokerKiB(): number;
}

/**
 * Waits until a port of this machine accepts connections.
 *
 * @throws {Error} if `hasEnded` returns true, or after 90 s
 */
export async function portOpens(port: number, hasEnded: () => boolean): Promise<void> {
  const deadline = performance.now() + startTimeoutSeconds * 1000;
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return;
    } catch (error) {
      if (hasEnded()) throw new Error('the broker ended while it was starting');
      if (performance.now() > deadline) throw error;
    } finally {
      socket.destroy();
    }
    await pause(20);
  }
}
