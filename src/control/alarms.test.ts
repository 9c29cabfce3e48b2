import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BrokerAlarms } from './alarms.ts';

const broker = {
  id: 'b-1',
  state: 'RUNNING',
  engineType: 'RABBITMQ',
  deploymentMode: 'SINGLE_INSTANCE',
  action: null,
} as const;

test('an alarm of a running RabbitMQ broker is shown as a critical action', () => {
  const alarms = new BrokerAlarms();
  assert.deepEqual(alarms.shown(broker), { state: 'RUNNING', actions: [] });
  alarms.set('b-1', ['memory', 'disk']);
  const { state, actions } = alarms.shown(broker);
  assert.equal(state, 'CRITICAL_ACTION_REQUIRED');
  assert.deepEqual(
    actions.map(({ code }) => code),
    ['RABBITMQ_MEMORY_ALARM', 'RABBITMQ_DISK_ALARM'],
  );
  assert.equal(alarms.shown({ ...broker, engineType: 'ACTIVEMQ' }).state, 'RUNNING');
  assert.equal(alarms.shown({ ...broker, id: 'b-2' }).state, 'RUNNING');
  const deleted = { ...broker, state: 'DELETION_IN_PROGRESS' } as const;
  assert.equal(alarms.shown(deleted).state, 'DELETION_IN_PROGRESS');
  alarms.set('b-1', ['memory', 'writes']);
  const { actions: ofActiveMq } = alarms.shown({ ...broker, engineType: 'ACTIVEMQ' });
  assert.deepEqual(
    ofActiveMq.map(({ code }) => code),
    ['BROKER_DISK_NOT_ANSWERING'],
  );
  assert.deepEqual(alarms.names(broker), ['memory', 'writes']);
  alarms.set('b-1', []);
  assert.deepEqual(alarms.shown(broker), { state: 'RUNNING', actions: [] });
});
