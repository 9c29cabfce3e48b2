import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noArguments } from '../../src/broker/arguments.ts';
import { Inbox, message, owner, plainSubscribe } from '../support/bare-broker.ts';
import { BrokerOnLog } from '../support/broker-on-log.ts';

const options = { durable: true, exclusive: false, autoDelete: false, arguments: noArguments };

for (const isPersistent of [true, false]) {
  const kind = isPersistent ? 'on the disk' : 'in memory only';
  test(`a message ${kind} with a false record is never delivered; the broker stops and reports where`, async () => {
    const failures: Error[] = [];
    const onFailed = (error: Error) => failures.push(error);
    const onLog = await BrokerOnLog.start({ onFailed });
    const { broker } = onLog;
    const vhost = broker.createVhost('v');
    const queue = vhost.declareQueue('q', options, owner);
    for (const body of ['mine', 'a secret of somebody else']) {
      const publication = message(broker, '', 'q', body);
      publication.exchange = vhost.exchange('');
      publication.isPersistent = isPersistent;
      broker.publish(vhost, publication);
    }
    if (isPersistent) await onLog.synced();
    const { store } = broker;
    assert.ok(store.view(queue.index, 0, broker.delivery));
    const { buffer, addressEnd } = broker.delivery;
    buffer.writeUInt32BE(60, addressEnd + 4); // the length of the body
    const inbox = new Inbox();
    queue.subscribe(inbox, plainSubscribe);
    broker.pump();
    await assert.rejects(onLog.log.load(queue.index.slot(0)), { code: 'volume-damaged' });
    assert.deepEqual(inbox.bodies, []);
    const where = isPersistent ? /seg-\d+ has a broken record at byte \d+/ : /at offset \d+/;
    assert.match(failures.map(({ message: text }) => text).join(), where);
    assert.equal(failures.length, 1);
  });
}
