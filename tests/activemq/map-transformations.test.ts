import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Field, toJson } from '../../src/broker/conversion/value.ts';
import { types } from '../../src/protocols/openwire/codec/commands.gen.ts';
import { encodeMap } from '../../src/protocols/openwire/codec/primitives.ts';
import { readBody } from '../../src/protocols/openwire/conversion/bodies.ts';
import { readProperties } from '../../src/protocols/openwire/conversion/properties.ts';
import { mapTextLengthMax } from '../../src/protocols/stomp/activemq/conversion/transformations.ts';
import { stompFormat } from '../../src/protocols/stomp/activemq/format.ts';
import { ActiveMqPeers } from '../support/activemq-peers.ts';
import { type OpenWirePeer, queue, topic } from '../support/openwire-peer.ts';

// STOMP's header `transformation`: maps of JMS as JSON or XML.

const json = '{"map":{"entry":[{"string":["colour","blue"]},{"string":"size","int":10}]}}';
const xml = `<map>
  <entry>
    <string>colour</string>
    <string>blue</string>
  </entry>
  <entry>
    <string>size</string>
    <int>10</int>
  </entry>
</map>`;

const destination = '/queue/Q';

/** What a JMS client gets. */
function received(peer: OpenWirePeer) {
  return peer.dispatches().map(({ message }) => {
    assert.ok(message);
    const content = message.content ?? Buffer.alloc(0);
    const body = readBody(message, content, 0, content.length);
    const properties = readProperties(message.marshalledProperties);
    return {
      type: message.type,
      content: body.kind === 'value' ? toJson(body.value) : body.kind === 'text' && body.text,
      error: properties.find(([name]) => name === 'transformation-error')?.[1].value,
    };
  });
}

test('a STOMP client sends maps to JMS clients as JSON and as XML', async () => {
  const peers = await ActiveMqPeers.open();
  const jms = await peers.openwire('ID:o-1:1');
  jms.consume(1, queue('Q'));
  const stomp = await peers.stomp();
  for (const [transformation, body] of [
    ['jms-map-json', json],
    ['jms-map-xml', xml],
  ] as const) {
    stomp.call('SEND', { destination, transformation }, body);
    const [message] = received(jms);
    assert.equal(message?.type, types.MapMessage);
    assert.deepEqual(message.content, { colour: 'blue', size: 10 });
    assert.equal(message.error, undefined);
  }
});

test('a body that is not such a map stays text, with the reason in a property', async () => {
  const peers = await ActiveMqPeers.open();
  const jms = await peers.openwire('ID:o-1:1');
  jms.consume(1, queue('Q'));
  const stomp = await peers.stomp();
  const failing = [
    ['jms-map-json', '{"map":', /not valid JSON/],
    ['jms-map-json', '{"map":{"entry":{"string":"a","constructor":"1"}}}', /not supported/],
    ['jms-map-xml', '<map a="b"/>', /attributes/],
    ['jms-map-xml', '<!DOCTYPE a [<!ENTITY b "c">]><map/>', /document|attributes/],
    ['jms-map-json', `"${'x'.repeat(mapTextLengthMax)}"`, /65538 characters; at most 65536/],
    ['jms-object-xml', '<java.lang.Runtime/>', /not supported/],
    ['constructor', 'x', /not supported/],
  ] as const;
  for (const [transformation, body, reason] of failing) {
    stomp.call('SEND', { destination, transformation }, body);
    const [message] = received(jms);
    assert.equal(message?.type, types.TextMessage);
    assert.equal(message.content, body);
    assert.match(String(message.error), reason);
  }
  const bytes = { destination, transformation: 'jms-map-json', 'content-length': '1' };
  stomp.call('SEND', bytes, 'x');
  const [message] = received(jms);
  assert.equal(message?.type, types.BytesMessage);
  assert.equal(message.error, undefined);
});

