import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge } from './goals.ts';
import type { Figures, Measurement, PeerName, Results, ScenarioName } from './results.ts';
import { report } from './tables.ts';

function run(scenario: ScenarioName, peer: PeerName, figures: Figures): Measurement {
  return { scenario, peer, bodyBytes: scenario === 'start' ? 0 : 1024, round: 1, figures };
}

function results(...measurements: Measurement[]): Results {
  return {
    startedAt: '2026-01-02T03:04:05.000Z',
    machine: {
      cores: 2,
      processor: 'a processor',
      memoryGiB: 24,
      system: 'Debian',
      kernel: '6.1',
      filesystem: 'ext4',
      node: 'v20.19.0',
    },
    rounds: 1,
    seconds: 5,
    versions: {},
    leftOut: {},
    measurements,
  };
}

const sealedGoal = (of: Results) => judge(of).find(({ goal }) => goal.name === 'G1');

test('a goal is rated by whether its target, its minimum or neither is met', () => {
  const beside = (messagesPerCpuSecond: number) =>
    sealedGoal(
      results(
        run('S4', 'waxwing', { messagesPerCpuSecond }),
        run('S4', 'rabbitmq4-gocryptfs', { messagesPerCpuSecond: 10 }),
      ),
    )?.reached;
  assert.equal(beside(250), 'goal');
  assert.equal(beside(120), 'must');
  assert.equal(beside(119), 'neither');
});

test('RabbitMQ 3.10 is used when RabbitMQ 4 is missing, and the table says so', () => {
  const older = results(
    run('S4', 'waxwing', { messagesPerCpuSecond: 300 }),
    run('S4', 'rabbitmq3-gocryptfs', { messagesPerCpuSecond: 10 }),
  );
  assert.deepEqual(sealedGoal(older)?.measured, { value: 30, beside: 'rabbitmq3-gocryptfs' });
  assert.match(report(older), /^\| G1 .*30 × \(beside RabbitMQ 3\.10 on gocryptfs\) \| yes \|$/m);
});

test('a goal without measurements is left out of the table', () => {
  const text = report(results(run('start', 'waxwing', { startMs: 400 })));
  assert.match(text, /^\| G14 .* 400 ms \| \*\*no\*\* \|$/m);
  assert.doesNotMatch(text, /^\| G1 /m);
});

test('the report counts runs that lost or duplicated messages', () => {
  const bad = run('S4', 'waxwing', { messagesPerSecond: 10, redelivered: 1 });
  assert.match(report(results(bad)), /delivered twice or refused: 1\.$/m);
});
