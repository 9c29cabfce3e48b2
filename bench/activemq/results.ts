// The names of scenarios and brokers, and the results.

import type { Machine } from '../machine.ts';
import type { Measurement as AnyMeasurement } from '../results.ts';

/** The scenarios, by their names for `--only`. docs/performance.md describes them. */
export const scenarioNames = [
  'openwire-async',
  'openwire-transactions',
  'openwire-sync',
  'openwire-sync-8',
  'openwire-sync-32',
  'openwire-transient',
  'stomp-receipts',
  'stomp',
  'stomp-transactions',
  'stomp-transient',
  'mqtt-qos1',
  'mqtt-fan-out',
  'amqp10',
  'rabbitmq-mqtt-qos1',
  'rabbitmq-stomp-receipts',
  'idle-openwire',
  'idle-stomp',
  'idle-mqtt',
  'rest',
  'create',
] as const;
export type ScenarioName = (typeof scenarioNames)[number];

/** The brokers that can be measured. */
export const peerNames = [
  'waxwing',
  'activemq',
  'mosquitto',
  'waxwing-rabbitmq',
  'rabbitmq4',
] as const;
export type PeerName = (typeof peerNames)[number];

/** One run of a scenario with a broker. */
export type Measurement = AnyMeasurement<ScenarioName, PeerName>;

/** The results of one `npm run bench:activemq`. */
export interface Results {
  readonly startedAt: string;
  readonly machine: Machine;
  readonly rounds: number;
  readonly seconds: number;
  /** The versions of the measured brokers. */
  readonly versions: Partial<Record<PeerName, string>>;
  /** What was requested and could not be measured, with the reason. */
  readonly leftOut: readonly string[];
  readonly measurements: readonly Measurement[];
}
