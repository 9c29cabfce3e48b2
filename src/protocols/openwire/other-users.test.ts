import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  OpenWireBroker,
  OpenWirePeer,
  queue,
  topic,
} from '../../../tests/support/openwire-peer.ts';
import { configureActiveMq } from '../../broker/activemq/activemq.ts';
import { defaultConfiguration } from '../../broker/activemq/configuration.ts';
import type { Broker } from '../../broker/broker.ts';
import {
  type DataStructure,
  destinationInfo,
  producerInfo,
  removeInfo,
  type TransactionId,
  transactionInfo,
  types,
} from './codec/commands.gen.ts';
import { keptInfo } from './kept-info.ts';
import { outcomeCountMax } from './limits.ts';

// What one user has cannot be taken, ended or seen by another one.

const xa = (name: string): TransactionId => ({
  type: types.XaTransactionId,
  formatId: 7,
  globalTransactionId: Buffer.from(name),
  branchQualifier: Buffer.from([1]),
});
const actions = { begin: 0, prepare: 1, commitOnePhase: 2, commitTwoPhase: 3, rollback: 4 };
const recover = 5;

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
    if (answer.type === types.DataArrayResponse) return answer.data?.length;
    if (answer.type === types.PlainResponse) return 'done';
  }
  return undefined;
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Permissions on everything. */
const all = { read: ['staff'], write: ['staff'], admin: ['admins'] };

test('an open XA branch belongs to its user', async () => {
  const b = await OpenWireBroker.open();
  const bob = await b.client();
  const eve = await b.client({ connection: 'ID:e-1:1', user: 'eve' });
  bob.produce();
  eve.produce();
  assert.equal(perform(b, bob, xa('t'), actions.begin), 'done');
  bob.publish(queue('q'), 'of bob', { transactionId: xa('t') });
  assert.match(String(perform(b, eve, xa('t'), actions.begin)), /in use by another user.*-8/);
  eve.publish(queue('q'), 'of eve', { transactionId: xa('t'), responseRequired: true });
  const [refused] = eve.take();
  assert.ok(refused?.type === types.ExceptionResponse);
  for (const action of [1, 2, 3, 4]) {
    assert.match(String(perform(b, eve, xa('t'), action)), /has not been started.*-4/);
  }
  // Another connection of the same user takes part.
  const again = await b.client({ connection: 'ID:b-2:1' });
  assert.equal(perform(b, again, xa('t'), actions.begin), 'done');
  assert.equal(perform(b, again, xa('t'), actions.commitOnePhase), 'done');
  assert.equal(b.ready('q'), 1);
});

test('with permissions, a prepared transaction is visible only to its user and administrators', async () => {
  const configure = (broker: Broker) => {
    configureActiveMq(broker, {
      ...defaultConfiguration,
      authorisation: {
        entries: [
          { kind: 'queue', name: '>', ...all },
          { kind: 'topic', name: '>', ...all },
        ],
        temporary: undefined,
        users: [
          ['bob', ['staff', 'admins']],
          ['eve', ['staff']],
        ],
      },
    });
  };
  const open = (before?: OpenWireBroker) => OpenWireBroker.open({}, before, {}, configure);
  const first = await open();
  const eve = await first.client({ connection: 'ID:e-1:1', user: 'eve' });
  const bob = await first.client();
  bob.produce();
  bob.publish(queue('q'), 'before');
  eve.produce();
  for (const name of ['one', 'two']) {
    perform(first, eve, xa(name), actions.begin);
    eve.publish(queue('q'), name, { transactionId: xa(name) });
    assert.equal(perform(first, eve, xa(name), actions.prepare), 0);
  }
  perform(first, bob, xa('own'), actions.begin);
  bob.publish(queue('q'), 'own', { transactionId: xa('own') });
  assert.equal(perform(first, bob, xa('own'), actions.prepare), 0);
  // Also after a restart.
  for (const b of [first, await open(first)]) {
    const [e, a] = [
      await b.client({ connection: 'ID:e-2:1', user: 'eve' }),
      await b.client({ connection: 'ID:b-2:1' }),
    ];
    assert.equal(perform(b, e, undefined, recover), 2);
    assert.equal(perform(b, a, undefined, recover), 3);
    for (const action of [1, 3, 4]) {
      assert.match(String(perform(b, e, xa('own'), action)), /has not been started/);
    }
    e.connection.ended();
    a.connection.ended();
    b.sync();
  }
  const b = await open(first);
  const administrator = await b.client();
  assert.equal(perform(b, administrator, xa('one'), actions.commitTwoPhase), 'done');
  assert.equal(perform(b, administrator, xa('two'), actions.rollback), 'done');
  assert.equal(b.ready('q'), 2);
});

test('a commit is not confirmed for a transaction of another user with the same id', async () => {
  const b = await OpenWireBroker.open();
  const local = { type: types.LocalTransactionId, value: 5 } as const;
  const id = { ...local, connectionId: { type: types.ConnectionId, value: 'ID:b-9:1' } } as const;
  const eve = await b.client({ connection: 'ID:e-1:1', user: 'eve' });
  perform(b, eve, id, actions.begin);
  assert.equal(perform(b, eve, id, actions.commitOnePhase), 'done');
  const bob = await b.client({ connection: 'ID:b-9:1' });
  assert.match(String(perform(b, bob, id, actions.commitOnePhase)), /has not been started/);
  assert.equal(perform(b, eve, id, actions.commitOnePhase), 'done', 'its own is still confirmed');
});

