// The context of scenarios.

import type { LoadGenerator, LoadProgram } from '../load.ts';
import type { Options } from './options.ts';
import type { ProtocolName, ProtocolPeer } from './peers/peer.ts';
import type { Measurement, PeerName, ScenarioName } from './results.ts';

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

/** The broker that a broker of ActiveMQ's type is compared with, for each protocol. */
const rivals: Readonly<Record<ProtocolName, PeerName>> = {
  openwire: 'activemq',
  stomp: 'activemq',
  mqtt: 'mosquitto',
  amqp10: 'rabbitmq4',
};

/** Returns the protocol of a scenario; undefined if it has no connection. */
export function protocolOf(scenario: ScenarioName): ProtocolName | undefined {
  const all = Object.keys(programs) as ProtocolName[];
  return all.find((protocol) => scenario.includes(protocol));
}

/**
 * Whether a broker is measured in a scenario: Waxwing and its rival, which is RabbitMQ for brokers
 * of RabbitMQ's type.
 */
export function isMeasured(name: PeerName, scenario: ScenarioName): boolean {
  const ofRabbitMq: readonly PeerName[] = ['waxwing-rabbitmq', 'rabbitmq4'];
  if (scenario.startsWith('rabbitmq-')) return ofRabbitMq.includes(name);
  if (name === 'waxwing') return true;
  const protocol = protocolOf(scenario);
  if (protocol === undefined) return false;
  return name === rivals[protocol] || (protocol === 'amqp10' && ofRabbitMq.includes(name));
}

/** Returns the brokers of a scenario that run and have an endpoint for its protocol. */
export function peersOf(
  session: Session,
  scenario: ScenarioName,
  protocol: ProtocolName,
): ProtocolPeer[] {
  return session.peers.filter((peer) => {
    if (!isMeasured(peer.name, scenario)) return false;
    if (peer.endpoint(protocol) !== undefined) return true;
    session.leaveOut(`${protocol} of ${peer.name}`, 'the broker has no endpoint for it');
    return false;
  });
}
