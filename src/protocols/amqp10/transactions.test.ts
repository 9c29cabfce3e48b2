import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  Amqp10Broker,
  type Amqp10Peer,
  message,
  textMessage,
} from '../../../tests/support/amqp10-peer.ts';
import { type Composite, compositeCodes, writeComposite } from './codec/performatives.gen.ts';

const accepted: Composite = { code: compositeCodes.accepted };

const command = (composite: Composite) => message([0x77, (w) => writeComposite(w, composite)]);

/** The outcomes that the broker has given. */
function outcomes(peer: Amqp10Peer): (Composite | undefined)[] {
  return peer
    .bodies()
    .flatMap((body) =>
      body?.code === compositeCodes.disposition && body.role ? [body.state] : [],
    );
}

/** What an outcome says in short. */
function shown(state: Composite | undefined): string {
  if (state?.code === compositeCodes.rejected) {
    const { error } = state;
    return error?.code === compositeCodes.error ? `rejected ${error.condition}` : 'rejected';
  }
  if (state?.code === compositeCodes.transactionalState)
    return `in transaction ${shown(state.outcome)}`;
  return state?.code === compositeCodes.accepted ? 'accepted' : `state ${state?.code}`;
}

/** A client with a link to the coordinator, one to the queue, and one from it. */
async function ready() {
  const b = await Amqp10Broker.open();
  const peer = await b.client();
  peer.attachSender('coordinator', undefined, 5, {
    target: { code: compositeCodes.coordinator, capabilities: ['amqp:local-transactions'] },
  });
  peer.attachSender('s', 'queue://q', 0);
  peer.attachReceiver('r', 'queue://q', 1);
  b.sync();
  peer.take();
  const declare = () => {
    peer.transfer(command({ code: compositeCodes.declare }), 5);
    const [state] = outcomes(peer);
    assert.ok(state?.code === compositeCodes.declared && state.txnId.length === 8);
    return state.txnId;
  };
  const discharge = (txnId: Buffer, fail: boolean) => {
    peer.transfer(command({ code: compositeCodes.discharge, txnId, fail }), 5);
    b.sync();
    return outcomes(peer).map(shown);
  };
  const send = (text: string, txnId: Buffer, more: object = {}) => {
    const state = { code: compositeCodes.transactionalState, txnId };
    peer.transfer(textMessage(text, true), 0, { state, ...more });
    return outcomes(peer).map(shown);
  };
  return { b, peer, declare, discharge, send };
}

test('messages of a transaction appear together on commit and are discarded on failure', async () => {
  const { b, declare, discharge, send } = await ready();
  const first = declare();
  const second = declare();
  assert.deepEqual(send('a', first), ['in transaction accepted']);
  assert.deepEqual(send('b', second), ['in transaction accepted']);
  assert.deepEqual(send('c', first, { settled: true }), []);
  assert.equal(b.ready('q'), 0);
  assert.deepEqual(discharge(first, false), ['accepted']);
  assert.equal(b.ready('q'), 2);
  assert.deepEqual(discharge(second, true), ['accepted']);
  assert.equal(b.ready('q'), 2);
  assert.deepEqual(discharge(first, false), ['rejected amqp:transaction:unknown-id']);
  assert.deepEqual(send('d', first), ['in transaction rejected amqp:transaction:unknown-id']);
});

test('a transaction of several resources is refused, not made a local one', async () => {
  const { peer, declare } = await ready();
  const globalId = { type: 'string', value: 'g' } as const;
  peer.transfer(command({ code: compositeCodes.declare, globalId }), 5);
  assert.deepEqual(outcomes(peer).map(shown), ['rejected amqp:not-implemented']);
  declare();
});

test('a discharge is answered once the transaction is on disk', async () => {
  const { b, peer, declare, send } = await ready();
  const txnId = declare();
  send('a', txnId);
  peer.transfer(command({ code: compositeCodes.discharge, txnId, fail: false }), 5);
  assert.deepEqual(outcomes(peer), []);
  b.sync();
  assert.deepEqual(outcomes(peer).map(shown), ['accepted']);
  const after = await Amqp10Broker.open({}, b);
  assert.equal(after.ready('q'), 1);
});

