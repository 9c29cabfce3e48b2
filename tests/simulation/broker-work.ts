// Random work of clients.

import assert from 'node:assert/strict';
import { type Arguments, noArguments } from '../../src/broker/arguments.ts';
import { BrokerError } from '../../src/broker/errors.ts';
import type { Publication } from '../../src/broker/publication.ts';
import type { Queue } from '../../src/broker/queue.ts';
import type { Consumer, Delivery, Subscription } from '../../src/broker/subscription.ts';
import { Transaction } from '../../src/broker/transaction.ts';
import type { Vhost } from '../../src/broker/vhost.ts';
import { commitNow, message, owner, plainSubscribe } from '../support/bare-broker.ts';
import type { SeededRandom } from '../support/seeded-random.ts';
import { type BrokerLife, bodyOf } from './broker-life.ts';
import { makeRoom } from './trouble.ts';

const number = (value: number) => ({ type: 'signedint', value }) as const;
const text = (value: string) => ({ type: 'longstr', value }) as const;
const dlx = { 'x-dead-letter-exchange': text(''), 'x-dead-letter-routing-key': text('dead') };

const queues: Readonly<Record<string, Arguments>> = {
  dead: noArguments,
  plain: noArguments,
  mortal: dlx,
  brief: { ...dlx, 'x-message-ttl': number(300) },
  short: { ...dlx, 'x-max-length': number(5) },
  strict: { 'x-max-length': number(6), 'x-overflow': text('reject-publish') },
  urgent: { ...dlx, 'x-max-priority': number(4) },
};
const names = [...Object.keys(queues).slice(1), 'fleeting', 'spare'];
const outcomes = ['accepted', 'accepted', 'accepted', 'rejected', 'released'] as const;

/** The sizes of the padding of bodies, bytes. One message in `rareOneIn` has a rare one. */
export interface Paddings {
  readonly usual: readonly number[];
  readonly rare: readonly number[];
  readonly rareOneIn: number;
}

export const smallPaddings: Paddings = {
  usual: [0, 200, 200, 2000, 4000],
  rare: [140_000],
  rareOneIn: 80,
};

/** Around the sizes of a block and of a record that is sealed in slices. */
export const largePaddings: Paddings = {
  usual: [0, 200, 2000, 30_000],
  rare: [
    ...[130_800, 131_072, 140_000, 200_000, 262_144, 524_288, 900_000],
    ...[1_048_300, 1_048_576, 1_500_000, 2_097_152, 4_200_000],
  ],
  rareOneIn: 3,
};

/** An unsettled delivery. */
class Hand implements Consumer {
  isWritable = true;
  readonly held: { number: number; body: string }[] = [];
  deliver(delivery: Delivery): void {
    this.held.push({ number: delivery.deliveryNumber, body: bodyOf(delivery) });
  }
  cancelled(): void {
    this.held.length = 0;
  }
}

interface Consuming {
  readonly hand: Hand;
  readonly subscription: Subscription;
}

/** Random work on a broker, as its clients would do it. */
export class BrokerWork {
  readonly #life: BrokerLife;
  readonly #random: SeededRandom;
  readonly #vhost: Vhost;
  #consuming: Consuming[] = [];
  #published: number;
  readonly #paddings: Paddings;

  /** @param published how many messages there were before */
  constructor(life: BrokerLife, published: number, paddings: Paddings = smallPaddings) {
    this.#paddings = paddings;
    this.#life = life;
    this.#random = life.machine.random;
    this.#vhost = life.broker.vhost('/');
    this.#published = published;
    for (const name of Object.keys(queues)) this.#declare(name, queues[name] ?? noArguments);
    this.#declare('fleeting', noArguments, false);
    const options = { durable: true, autoDelete: false, internal: false, arguments: noArguments };
    this.#vhost.declareExchange('fan', 'fanout', options);
    for (let left = this.#random.below(4); left > 0; left--) this.#consume();
    life.observe();
  }

  get published(): number {
    return this.#published;
  }

  #declare(name: string, args: Arguments, durable = true): Queue {
    const options = { durable, exclusive: false, autoDelete: false, arguments: args };
    return this.#vhost.declareQueue(name, options, owner);
  }

  #consume(): void {
    const queue = this.#vhost.queues.get(this.#random.pick(names));
    if (queue === undefined) return;
    const hand = new Hand();
    const options = { ...plainSubscribe, prefetch: 1 + this.#random.below(6) };
    this.#consuming.push({ hand, subscription: queue.subscribe(hand, options) });
  }

