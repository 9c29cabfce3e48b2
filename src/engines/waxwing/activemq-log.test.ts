import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gatheringLimits } from '../../base/failure-gatherer.ts';
import { ActiveMqLog } from './activemq-log.ts';

function open() {
  const lines: string[] = [];
  const connection = { user: 'bob' };
  const log = new ActiveMqLog({
    broker: { name: 'orders', id: 'b-1', version: '5.18' },
    log: (_, line) => lines.push(line),
    nowMs: () => Date.UTC(2026, 0, 2, 3, 4, 5, 6),
    peerOf: (access) => (access === connection ? '127.0.0.1:5' : undefined),
  });
  return { lines, log, connection };
}

const logger = 'org.apache.activemq.broker';

test('log lines have a date, a level, a message, a logger and a thread', () => {
  const { lines, log } = open();
  log.starting(['systemUsage has no effect']);
  log.started(['stomp+ssl', 'wss']);
  log.removedInactive('queue://A', 600_000);
  log.stopping();
  const date = '2026-01-02 03:04:05,006 | INFO';
  assert.deepEqual(lines, [
    `${date} | Apache ActiveMQ 5.18 (orders, b-1) is starting | ${logger}.BrokerService | main`,
    `2026-01-02 03:04:05,006 | WARN | systemUsage has no effect | ${logger}.BrokerService | main`,
    `${date} | Connector stomp+ssl started | ${logger}.TransportConnector | main`,
    `${date} | Connector wss started | ${logger}.TransportConnector | main`,
    `${date} | Apache ActiveMQ 5.18 (orders, b-1) started | ${logger}.BrokerService | main`,
    `${date} | queue://A Inactive for longer than 600000 ms - removing ... | ${logger}.region.RegionBroker | ActiveMQ Broker Scheduler`,
    `${date} | Apache ActiveMQ 5.18 (orders, b-1) is shutting down | ${logger}.BrokerService | ActiveMQ ShutdownHook`,
  ]);
});

test('a failed login is logged with its user name only if that user exists', () => {
  const { lines, log } = open();
  const from = { peerAddress: '127.0.0.1:9' };
  log.loginFailed({ ...from, user: 'bob', reason: 'wrong-password' }, 1);
  log.loginFailed({ ...from, user: undefined, reason: 'unknown-user' }, 7);
  log.loginFailed({ ...from, user: undefined, reason: 'busy' }, 1);
  log.loginFailed(undefined, 3);
  const failed =
    'Failed to add Connection id=unknown, clientId=unknown, clientIP=tcp://127.0.0.1:9 due to';
  assert.deepEqual(
    lines.map((line) => line.split(' | ')[2]),
    [
      `${failed} User name [bob] or password is invalid.`,
      `${failed} User name [unknown] or password is invalid. (7 times)`,
      `${failed} busy`,
      'Failed to add 3 Connections for other reasons',
    ],
  );
});

test('refused requests are summarised in a bounded number of bounded lines', () => {
  const { lines, log, connection } = open();
  log.refused(connection, 'User bob is not authorized to read from: queue://A\nforged | line');
  log.refused(
    { user: 'bob' },
    `User bob is not authorized to write to: queue://${'x'.repeat(10_000)}`,
  );
  for (let i = 0; i < 10_000; i++)
    log.refused({ user: 'bob' }, `User eve is not authorized ${i % 100}`);
  log.stopping();
  assert.match(
    lines[0] ?? '',
    /WARN \| Security Error occurred on connection to: tcp:\/\/127\.0\.0\.1:5, User bob is not authorized to read from: queue:\/\/A/,
  );
  assert.ok(lines.every((line) => !line.includes('\n') && line.length < 2200));
  assert.ok(lines.length <= 2 * gatheringLimits.toldCountMax + 2, `${lines.length} lines`);
  assert.ok(lines.some((line) => /\d+ Security Errors occurred/.test(line)));
});

test('client-supplied names cannot forge log fields or change the text direction', () => {
  const { lines, log } = open();
  log.removedInactive('queue://A | ERROR | forged \u202eline\u2066 \u200f\u061c', 1000);
  const [line = ''] = lines;
  assert.equal(line.split(' | ').length, 5);
  assert.ok(
    line.includes(
      String.raw`queue://A \x7c ERROR \x7c forged \u202eline\u2066 \u200f\u061c Inactive`,
    ),
    line,
  );
});
