import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  OpenWireBroker,
  type OpenWirePeer,
  queue,
} from '../../../../tests/support/openwire-peer.ts';
import {
  type DataStructure,
  removeInfo,
  type TransactionId,
  transactionInfo,
  types,
} from '../codec/commands.gen.ts';

const local = (peer: OpenWirePeer, value = 1): TransactionId => ({
  type: types.LocalTransactionId,
  value,
  connectionId: { type: types.ConnectionId, value: peer.connectionId },
});
const xa = (name: string): TransactionId => ({
  type: types.XaTransactionId,
  formatId: 7,
  globalTransactionId: Buffer.from(name),
  branchQualifier: Buffer.from([1]),
});

/** Performs an operation and returns what it was answered: a result, or an exception. */
function perform(
  b: OpenWireBroker,
  peer: OpenWirePeer,
  transactionId: TransactionId | undefined,
  action: number,
): unknown {
  const command = transactionInfo({ transactionId, action });
  const answers: DataStructure[] = [...peer.ask(command)];
  b.sync();
  answers.push(...peer.take());
  for (const answer of answers) {
    if (answer.type === types.ExceptionResponse) return answer.exception?.message;
    if (answer.type === types.IntegerResponse) return answer.result;
    if (answer.type === types.DataArrayResponse) return answer.data;
    if (answer.type === types.PlainResponse) return 'done';
  }
  return undefined;
}

test('a local transaction applies its sends and acknowledgements on commit', async () => {
  const b = await OpenWireBroker.open();
  const peer = await b.client();
  peer.produce();
  peer.publish(queue('in'), 'a');
  peer.consume(1, queue('in'));
  const transactionId = local(peer);
  const dispatches = peer.dispatches();
  perform(b, peer, transactionId, 0);
  peer.publish(queue('out'), 'b', { transactionId });
  peer.ack(dispatches, 2, transactionId);
  assert.equal(b.ready('out'), 0);
  assert.equal(perform(b, peer, transactionId, 2), 'done');
  const again = await OpenWireBroker.open({}, b);
  assert.deepEqual([again.ready('in'), again.ready('out')], [0, 1]);
  // The client repeats a commit whose answer it did not receive.
  assert.equal(perform(b, peer, transactionId, 2), 'done');
  assert.equal(
    perform(b, peer, local(peer, 9), 2),
    "Transaction 'TX:ID:c-1:1:9' has not been started.",
  );
});

test('after a rollback the messages stay with their consumer', async () => {
  const b = await OpenWireBroker.open();
  const peer = await b.client();
  peer.produce();
  for (const text of ['a', 'b']) peer.publish(queue('q'), text);
  const { consumerId } = peer.consume(1, queue('q'));
  const transactionId = local(peer);
  const dispatches = peer.dispatches();
  perform(b, peer, transactionId, 0);
  peer.ack(dispatches, 2, transactionId);
  assert.equal(perform(b, peer, transactionId, 4), 'done');
  assert.deepEqual([peer.texts(), b.ready('q')], [[], 0]);
  peer.ack(dispatches.slice(0, 1));
  peer.send(removeInfo({ objectId: consumerId, lastDeliveredSequenceId: -2 }));
  assert.equal(b.ready('q'), 1);
});

test('a transaction with a failed command can only be rolled back', async () => {
  const b = await OpenWireBroker.open();
  const peer = await b.client();
  peer.produce();
  const transactionId = local(peer);
  perform(b, peer, transactionId, 0);
  peer.publish(queue('q'), 'a', { transactionId });
  peer.publish({ type: types.TempQueueDestination, physicalName: 'ID:gone' }, 'b', {
    transactionId,
  });
  assert.match(String(perform(b, peer, transactionId, 2)), /was rolled back, because a command/);
  assert.equal(b.ready('q'), 0);
});

test('a lost connection rolls back its transaction, including for a consumer that was closed before', async () => {
  const b = await OpenWireBroker.open();
  const peer = await b.client();
  peer.produce();
  for (const text of ['a', 'b']) peer.publish(queue('q'), text);
  const { consumerId } = peer.consume(1, queue('q'));
  const transactionId = local(peer);
  const dispatches = peer.dispatches();
  perform(b, peer, transactionId, 0);
  peer.ack(dispatches.slice(0, 1), 2, transactionId);
  peer.send(removeInfo({ objectId: consumerId, lastDeliveredSequenceId: -2 }));
  assert.equal(b.ready('q'), 1);
  peer.connection.ended();
  b.sync();
  assert.equal(b.ready('q'), 2);
});