test('a subscription gets maps of all senders in the form that it asks for', async () => {
  const peers = await ActiveMqPeers.open();
  const jms = await peers.openwire('ID:o-1:1');
  jms.produce();
  const sender = await peers.stomp();
  const send = () => {
    const map = encodeMap([
      ['colour', { type: 'string', value: 'blue' }],
      ['size', { type: 'int', value: 10 }],
    ]);
    jms.publish(queue('Q'), '', { type: types.MapMessage, content: map });
    sender.call('SEND', { destination, transformation: 'jms-map-xml' }, xml);
    sender.call('SEND', { destination, transformation: 'jms-map-json' }, json);
    sender.call('SEND', { destination, transformation: 'no-such' }, 'text');
  };
  const forms = [
    ['jms-map-json', json, 'jms-map-json'],
    ['jms-json', json, 'jms-map-json'],
    ['jms-map-xml', xml, 'jms-map-xml'],
    ['jms-xml', xml, 'jms-map-xml'],
  ] as const;
  for (const [transformation, body, named] of forms) {
    const peer = await peers.stomp();
    const frames = peer.call('SUBSCRIBE', { id: '1', destination, transformation });
    assert.deepEqual(frames, []);
    send();
    const messages = peer.take();
    assert.deepEqual(
      messages.map((each) => each.body),
      [body, body, body, 'text'],
    );
    assert.deepEqual(
      messages.map(({ headers }) => headers['transformation']),
      [named, named, named, 'no-such'],
    );
    peer.connection.ended();
    await peers.settled();
  }
});

test('a large map is converted once for all subscriptions of a topic to one form', async (t) => {
  const peers = await ActiveMqPeers.open();
  const count = 40;
  const toProperties = t.mock.method(stompFormat, 'toProperties');
  const topicName = '/topic/T';
  const readers = [];
  for (let n = 0; n < count; n++) {
    const stomp = await peers.stomp();
    const asked = n % 2 === 0 ? 'jms-json' : 'jms-xml';
    stomp.call('SUBSCRIBE', { id: '1', destination: topicName, transformation: asked });
    const jms = await peers.openwire(`ID:o-${n}:1`);
    jms.consume(1, topic('T'));
    const mqtt = await peers.mqtt({ clientId: `m${n}` });
    mqtt.subscribe({ T: 0 });
    mqtt.take();
    readers.push({ stomp, jms, mqtt });
  }
  const sender = await peers.stomp();
  const entries = (size: number) => Array(2000).fill(`{"string":"n","int":${size}}`).join();
  for (const size of [1, 2]) {
    const body = `{"map":{"entry":[${entries(size)}]}}`;
    toProperties.mock.resetCalls();
    sender.call('SEND', { destination: topicName, transformation: 'jms-map-json' }, body);
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    await peers.settled();
    // To JSON, XML, a JMS message, and a message of MQTT.
    assert.equal(toProperties.mock.callCount(), 4);
    for (const [n, { stomp, jms, mqtt }] of readers.entries()) {
      const texts = stomp.take().map((frame) => frame.body);
      if (n % 2 === 0) assert.deepEqual(texts, [body]);
      else assert.match(String(texts), new RegExp(`^<map>\\n.*<int>${size}</int>`, 's'));
      assert.deepEqual(
        received(jms).map((message) => message.content),
        [{ n: size }],
      );
      assert.equal(mqtt.payloads().length, 1);
    }
  }
});

test('a map that would be too long stays as it is for STOMP clients, with the reason in a header', async () => {
  const peers = await ActiveMqPeers.open();
  const jms = await peers.openwire('ID:o-1:1');
  jms.produce();
  const stomp = await peers.stomp();
  stomp.call('SUBSCRIBE', { id: '1', destination, transformation: 'jms-map-xml' });
  const long = { type: 'string', value: '"'.repeat(mapTextLengthMax) } as const;
  const many = Array.from({ length: 5000 }, (_, at) => [`${at}`, { type: 'null', value: null }]);
  for (const fields of [[['a', long]], many] as Field[][]) {
    jms.publish(queue('Q'), '', { type: types.MapMessage, content: encodeMap(fields) });
    const [frame] = stomp.take();
    assert.match(String(frame?.headers['transformation-error']), /more than 65536 characters/);
    assert.equal(frame?.headers['transformation'], undefined);
    assert.equal(Object.keys(JSON.parse(frame?.body ?? '') as object).length, fields.length);
  }
});

test('a map that a JMS client passes on keeps its form for STOMP clients', async () => {
  const peers = await ActiveMqPeers.open();
  const jms = await peers.openwire('ID:o-1:1');
  jms.produce();
  jms.consume(1, queue('Q'));
  const stomp = await peers.stomp();
  stomp.call('SUBSCRIBE', { id: '1', destination: '/queue/R' });
  stomp.call('SEND', { destination, transformation: 'jms-map-json' }, json);
  const [dispatch] = jms.dispatches();
  const message = dispatch?.message;
  assert.ok(message);
  const { type, content, marshalledProperties } = message;
  jms.publish(queue('R'), '', { type, content, marshalledProperties } as typeof message);
  const [frame] = stomp.take();
  assert.equal(frame?.body, json);
  assert.equal(frame.headers['transformation'], 'jms-map-json');
});
