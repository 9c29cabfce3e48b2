import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkSharedPorts } from '../../server/public/shared-ports-setting.ts';
import { sharedPorts } from './options.ts';

const needs = { apiPort: 8443, publicHosts: ['mq.example.test'], hasAwsNames: false };

test('listeners of both engines can share a port, two of one engine cannot', () => {
  checkSharedPorts(sharedPorts('amqps=5671,amqp+ssl=5671,management=443,console=443'), needs);
  assert.throws(
    () => checkSharedPorts(sharedPorts('amqps=443,management=443'), needs),
    /has 'amqps=443,management=443'; expected different ports for 'amqps' and 'management'/,
  );
  assert.throws(
    () => checkSharedPorts(sharedPorts('wss=443,openwire+ssl=443'), needs),
    /different ports/,
  );
});

test('a listener has one shared port', () => {
  assert.throws(() => sharedPorts('amqps=5671,amqps=443'), /'amqps' more than once/);
  assert.throws(() => sharedPorts('amqps=443', sharedPorts('amqps=5671')), /more than once/);
});