test('an XA transaction is prepared, survives a crash and is committed by another client', async () => {
  const b = await OpenWireBroker.open();
  const peer = await b.client();
  peer.produce();
  peer.publish(queue('in'), 'a');
  peer.consume(1, queue('in'));
  const dispatches = peer.dispatches();
  const id = xa('one');
  for (const action of [0, 7]) assert.equal(perform(b, peer, id, action), 'done');
  peer.publish(queue('out'), 'b', { transactionId: id });
  peer.ack(dispatches, 2, id);
  assert.match(String(perform(b, peer, id, 3)), /not been prepared.*xaErrorCode:-6$/);
  assert.equal(perform(b, peer, id, 1), 0);
  assert.equal(perform(b, peer, id, 1), 0);
  const again = await OpenWireBroker.open({}, b);
  assert.deepEqual([again.ready('in'), again.ready('out')], [0, 0]);
  const other = await again.client({ connection: 'ID:d' });
  assert.deepEqual(perform(again, other, undefined, 5), [id]);
  assert.equal(perform(again, other, id, 3), 'done');
  assert.deepEqual([again.ready('in'), again.ready('out')], [0, 1]);
  assert.deepEqual(perform(again, other, undefined, 5), []);
  assert.equal(
    perform(again, other, id, 3),
    "Transaction 'XID:[7,globalId=6f6e65,branchId=1]' has not been started. xaErrorCode:-4",
  );
});

test('rolling back a prepared transaction returns deliveries to the consumer or the queue', async () => {
  const b = await OpenWireBroker.open();
  const peer = await b.client();
  peer.produce();
  for (const text of ['a', 'b']) peer.publish(queue('q'), text);
  const { consumerId } = peer.consume(1, queue('q'));
  const dispatches = peer.dispatches();
  for (const [at, name] of ['kept', 'gone'].entries()) {
    perform(b, peer, xa(name), 0);
    peer.ack(dispatches.slice(at, at + 1), 2, xa(name));
    assert.equal(perform(b, peer, xa(name), 1), 0);
  }
  assert.equal(perform(b, peer, xa('kept'), 4), 'done');
  assert.deepEqual([peer.texts(), b.ready('q')], [[], 0]);
  peer.ack(dispatches.slice(0, 1));
  peer.send(removeInfo({ objectId: consumerId, lastDeliveredSequenceId: -2 }));
  assert.equal(b.ready('q'), 0);
  assert.equal(perform(b, peer, xa('gone'), 6), 'done');
  assert.equal(b.ready('q'), 1);
});

test('an empty XA transaction is read-only, and an unprepared one ends with its connection', async () => {
  const b = await OpenWireBroker.open();
  const peer = await b.client();
  perform(b, peer, xa('empty'), 0);
  assert.equal(perform(b, peer, xa('empty'), 1), 3);
  perform(b, peer, xa('lost'), 0);
  peer.connection.ended();
  b.sync();
  const other = await b.client({ connection: 'ID:d' });
  assert.match(String(perform(b, other, xa('lost'), 1)), /xaErrorCode:-4$/);
});

test('a large XA transaction is prepared, listed and rolled back in several turns', async () => {
  const b = await OpenWireBroker.open({ workUnitsMax: 64 });
  const peer = await b.client();
  const { background } = b.broker;
  const later = async () => {
    let turns = 0;
    for (; !background.isIdle || background.isPending; turns++) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    b.sync();
    return turns;
  };
  peer.produce();
  for (let n = 0; n < 300; n++) peer.publish(queue('in'), String(n));
  peer.consume(1, queue('in'));
  await later();
  const dispatches = peer.dispatches();
  assert.equal(dispatches.length, 300);
  assert.equal(perform(b, peer, xa('t'), 0), 'done');
  for (let n = 0; n < 300; n++) peer.publish(queue('out'), 'x', { transactionId: xa('t') });
  peer.ack(dispatches, 2, xa('t'));
  await later();
  assert.equal(perform(b, peer, xa('t'), 1), undefined, 'the answer waits');
  // A further command waits for the prepare.
  peer.send(transactionInfo({ transactionId: undefined, action: 5, responseRequired: true }));
  assert.ok((await later()) > 5);
  const [vote, list] = peer.take();
  assert.ok(vote?.type === types.IntegerResponse && vote.result === 0);
  assert.ok(list?.type === types.DataArrayResponse && list.data?.length === 1);
  assert.equal(perform(b, peer, xa('t'), 4), undefined, 'the answer waits');
  assert.ok((await later()) > 5);
  assert.deepEqual(
    peer.take().map(({ type }) => type),
    [types.PlainResponse],
  );
  assert.deepEqual([b.ready('in'), b.ready('out')], [0, 0]);
  peer.ack(dispatches);
  await later();
  const again = await OpenWireBroker.open({}, b);
  assert.deepEqual([again.ready('in'), again.ready('out')], [0, 0]);
});

test('after a prepare was refused, a rollback requeues the messages of a consumer that has ended', async () => {
  const b = await OpenWireBroker.open({ preparedBranchOperationCountMax: 1 });
  const peer = await b.client();
  peer.produce();
  for (const text of ['a', 'b']) peer.publish(queue('q'), text);
  const { consumerId } = peer.consume(1, queue('q'));
  const dispatches = peer.dispatches();
  perform(b, peer, xa('t'), 0);
  peer.ack(dispatches, 2, xa('t'));
  peer.send(removeInfo({ objectId: consumerId, lastDeliveredSequenceId: -2 }));
  assert.equal(b.ready('q'), 0);
  assert.match(String(perform(b, peer, xa('t'), 1)), /cannot be prepared/);
  assert.equal(perform(b, peer, xa('t'), 4), 'done');
  assert.equal(b.ready('q'), 2);
});
