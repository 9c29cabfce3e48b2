// The performance goals of brokers of ActiveMQ's type, and of MQTT and STOMP of RabbitMQ's type.

import type { FigureName } from '../results.ts';
import { medianOf, ratioOf } from '../statistics.ts';
import { type Goal, type Verdict, verdicts } from '../verdicts.ts';
import type { PeerName, Results, ScenarioName } from './results.ts';

const bodyBytes = 1024;

function ratio(
  scenario: ScenarioName,
  bytes: number,
  figure: FigureName,
  peer: PeerName,
  own: PeerName = 'waxwing',
): Goal<Results>['measure'] {
  return ({ measurements }) => {
    const of = { scenario, bodyBytes: bytes, figure };
    const value = ratioOf(measurements, { ...of, peer: own }, { ...of, peer });
    return value === undefined ? undefined : { value };
  };
}

function ours(scenario: ScenarioName, figure: FigureName, factor = 1): Goal<Results>['measure'] {
  return ({ measurements }) => {
    const value = medianOf(measurements, { scenario, bodyBytes: 0, figure, peer: 'waxwing' });
    return value === undefined ? undefined : { value: value * factor };
  };
}

/** A goal for messages per server-CPU-second. */
const speed = (
  what: string,
  [goal, must]: readonly [number, number],
  scenario: ScenarioName,
  peer: PeerName,
  own?: PeerName,
): Goal<Results> => ({
  name: '–',
  what,
  unit: '×',
  sense: 'least',
  goal,
  must,
  measure: ratio(scenario, bodyBytes, 'messagesPerCpuSecond', peer, own),
});

const atMost = (
  what: string,
  unit: string,
  [goal, must]: readonly [number, number],
  measure: Goal<Results>['measure'],
): Goal<Results> => ({ name: '–', what, unit, sense: 'most', goal, must, measure });

const idle = (what: string, limits: readonly [number, number], at: ScenarioName, peer: PeerName) =>
  atMost(what, '×', limits, ratio(at, 0, 'idleConnectionKiB', peer));

const goals: readonly Goal<Results>[] = [
  speed('OpenWire persistent, async send, against ActiveMQ', [12, 4], 'openwire-async', 'activemq'),
  speed('the same, transactions of 100', [12, 4], 'openwire-transactions', 'activemq'),
  speed('the same, synchronous send', [10, 3], 'openwire-sync', 'activemq'),
  speed('the same, 8 producers', [10, 3], 'openwire-sync-8', 'activemq'),
  speed('the same, 32 producers', [10, 3], 'openwire-sync-32', 'activemq'),
  speed('OpenWire non-persistent', [5, 2], 'openwire-transient', 'activemq'),
  speed('STOMP persistent with receipts, against ActiveMQ', [12, 4], 'stomp-receipts', 'activemq'),
  speed('STOMP persistent without receipts', [12, 4], 'stomp', 'activemq'),
  speed('MQTT QoS 1, durable session, against mosquitto', [1.5, 0.8], 'mqtt-qos1', 'mosquitto'),
  speed('MQTT QoS 0, fan-out 1 to 100', [1, 0.6], 'mqtt-fan-out', 'mosquitto'),
  speed('AMQP 1.0 persistent, against RabbitMQ 4', [8, 4], 'amqp10', 'rabbitmq4'),
  speed(
    'the same, with a broker of RabbitMQ’s type',
    [8, 4],
    'amqp10',
    'rabbitmq4',
    'waxwing-rabbitmq',
  ),
  speed(
    'MQTT QoS 1, durable session, against RabbitMQ 4, with a broker of RabbitMQ’s type',
    [10, 5],
    'rabbitmq-mqtt-qos1',
    'rabbitmq4',
    'waxwing-rabbitmq',
  ),
  speed(
    'STOMP persistent with receipts, against RabbitMQ 4, with a broker of RabbitMQ’s type',
    [10, 5],
    'rabbitmq-stomp-receipts',
    'rabbitmq4',
    'waxwing-rabbitmq',
  ),
  idle(
    'memory of an idle OpenWire connection over ActiveMQ’s',
    [1 / 5, 1 / 3],
    'idle-openwire',
    'activemq',
  ),
  idle('memory of an idle MQTT connection over mosquitto’s', [2, 4], 'idle-mqtt', 'mosquitto'),
  atMost('CreateBroker to RUNNING', 'ms', [1000, 1000], ours('create', 'createMs')),
  atMost('memory at rest, broker', 'MiB', [90, 90], ours('rest', 'idleBrokerRssKiB', 1 / 1024)),
];

/** Compares results with all goals. */
export function judge(results: Results): Verdict<Results>[] {
  return verdicts(goals, results);
}
