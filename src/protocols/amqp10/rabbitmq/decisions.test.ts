import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Amqp10Peer } from '../../../../tests/support/amqp10-peer.ts';
import {
  encodeMessage,
  RabbitMqBroker,
  symbol,
  text,
} from '../../../../tests/support/amqp10-rabbitmq.ts';
import { bodies } from '../../../../tests/support/amqp10-shown.ts';
import type { UserDirectory } from '../../../broker/logins/logins.ts';
import { userWithRights } from '../../../broker/logins/logins.ts';
import { type Question, RemoteRights } from '../../../broker/logins/remote-rights.ts';
import { compositeCodes } from '../codec/performatives.gen.ts';

// Permissions of AMQP 1.0 clients that another service decides about.

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A service that answers when the test says so. */
class Service implements UserDirectory {
  readonly questions: Question[] = [];
  readonly #waiting: ((isPermitted: boolean) => void)[] = [];
  nowMs = 0;

  async check({ username }: { readonly username: string }) {
    const ask = (question: Question) => {
      this.questions.push(question);
      return new Promise<boolean>((resolve) => this.#waiting.push(resolve));
    };
    return { user: userWithRights(username, new RemoteRights([], ask, () => this.nowMs)) };
  }

  get waitingCount(): number {
    return this.#waiting.length;
  }

  /** Answers all questions until none is left. */
  async answer(permits: (question: Question) => boolean = () => true): Promise<void> {
    for (let left = 40; left > 0; left--) {
      const at = this.questions.length - this.#waiting.length;
      for (const [i, resolve] of this.#waiting.splice(0).entries()) {
        resolve(permits(this.questions[at + i] as Question));
      }
      await turn();
    }
  }

  close(): void {}
}

async function opened(): Promise<[RabbitMqBroker, Amqp10Peer, Service]> {
  const service = new Service();
  const b = await RabbitMqBroker.open('4.2', undefined, {
    loginServices: [service],
  });
  return [b, await b.client('c1', {}, 'remote'), service];
}

const has = (peer: Amqp10Peer, code: number) => peer.take().some(({ body }) => body?.code === code);

test('an open waits for the decision about the virtual host', async () => {
  const [, peer, service] = await opened();
  assert.deepEqual(service.questions, [{ about: 'vhost', vhost: '/' }]);
  assert.equal(has(peer, compositeCodes.open), false);
  await service.answer();
  const frames = peer.take().map(({ body }) => body?.code);
  assert.ok(frames.includes(compositeCodes.open));
  assert.ok(frames.includes(compositeCodes.begin), 'frames after it are handled later');
});

test('a user without access to the virtual host is refused', async () => {
  const [, peer, service] = await opened();
  await service.answer(() => false);
  const close = peer.take().find(({ body }) => body?.code === compositeCodes.close);
  assert.match(JSON.stringify(close?.body), /access to vhost '\/' refused for user 'remote'/);
});

test('links and messages wait for their decisions, in order', async () => {
  const [b, peer, service] = await opened();
  await service.answer();
  b.declare('q');
  peer.take();
  peer.attachSender('s', '/queues/q');
  assert.equal(has(peer, compositeCodes.attach), false);
  peer.attachReceiver('r', '/queues/q');
  peer.flow(1, 100);
  await service.answer();
  assert.deepEqual(
    peer.take().flatMap(({ body }) => (body?.code === compositeCodes.attach ? body.name : [])),
    ['s', 'r'],
  );
  peer.attachSender('any', undefined, 2);
  await service.answer();
  service.nowMs += 60_000;
  const to = (address: string, body: string) =>
    peer.transfer(encodeMessage({ properties: { to: text(address) }, body }), 2);
  to('/exchanges/amq.fanout', 'asks');
  to('/queues/q', 'waits behind it');
  assert.equal(b.ready('q'), 0);
  assert.equal(service.waitingCount, 1);
  await service.answer();
  b.sync();
  assert.deepEqual(bodies(peer.take()), ['waits behind it']);
});

test('a message without permission ends its session, after the answer', async () => {
  const [b, peer, service] = await opened();
  await service.answer();
  peer.attachSender('any', undefined, 2);
  await service.answer();
  b.declare('q');
  peer.take();
  const properties = { to: text('/exchanges/amq.topic/secret') };
  peer.transfer(encodeMessage({ properties, body: 'm' }), 2);
  await service.answer((question) => question.about !== 'topic');
  const end = peer.take().find(({ body }) => body?.code === compositeCodes.end);
  assert.match(JSON.stringify(end?.body), /write access to topic 'secret'/);
});

test('dynamic queues keep their name while the service is asked about it', async () => {
  const [b, peer, service] = await opened();
  await service.answer();
  peer.take();
  peer.send({
    code: compositeCodes.attach,
    name: 'dynamic',
    handle: 3,
    role: true,
    source: { code: compositeCodes.source, dynamic: true, capabilities: ['temporary-queue'] },
    target: { code: compositeCodes.target },
  });
  await service.answer();
  assert.ok(has(peer, compositeCodes.attach));
  const names = service.questions.flatMap((each) => (each.about === 'queue' ? each.name : []));
  assert.deepEqual(new Set(names).size, 1);
  assert.ok(b.broker.vhost('/').queues.has(names[0] ?? ''));
});

test('requests to the management node wait for their decisions', async () => {
  const [b, peer, service] = await opened();
  await service.answer();
  const paired = [[symbol('paired'), { type: 'boolean', value: true }]] as const;
  const me = text('me');
  peer.attachSender('mgmt', '/management', 10, {
    sndSettleMode: 1,
    properties: paired,
    source: { code: compositeCodes.source, address: me },
  });
  const target = { code: compositeCodes.target, address: me };
  const receiving = { sndSettleMode: 1, properties: paired, target };
  peer.attachReceiver('mgmt', '/management', 11, {}, receiving);
  peer.flow(11, 100);
  await service.answer();
  peer.take();
  const request = (to: string) => {
    const properties = { messageId: me, to: text(to), subject: 'PUT', replyTo: text('$me') };
    const body = { type: 'map', value: [] } as const;
    peer.transfer(encodeMessage({ properties, body }), 10, { settled: true });
  };
  request('/queues/mine');
  assert.equal(b.broker.vhost('/').queues.has('mine'), false);
  await service.answer();
  b.sync();
  assert.ok(b.broker.vhost('/').queues.has('mine'));
  assert.ok(has(peer, compositeCodes.transfer));
  request('/queues/not-mine');
  await service.answer(() => false);
  const end = peer.take().find(({ body }) => body?.code === compositeCodes.end);
  assert.match(JSON.stringify(end?.body), /configure access to queue 'not-mine'/);
});

test('a client that leaves while the service is asked is forgotten', async () => {
  const [b, peer, service] = await opened();
  await service.answer();
  b.declare('q');
  peer.attachSender('s', '/queues/q');
  assert.equal(service.waitingCount, 1);
  for (const connection of b.broker.clientConnections) connection.shutdown('the end');
  await turn();
  assert.equal(b.broker.clientConnections.size, 0);
  assert.equal(b.broker.background.isIdle, true);
  await service.answer();
  assert.equal(b.ready('q'), 0);
});
