import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ActiveMqPeers } from '../support/activemq-peers.ts';

// `deleteAllMessagesOnStartup`: once for each revision of the configuration.

const deleting = 'deleteAllMessagesOnStartup="true"';

async function fill(peers: ActiveMqPeers): Promise<void> {
  const peer = await peers.stomp({ 'client-id': 'c' });
  const persistent = { persistent: 'true' };
  peer.call('SUBSCRIBE', { id: 'd', destination: '/topic/T', 'activemq.subscriptionName': 'n' });
  peer.call('UNSUBSCRIBE', { id: 'd' });
  for (let n = 0; n < 500; n++) peer.send('SEND', { destination: '/queue/Q', ...persistent }, 'x');
  peer.send('SEND', { destination: '/topic/T', ...persistent }, 'x');
  const later = { AMQ_SCHEDULED_DELAY: '60000', ...persistent };
  peer.send('SEND', { destination: '/queue/later', ...later }, 'x');
  const mqtt = await peers.mqtt({ clientId: 'm' });
  mqtt.publish('R', 'kept', { qos: 1, id: 1, retain: true });
  await peers.settled();
}

async function contentsOf(peers: ActiveMqPeers) {
  const mqtt = await peers.mqtt({ clientId: 'r' });
  mqtt.subscribe({ R: 1 });
  await peers.settled();
  const retained = mqtt.payloads();
  mqtt.cut();
  const vhost = peers.b.broker.vhost('/');
  let subscribed = 0;
  for (const queue of vhost.queues.values()) {
    if (queue.name.startsWith('amq.') && queue.index.isDurable) subscribed += queue.readyCount;
  }
  return {
    queued: peers.b.ready('Q'),
    subscribed,
    scheduled: peers.b.broker.schedules.of('/').count,
    retained,
  };
}

const all = { queued: 500, subscribed: 1, scheduled: 1, retained: ['kept'] };
const none = { queued: 0, subscribed: 0, scheduled: 0, retained: [] };

test('all messages are deleted at the first start with a revision, but not at later starts', async () => {
  const first = await ActiveMqPeers.open();
  await fill(first);
  assert.deepEqual(await contentsOf(first), all);
  const kept = await ActiveMqPeers.open('', '', { before: first });
  assert.deepEqual(await contentsOf(kept), all);
  const emptied = await ActiveMqPeers.open('', deleting, { before: kept, revision: 2 });
  assert.match(emptied.warnings.join(), /deleteAllMessagesOnStartup deletes all messages/);
  await emptied.settled();
  assert.deepEqual(await contentsOf(emptied), none);
  await fill(emptied);
  const again = await ActiveMqPeers.open('', deleting, { before: emptied, revision: 2 });
  await again.settled();
  assert.deepEqual(await contentsOf(again), all);
  const next = await ActiveMqPeers.open('', deleting, { before: again, revision: 3 });
  await next.settled();
  assert.deepEqual(await contentsOf(next), none);
});
