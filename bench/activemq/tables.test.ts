import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Figures } from '../results.ts';
import { judge } from './goals.ts';
import { portsByScheme } from './peers/waxwing.ts';
import {
  type Measurement,
  type PeerName,
  peerNames,
  type Results,
  type ScenarioName,
} from './results.ts';
import { isMeasured } from './session.ts';
import { report } from './tables.ts';

function run(scenario: ScenarioName, peer: PeerName, round: number, figures: Figures): Measurement {
  const bodyBytes = /^(idle|rest|create)/.test(scenario) ? 0 : 1024;
  return { scenario, peer, bodyBytes, round, figures };
}

function results(measurements: readonly Measurement[], leftOut: readonly string[] = []): Results {
  const machine = {
    cores: 2,
    processor: 'a processor',
    memoryGiB: 24,
    system: 'Debian',
    kernel: '6.1',
    filesystem: 'ext4',
    node: 'v20.19.0',
  };
  const startedAt = '2026-01-02T03:04:05.000Z';
  return { startedAt, machine, rounds: 2, seconds: 5, versions: {}, leftOut, measurements };
}

const flow = (messagesPerCpuSecond: number) => ({ messagesPerCpuSecond, messagesPerSecond: 1 });

test('goals are computed per round as ratios to the reference broker of the protocol', () => {
  // The machine was ten times faster in the second round.
  const measured = results([
    run('stomp', 'waxwing', 1, flow(120)),
    run('stomp', 'activemq', 1, flow(10)),
    run('stomp', 'waxwing', 2, flow(1000)),
    run('stomp', 'activemq', 2, flow(100)),
    run('mqtt-qos1', 'waxwing', 1, flow(7)),
    run('mqtt-qos1', 'mosquitto', 1, flow(10)),
  ]);
  const text = report(measured);
  assert.match(
    text,
    /^\| – \| STOMP .* without receipts \| ≥ 12 × \| ≥ 4 × \| 11 × \| the must \|$/m,
  );
  assert.match(text, /^\| – \| MQTT QoS 1.*\| 0\.7 × \| \*\*no\*\* \|$/m);
  assert.doesNotMatch(text, /OpenWire/);
});

test('brokers of RabbitMQ’s type are compared with RabbitMQ', () => {
  const measured = results([
    run('rabbitmq-mqtt-qos1', 'waxwing-rabbitmq', 1, flow(120)),
    run('rabbitmq-mqtt-qos1', 'rabbitmq4', 1, flow(10)),
    run('rabbitmq-stomp-receipts', 'waxwing-rabbitmq', 1, flow(40)),
    run('rabbitmq-stomp-receipts', 'rabbitmq4', 1, flow(10)),
  ]);
  const text = report(measured);
  assert.match(text, /^\| – \| MQTT QoS 1.*RabbitMQ 4.*\| ≥ 10 × \| ≥ 5 × \| 12 × \| yes \|$/m);
  assert.match(text, /^\| – \| STOMP .*RabbitMQ 4.*\| 4 × \| \*\*no\*\* \|$/m);
  assert.match(text, /### MQTT, QoS 1, durable session, RabbitMQ’s type, 1,024 B/);
  assert.doesNotMatch(text, /against (mosquitto|ActiveMQ)/);
});

test('a scenario is measured with Waxwing and the reference broker', () => {
  const brokers = (scenario: ScenarioName) =>
    peerNames.filter((name) => isMeasured(name, scenario));
  assert.deepEqual(brokers('stomp-receipts'), ['waxwing', 'activemq']);
  assert.deepEqual(brokers('mqtt-qos1'), ['waxwing', 'mosquitto']);
  assert.deepEqual(brokers('amqp10'), ['waxwing', 'waxwing-rabbitmq', 'rabbitmq4']);
  assert.deepEqual(brokers('rabbitmq-mqtt-qos1'), ['waxwing-rabbitmq', 'rabbitmq4']);
  assert.deepEqual(brokers('rabbitmq-stomp-receipts'), ['waxwing-rabbitmq', 'rabbitmq4']);
  assert.deepEqual(brokers('rest'), ['waxwing']);
});

test('goals of memory and time are upper limits', () => {
  const verdicts = judge(
    results([
      run('idle-openwire', 'waxwing', 1, { idleConnectionKiB: 30 }),
      run('idle-openwire', 'activemq', 1, { idleConnectionKiB: 100 }),
      run('rest', 'waxwing', 1, { idleBrokerRssKiB: 91 * 1024 }),
      run('create', 'waxwing', 1, { createMs: 300 }),
    ]),
  );
  const reached = verdicts.flatMap((one) => one.reached ?? []);
  assert.deepEqual(reached, ['must', 'goal', 'neither']);
});

test('a table has one row per broker, with ratios to the reference broker', () => {
  const text = report(
    results([
      run('idle-mqtt', 'waxwing', 1, { idleConnectionKiB: 30 }),
      run('idle-mqtt', 'mosquitto', 1, { idleConnectionKiB: 10 }),
    ]),
  );
  assert.match(
    text,
    /### Idle MQTT connections\n\n\| broker \| KiB a connection \| to mosquitto \|/,
  );
  assert.match(text, /^\| Waxwing \| 30 \| 3 \|\n\| mosquitto \| 10 \| 1 \|$/m);
});

test('omitted measurements are listed with the reason', () => {
  const text = report(results([], ['mqtt of waxwing, because the broker has no endpoint for it']));
  assert.match(text, /^- Left out: mqtt of waxwing, because the broker has no endpoint for it\.$/m);
});

test('endpoints are identified by their URL schemes', () => {
  const Endpoints = ['ssl://b-1.example:61617', 'stomp+ssl://b-1.example:2001'];
  const ports = portsByScheme({ BrokerInstances: [{ Endpoints }] });
  assert.deepEqual(
    [...ports],
    [
      ['ssl', 61617],
      ['stomp+ssl', 2001],
    ],
  );
});
