// The context of scenarios.

import type { LoadGenerator, LoadProgram } from '../load.ts';
import type { Options } from './options.ts';
import type { ProtocolName, ProtocolPeer } from './peers/peer.ts';
import type { Measurement, PeerName } from './results.ts';

/** The context of a scenario: the running brokers and the results. */
export interface Session {
  readonly options: Options;
  readonly load: LoadGenerator;
  readonly peers: readonly ProtocolPeer[];
  record(measurement: Measurement): void;
  /** Reports that something could not be measured, with the reason. */
  leaveOut(what: string, error: unknown): void;
}

/** The load generator of each protocol. */
export const programs: Readonly<Record<ProtocolName, LoadProgram>> = {
  openwire: 'openwire_load',
  stomp: 'stomp_load',
  mqtt: 'mqtt_load',
  amqp10: 'amqp10_load',
};

/** The broker that Waxwing is compared with, for each protocol. */
const rivals: Readonly<Record<ProtocolName, PeerName>> = {
  openwire: 'activemq',
  stomp: 'activemq',
  mqtt: 'mosquitto',
  amqp10: 'rabbitmq4',
};

/** Whether a broker is measured with a protocol: Waxwing and its rival. */
export function isMeasured(name: PeerName, protocol: ProtocolName): boolean {
  if (name === 'waxwing-rabbitmq') return protocol === 'amqp10';
  return name === 'waxwing' || name === rivals[protocol];
}

/** Returns Waxwing and its rival for a protocol, of those that run and have an endpoint for it. */
export function peersOf(session: Session, protocol: ProtocolName): ProtocolPeer[] {
  return session.peers.filter((peer) => {
    if (!isMeasured(peer.name, protocol)) return false;
    if (peer.endpoint(protocol) !== undefined) return true;
    session.leaveOut(`${protocol} of ${peer.name}`, 'the broker has no endpoint for it');
    return false;
  });
}