test('a commit settles deliveries; after a rollback they stay, or are requeued if settled', async () => {
  const { b, peer, declare, discharge } = await ready();
  for (const text of ['a', 'b', 'c']) peer.transfer(textMessage(text));
  peer.flow(1, 3);
  peer.take();
  const within = (txnId: Buffer, outcome: Composite = accepted) =>
    ({ code: compositeCodes.transactionalState, txnId, outcome }) as const;
  const first = declare();
  peer.settle(0, within(first), { settled: false });
  peer.settle(1, within(first), { settled: true });
  assert.deepEqual(peer.take(), []);
  const consumed = () => b.broker.vhost('/').queues.get('q')?.index.count;
  assert.equal(consumed(), 3);
  assert.deepEqual(discharge(first, true), ['accepted']);
  assert.deepEqual([b.ready('q'), consumed()], [1, 3]);
  const second = declare();
  peer.settle(0, within(second), { settled: false });
  peer.settle(2, within(second, { code: compositeCodes.released }), { settled: true });
  peer.transfer(command({ code: compositeCodes.discharge, txnId: second, fail: false }), 5);
  b.sync();
  const settled = peer
    .bodies()
    .filter((body) => body?.code === compositeCodes.disposition && !body.role);
  assert.equal(settled.length, 1, 'the broker settles what the peer has not');
  assert.deepEqual([b.ready('q'), consumed()], [2, 2]);
});

test('a transaction with a rejected message can only be rolled back', async () => {
  const { b, peer, declare, discharge, send } = await ready();
  const txnId = declare();
  send('a', txnId);
  peer.attachSender('relay', undefined, 7);
  peer.take();
  const state = { code: compositeCodes.transactionalState, txnId };
  peer.transfer(textMessage('to nobody'), 7, { state });
  assert.deepEqual(outcomes(peer).map(shown), ['in transaction rejected amqp:precondition-failed']);
  assert.deepEqual(discharge(txnId, false), ['rejected amqp:transaction:rollback']);
  assert.equal(b.ready('q'), 0);
});

test('a transaction ends with its coordinator link and with its connection', async () => {
  for (const end of ['detach', 'end', 'lost'] as const) {
    const { b, peer, declare, send } = await ready();
    peer.transfer(textMessage('given'));
    peer.flow(1, 1);
    peer.take();
    const txnId = declare();
    send('a', txnId);
    peer.settle(0, { code: compositeCodes.transactionalState, txnId, outcome: accepted });
    if (end === 'detach') peer.send({ code: compositeCodes.detach, handle: 5, closed: true });
    else if (end === 'end') peer.send({ code: compositeCodes.end });
    else peer.connection.ended();
    b.broker.pump();
    const { index, readyCount } = b.broker.vhost('/').queues.get('q') ?? {};
    assert.deepEqual([index?.count, readyCount], [1, 1], end);
  }
});

test('a delivery of a detached link is settled by the commit of its transaction', async () => {
  const { b, peer, declare, discharge } = await ready();
  peer.transfer(textMessage('given'));
  peer.flow(1, 1);
  peer.take();
  const txnId = declare();
  peer.settle(0, { code: compositeCodes.transactionalState, txnId, outcome: accepted });
  peer.send({ code: compositeCodes.detach, handle: 1, closed: true });
  peer.take();
  assert.equal(b.ready('q'), 0);
  assert.deepEqual(discharge(txnId, false), ['accepted']);
  assert.equal(b.broker.vhost('/').queues.get('q')?.index.count, 0);
});

test('the coordinator accepts only declare and discharge', async () => {
  for (const payload of [
    textMessage('x'),
    command(accepted),
    message([0x75, (w) => w.binary(Buffer.alloc(3))]),
  ]) {
    const { peer } = await ready();
    peer.transfer(payload, 5);
    const close = peer.bodies().at(-1);
    assert.ok(close?.code === compositeCodes.close && close.error?.code === compositeCodes.error);
    assert.equal(close.error.condition, 'amqp:decode-error');
    assert.ok(peer.isClosed);
  }
});
