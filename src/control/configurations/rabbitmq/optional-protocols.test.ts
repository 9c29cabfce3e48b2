import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readRabbitMqSettings } from './cuttlefish.ts';
import { readListeners } from './listeners.ts';
import { mqttRules, readMqtt } from './mqtt.ts';
import { readStomp, stompRules } from './stomp.ts';

type Pairs = Readonly<Record<string, string>>;
const settingsOf = (pairs: Pairs) => new Map(Object.entries(pairs));
const listeners = (pairs: Pairs) => readListeners(settingsOf(pairs));

test('listeners are off unless a key names their port', () => {
  assert.deepEqual(listeners({ heartbeat: '60' }), {});
  const all = listeners({
    'mqtt.listeners.ssl.default': '8883',
    'web_mqtt.ssl.port': '15676',
    'stomp.listeners.ssl.1': '61614',
    'web_stomp.ssl.port': '15673',
  });
  assert.deepEqual(all, {
    'mqtt/ssl': 8883,
    'https/web-mqtt': 15676,
    'stomp/ssl': 61614,
    'https/web-stomp': 15673,
  });
  const off = { 'mqtt.listeners.ssl': 'none', 'mqtt.listeners.ssl.default': '8883' };
  assert.deepEqual(listeners(off), {});
});

test('keys that are about one listener or one port are refused', () => {
  const twice = { 'mqtt.listeners.ssl.1': '8883', 'mqtt.listeners.ssl.2': '8884' };
  assert.throws(() => listeners(twice), /\[mqtt\.listeners\.ssl\.1\] and \[.*2\] are about one/);
  const same = { 'mqtt.listeners.ssl.1': '8883', 'stomp.listeners.ssl.1': '8883' };
  assert.throws(() => listeners(same), /\[mqtt.*\] and \[stomp.*\] have one port/);
});

test('MQTT has the defaults of RabbitMQ', () => {
  assert.deepEqual(readMqtt(new Map()), {
    vhost: '/',
    exchange: 'amq.topic',
    prefetchCount: 10,
    sessionSecondsMax: 86_400,
    durableQueueType: 'classic',
    aliasMax: 16,
    packetBytesMax: null,
    connectBytesMax: 65_536,
    takesCertificates: false,
    endsUnauthorised: true,
    isSparkplug: false,
  });
});

test('the settings of MQTT are read', () => {
  const pairs = {
    'mqtt.vhost': 'devices',
    'mqtt.exchange': 'telemetry',
    'mqtt.prefetch': '3',
    'mqtt.max_session_expiry_interval_seconds': 'infinity',
    'mqtt.durable_queue_type': 'quorum',
    'mqtt.topic_alias_maximum': '0',
    'mqtt.max_packet_size_authenticated': '4096',
    'mqtt.max_packet_size_unauthenticated': '512',
    'mqtt.ssl_cert_login': 'true',
    'ssl_options.verify': 'verify_peer',
    'mqtt.disconnect_on_unauthorized': 'false',
    'mqtt.sparkplug': 'true',
  };
  assert.deepEqual(readMqtt(settingsOf(pairs)), {
    vhost: 'devices',
    exchange: 'telemetry',
    prefetchCount: 3,
    sessionSecondsMax: null,
    durableQueueType: 'quorum',
    aliasMax: 0,
    packetBytesMax: 4096,
    connectBytesMax: 512,
    takesCertificates: true,
    endsUnauthorised: false,
    isSparkplug: true,
  });
});

test('the settings of STOMP are read', () => {
  assert.deepEqual(readStomp(new Map()), {
    vhost: '/',
    topicExchange: 'amq.topic',
    nackRequeues: true,
    frameBytesMax: null,
    takesCertificates: false,
    hidesServer: false,
  });
  const pairs = {
    'stomp.default_vhost': 'v',
    'stomp.default_topic_exchange': 't',
    'stomp.default_nack_requeue': 'false',
    'stomp.max_frame_size': '196608',
    'stomp.ssl_cert_login': 'true',
    'ssl_options.verify': 'verify_peer',
    'stomp.hide_server_info': 'true',
  };
  assert.deepEqual(readStomp(settingsOf(pairs)), {
    vhost: 'v',
    topicExchange: 't',
    nackRequeues: false,
    frameBytesMax: 196_608,
    takesCertificates: true,
    hidesServer: true,
  });
});

test('certificates of clients need a request for them', () => {
  const mqtt = settingsOf({ 'mqtt.ssl_cert_login': 'true' });
  assert.throws(() => readMqtt(mqtt), /\[mqtt\.ssl_cert_login\] needs \[ssl_options\.verify\]/);
  const stomp = settingsOf({ 'stomp.ssl_cert_login': 'true' });
  assert.throws(() => readStomp(stomp), /\[stomp\.ssl_cert_login\] needs \[ssl_options\.verify\]/);
});

test('ports are limited, and nobody is admitted without a log-in', () => {
  const isAllowed = (key: string, value: string) =>
    [...mqttRules, ...stompRules].find(([pattern]) => pattern.test(key))?.[1].isAllowed(value);
  assert.equal(isAllowed('mqtt.listeners.ssl.default', '8883'), true);
  assert.equal(isAllowed('mqtt.listeners.ssl.default', '443'), false);
  assert.equal(isAllowed('mqtt.listeners.ssl.default', '127.0.0.1:8883'), false);
  assert.equal(isAllowed('stomp.listeners.ssl.1', '65536'), false);
  assert.equal(isAllowed('mqtt.listeners.tcp', 'none'), true);
  assert.equal(isAllowed('mqtt.listeners.tcp.default', '1883'), undefined);
  assert.equal(isAllowed('mqtt.allow_anonymous', 'true'), false);
  assert.equal(isAllowed('mqtt.allow_anonymous', 'false'), true);
  assert.equal(isAllowed('mqtt.default_user', 'guest'), undefined);
  assert.equal(isAllowed('stomp.implicit_connect', 'true'), false);
  assert.equal(isAllowed('mqtt.vhost', 'v'.repeat(256)), false);
});

test('the keys of both protocols are accepted, and others are refused with the reason', () => {
  const read = (line: string) => () => readRabbitMqSettings(line, 4);
  assert.equal(read('stomp.listeners.ssl.1 = 61614')().listeners['stomp/ssl'], 61_614);
  assert.equal(read('mqtt.listeners.ssl.1 = 8883')().listeners['mqtt/ssl'], 8883);
  const reasons: Readonly<Record<string, RegExp>> = {
    'stomp.listeners.tcp.1 = 61613': /is not supported: every connection uses TLS/,
    'web_mqtt.tcp.port = 15675': /is not supported: every connection uses TLS/,
    'mqtt.default_pass = guest': /is not supported: every client must log in/,
    'mqtt.subscription_ttl = 1000': /use mqtt\.max_session_expiry_interval_seconds/,
    'mqtt.mailbox_soft_limit = 1': /policies can limit with max-length/,
    'mqtt.retained_message_store = x': /stored in the broker's volume/,
    'mqtt.num_acceptors.ssl = 1': /key \[mqtt\.num_acceptors\.ssl\] is not supported\./,
    'mqtt.allow_anonymous = true': /the value of key \[mqtt\.allow_anonymous\] must be false/,
  };
  for (const [line, message] of Object.entries(reasons)) {
    assert.throws(read(line), { code: 'bad-request', message });
  }
});