  /** Does one thing; returns once everything that it did at once is noted. */
  async step(): Promise<void> {
    const { broker, machine, trouble } = this.#life;
    const what = this.#random.below(40);
    if (what < 14) this.#publish();
    else if (what < 20) this.#settle();
    else if (what < 22) this.#get();
    else if (what < 24) this.#commit();
    else if (what < 26) this.#define();
    else if (what < 27) this.#consume();
    else if (what < 28) this.#stop();
    else if (what < 30) this.#wait();
    else if (what < 34) await machine.turns(1 + this.#random.below(10));
    else if (what < 36) broker.store.log.sync();
    else if (what < 39 || trouble !== 'disk-full') await this.#confirmed();
    else makeRoom(machine.disk);
    if (this.#life.hasEnded) return;
    this.#life.observe();
    // Sometimes what came together is looked at together, as one read from a socket.
    if (this.#random.oneIn(3)) return;
    broker.pump();
    this.#life.observe();
    this.#life.written();
  }

  #message(): Publication {
    const { broker } = this.#life;
    const body = String(this.#published++).padStart(8, '0');
    const [exchange, key] = this.#random.oneIn(4) ? ['fan', ''] : ['', this.#random.pick(names)];
    const { usual, rare, rareOneIn } = this.#paddings;
    const isRare = this.#random.oneIn(rareOneIn);
    const padding = isRare ? this.#random.pick(rare) : this.#random.pick(usual);
    const publication = message(broker, exchange, key, body.padEnd(8 + padding, '.'));
    publication.isPersistent = !this.#random.oneIn(5);
    publication.priority = this.#random.below(6);
    if (this.#random.oneIn(5)) publication.expirationMs = 50 + this.#random.below(500);
    return publication;
  }

  #publish(): void {
    const { broker, log } = this.#life;
    const publication = this.#message();
    const before = log.openGroup;
    const { group } = broker.publish(this.#vhost, publication);
    if (group === 0) return;
    assert.ok(publication.isPersistent, 'a transient message waits for a sync');
    assert.ok(group >= before && group <= log.openGroup, `group ${group} of ${before}`);
  }

  #settle(): void {
    const at = this.#pickHeld();
    if (at === undefined) return;
    const [{ hand, subscription }, index] = at;
    const outcome = this.#random.pick(outcomes);
    const count = this.#random.oneIn(3) ? index + 1 : 1;
    const settled = hand.held.splice(index + 1 - count, count);
    const first = settled[0]?.number ?? 0;
    assert.equal(subscription.settle(first, settled.at(-1)?.number ?? 0, outcome), count);
    this.#life.observe();
    if (outcome !== 'accepted' || subscription.queue.name === 'dead') return;
    for (const { body } of settled) {
      assert.ok(!this.#life.has(subscription.queue, body), `${body} is there though accepted`);
    }
  }

  #pickHeld(): [Consuming, number] | undefined {
    const holding = this.#consuming.filter(({ hand }) => hand.held.length > 0);
    if (holding.length === 0) return undefined;
    const consuming = this.#random.pick(holding);
    return [consuming, this.#random.below(consuming.hand.held.length)];
  }

  #get(): void {
    const queue = this.#vhost.queues.get(this.#random.pick([...names, 'dead']));
    const subscription = queue?.subscribe(undefined, plainSubscribe);
    if (subscription === undefined) return;
    const hand = new Hand();
    const isSettled = this.#random.oneIn(2);
    subscription.get(isSettled, (delivery) => {
      if (delivery !== undefined && !isSettled) hand.deliver(delivery);
    });
    if (!isSettled) this.#consuming.push({ hand, subscription });
  }

  /** Publishes and settlements of a transaction are recovered together. */
  #commit(): void {
    const { broker, log } = this.#life;
    broker.pump();
    this.#life.observe();
    this.#life.written();
    const transaction = new Transaction(broker, this.#vhost);
    for (let left = this.#random.below(4); left > 0; left--) transaction.publish(this.#message());
    for (let left = this.#random.below(3); left > 0; left--) {
      const at = this.#pickHeld();
      if (at === undefined) continue;
      const [{ hand, subscription }, index] = at;
      const delivery = hand.held.splice(index, 1)[0]?.number ?? -1;
      transaction.settle(subscription, delivery, delivery, this.#random.pick(outcomes));
    }
    const group = commitOf(transaction);
    assert.ok(group === 0 || group === log.openGroup, 'a commit waits for another group');
    this.#life.observe(true);
  }

  #define(): void {
    const { broker } = this.#life;
    const what = this.#random.below(6);
    const spare = this.#vhost.queues.get('spare');
    const target = this.#vhost.queues.get(this.#random.pick(names));
    if (what === 0) this.#declare('spare', noArguments);
    else if (what === 1 && spare !== undefined) {
      broker.pump();
      this.#life.observe();
      this.#life.written();
      this.#vhost.removeQueue(spare);
      this.#life.observe(true);
    } else if (what === 2) {
      this.#vhost.queues.get(this.#random.pick(names))?.purge(() => {});
    } else if (target !== undefined) {
      const fan = this.#vhost.exchange('fan');
      if (what < 5) this.#vhost.bind(fan, target, '', noArguments);
      else this.#vhost.unbind(fan, target, '', noArguments);
    }
  }

  #stop(): void {
    const at = this.#random.below(this.#consuming.length + 1);
    for (const { subscription } of this.#consuming.splice(at, 1)) subscription.close('released');
  }

  #wait(): void {
    const { clock, broker, machine } = this.#life;
    clock.ms += this.#random.pick([10, 100, 400]);
    machine.clock.advance(this.#random.pick([20, 60, 500]));
    broker.tick();
  }

  /** Waits until everything so far is synced, as one does who waits for a confirm. */
  async #confirmed(): Promise<void> {
    const { broker, log, told, machine } = this.#life;
    broker.pump();
    this.#life.observe();
    const group = log.openGroup;
    broker.define({ kind: 'started' });
    const isOver = () => told.durable >= group || told.failure !== undefined;
    await machine.untilRoom(isOver, `group ${group}`);
  }
}

/** The group of a commit; 0 if a full queue refused a message and the rest was committed. */
function commitOf(transaction: Transaction): number {
  try {
    return commitNow(transaction);
  } catch (error) {
    if (!(error instanceof BrokerError) || error.message !== 'partial tx completion') throw error;
    return 0;
  }
}
