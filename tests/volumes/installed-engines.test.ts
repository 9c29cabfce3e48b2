import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findActiveMq } from '../../src/engines/installed/activemq.ts';
import { findRabbitMq } from '../../src/engines/installed/rabbitmq.ts';
import { installed } from '../support/debian-packages.ts';

test("Debian's RabbitMQ is found with its Erlang", async (t) => {
  const why = await installed('rabbitmq-server');
  if (why !== undefined) return t.skip(why);
  const { version, home, plugins, erlang } = await findRabbitMq(undefined, {});
  assert.match(home, new RegExp(`rabbitmq_server-${version}$`));
  assert.ok(plugins.includes('rabbitmq_management'));
  assert.match(erlang.release, /^\d+$/);
  assert.match(erlang.tlsModules, /\/ebin$/);
});

test("Debian's ActiveMQ is found with its Java, and without the transports that it lacks", async (t) => {
  const why = await installed('activemq', 'openjdk-17-jre-headless');
  if (why !== undefined) return t.skip(why);
  const { version, transports, java } = await findActiveMq(undefined, {});
  assert.match(version, /^5\.\d+\.\d+$/);
  assert.match(java.version, /^\d+/);
  for (const scheme of ['ssl', 'stomp+ssl']) assert.ok(transports.has(scheme), scheme);
  // The transport of MQTT is there, without the library that it needs.
  for (const scheme of ['amqp+ssl', 'mqtt+ssl', 'wss']) assert.ok(!transports.has(scheme), scheme);
});