test('the name of a temporary destination is its connection id and a number', async () => {
  const b = await OpenWireBroker.open();
  const create = (peer: OpenWirePeer, physicalName: string) =>
    peer.exception(
      destinationInfo({ destination: { type: types.TempQueueDestination, physicalName } }),
    );
  const eve = await b.client({ connection: 'ID:b', user: 'eve' });
  for (const name of ['ID:b-1:1:1', 'ID:b', 'ID:b:', 'ID:b:x', 'ID:b:1:1']) {
    assert.match(String(create(eve, name)), /is not the id of its connection and a number/, name);
  }
  assert.equal(create(eve, 'ID:b:1'), undefined);
  for (const connection of ['', 'ID:waxwing-0123-0:1']) {
    const peer = new OpenWirePeer(b.protocol);
    peer.negotiate();
    await peer.connect({ connection, clientId: 'c' });
    const [refused] = peer.take().filter(({ type }) => type === types.ExceptionResponse);
    assert.ok(refused !== undefined && peer.isClosed, connection);
  }
});

test('stored consumer and producer data is small', async () => {
  const b = await OpenWireBroker.open();
  const peer = await b.client({ format: { cacheSize: 0 } });
  const info = peer.consumer(1, queue('q'), {
    selector: 'a = 1',
    brokerPath: [{ type: types.BrokerId, value: 'x'.repeat(1000) }],
    additionalPredicate: queue('y'.repeat(1000)),
  });
  assert.ok(JSON.stringify(keptInfo(info)).length < 600);
  peer.session();
  const long = `${'n'.repeat(200)}?${'o'.repeat(30_000)}`;
  let refused: string | undefined;
  for (let n = 1; n < 200 && refused === undefined; n++) {
    refused = peer.exception(peer.consumer(n, topic(`${n}${long}`)));
    await new Promise((resolve) => setImmediate(resolve));
    b.sync();
  }
  assert.match(String(refused), /names of \d+ characters; at most 4194304/);
  const sessionId = {
    type: types.SessionId,
    connectionId: peer.connectionId,
    value: 1,
  } as const;
  peer.take();
  assert.equal(peer.exception(removeInfo({ objectId: sessionId })), undefined);
  peer.session();
  assert.equal(peer.exception(peer.consumer(1, topic(long))), undefined, 'its room is free again');
});

test('oversized properties are rejected before they are encoded', async () => {
  const b = await OpenWireBroker.open();
  const peer = await b.client();
  peer.produce();
  const marshalledProperties = Buffer.alloc(2 * 1024 * 1024);
  const message = peer.message(queue('q'), 'x', { marshalledProperties });
  assert.match(String(peer.exception(message)), /properties of a message have \d+ bytes/);
  const nested = peer.message(queue('q'), 'x', {
    dataStructure: { ...peer.message(queue('r'), 'y'), content: marshalledProperties },
  });
  assert.match(String(peer.exception(nested)), /properties of a message have \d+ bytes/);
});

test('the many producers of one user make no number of another user forgotten', async () => {
  const producerSequenceCountMax = 20;
  const b = await OpenWireBroker.open({ producerSequenceCountMax });
  const bob = await b.client({ connection: 'ID:b', failover: true });
  bob.produce();
  const message = bob.message(queue('q'), 'of bob', { responseRequired: true });
  bob.send(message);
  const eve = await b.client({ connection: 'ID:e', user: 'eve', failover: true });
  eve.session();
  for (let value = 1; value <= 10 * producerSequenceCountMax; value++) {
    eve.send(producerInfo({ producerId: eve.producerId(value) }));
    const producerId = eve.producerId(value);
    eve.publish(queue('other'), 'of eve', { producerId, responseRequired: true });
    // The input of a turn is limited.
    if (value % 10 === 0) await turn();
  }
  b.sync();
  assert.equal(b.ready('other'), 10 * producerSequenceCountMax);
  bob.connection.ended();
  for (const life of [b, await OpenWireBroker.open({ producerSequenceCountMax }, b)]) {
    const again = await life.client({ connection: 'ID:b', failover: true });
    again.produce();
    again.send(message);
    assert.equal(life.ready('q'), 1, 'the repeated message is recognised');
    again.connection.ended();
    life.sync();
  }
});

test('the many commits of one user make no outcome of another user forgotten', async () => {
  const b = await OpenWireBroker.open();
  const bob = await b.client();
  const eve = await b.client({ connection: 'ID:e-1:1', user: 'eve' });
  const local = (peer: OpenWirePeer, value: number): TransactionId => ({
    type: types.LocalTransactionId,
    value,
    connectionId: { type: types.ConnectionId, value: peer.connectionId },
  });
  const commit = (peer: OpenWirePeer, value: number) => {
    perform(b, peer, local(peer, value), actions.begin);
    return perform(b, peer, local(peer, value), actions.commitOnePhase);
  };
  assert.equal(commit(bob, 1), 'done');
  for (let value = 1; value <= 2 * outcomeCountMax; value++) {
    assert.equal(commit(eve, value), 'done');
    if (value % 10 === 0) await turn();
  }
  // The answer was lost: bob asks again.
  assert.equal(perform(b, bob, local(bob, 1), actions.commitOnePhase), 'done');
  assert.match(
    String(perform(b, eve, local(eve, 1), actions.commitOnePhase)),
    /has not been started/,
  );
});
