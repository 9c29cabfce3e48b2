import assert from 'node:assert/strict';
import { test } from 'node:test';
import { upgradeSteps } from './rabbitmq-upgrades.ts';

test('clusters pass through each minor version of RabbitMQ 3, and from 3.13 to 4.2 at once', () => {
  assert.deepEqual(upgradeSteps('3.10', '3.10.8'), []);
  assert.deepEqual(upgradeSteps('3.10.8', '3.11'), ['3.11']);
  assert.deepEqual(upgradeSteps('3.10', '4.0'), ['3.11', '3.12', '3.13', '4.0']);
  assert.deepEqual(upgradeSteps('3.13', '4.2'), ['4.2']);
  assert.deepEqual(upgradeSteps('3.13', '4.3'), ['4.2', '4.3']);
  assert.deepEqual(upgradeSteps('4.0', '4.1'), ['4.1']);
  assert.deepEqual(upgradeSteps('4.0.5', '4.3.6'), ['4.2', '4.3']);
  assert.deepEqual(upgradeSteps('4.1', '4.2'), ['4.2']);
  assert.deepEqual(upgradeSteps('3.8.9', '3.10.8'), ['3.9', '3.10']);
  assert.deepEqual(upgradeSteps('4.0', '5.0'), []);
});
