import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MqttPeer } from '../../../../tests/support/mqtt-peer.ts';
import { OpenWireBroker } from '../../../../tests/support/openwire-peer.ts';
import { configureActiveMq } from '../../../broker/activemq/activemq.ts';
import { defaultConfiguration } from '../../../broker/activemq/configuration.ts';
import { mqttForActiveMq } from '../activemq/protocol.ts';
import { mqttFormat } from '../format.ts';

// Who may have a session.

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A broker whose users may read `a.>`, and one of them `secret.>`, and which does little in a turn. */
async function restricted() {
  const groups = (...names: readonly string[]) => ({ read: names, write: names, admin: names });
  const authorisation = {
    entries: [
      { kind: 'topic', name: 'a.>', ...groups('staff') },
      { kind: 'topic', name: 'secret.>', ...groups('bosses') },
    ],
    temporary: undefined,
    users: [
      ['bob', ['staff', 'bosses']],
      ['eve', ['staff']],
    ],
  } as const;
  const more = { formats: [mqttFormat] };
  const b = await OpenWireBroker.open({ workUnitsMax: 64 }, undefined, more, (broker) =>
    configureActiveMq(broker, { ...defaultConfiguration, authorisation }),
  );
  const protocol = mqttForActiveMq(b.broker);
  const settled = async () => {
    const { background } = b.broker;
    let turns = 0;
    for (; !background.isIdle || background.isPending; turns++) await turn();
    b.sync();
    return turns;
  };
  const connect = async (username: string) => {
    const peer = new MqttPeer({ protocol, sync: () => b.sync() });
    const lasting = { version: 5, clean: false, properties: { 17: 1000 } } as const;
    await peer.connect({ ...lasting, clientId: 's', username });
    return peer;
  };
  return { settled, connect };
}

for (const isSecret of [false, true]) {
  const result = isSecret ? 'is refused' : 'is resumed';
  test(`the session of another user with many filters ${result}, after several turns`, async () => {
    const { settled, connect } = await restricted();
    const bob = await connect('bob');
    bob.takeConnack();
    const filters = Array.from({ length: 1000 }, (_, n) => [`a/${n}`, 1] as const);
    bob.subscribe(Object.fromEntries([...filters, [isSecret ? 'secret/x' : 'a/x', 1]]));
    await settled();
    const [suback] = bob.take();
    assert.equal(suback?.type, 'suback');
    bob.cut();
    await settled();
    const eve = await connect('eve');
    assert.deepEqual(eve.take(), [], 'nothing is answered before all filters are checked');
    assert.ok((await settled()) > 20);
    eve.takeConnack();
    assert.deepEqual(
      [eve.connack?.codes?.[0], eve.connack?.isPresent, eve.isClosed],
      isSecret ? [0x87, false, true] : [0, true, false],
    );
  });
}

test('a client that leaves while its session is checked does not take it', async () => {
  const { settled, connect } = await restricted();
  const bob = await connect('bob');
  bob.takeConnack();
  bob.subscribe(Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`a/${n}`, 1])));
  await settled();
  bob.cut();
  await settled();
  const eve = await connect('eve');
  eve.cut();
  await settled();
  const again = await connect('bob');
  await settled();
  again.takeConnack();
  assert.deepEqual([again.connack?.codes?.[0], again.connack?.isPresent], [0, true]);
});
