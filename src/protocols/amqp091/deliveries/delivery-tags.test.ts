import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BareBroker, plainSubscribe } from '../../../../tests/support/bare-broker.ts';
import { SeededRandom } from '../../../../tests/support/seeded-random.ts';
import type { Consumer, Delivery, Outcome, Subscription } from '../../../broker/subscription.ts';
import { DeliveryTags } from './delivery-tags.ts';

const names = ['a', 'b', 'c'] as const;

function run(steps: Iterable<void>): void {
  for (const _ of steps);
}

/** Consumers of several queues on one channel, and which delivery each tag stands for. */
class Tagged {
  readonly tags = new DeliveryTags();
  readonly b: BareBroker;
  readonly subscriptions: Subscription[];
  /** Bodies of what is not settled, by tag. */
  readonly open = new Map<number, string>();
  #count = 0;

  private constructor(b: BareBroker) {
    this.b = b;
    this.subscriptions = names.map((name) => {
      const consumer: Consumer = {
        isWritable: true,
        deliver: (delivery) => this.#deliver(subscription, delivery),
        cancelled: () => {},
      };
      const queue = b.queue(name);
      const subscription: Subscription = queue.subscribe(consumer, plainSubscribe);
      return subscription;
    });
  }

  static async begin(): Promise<Tagged> {
    return new Tagged(await BareBroker.open());
  }

  #deliver(subscription: Subscription, d: Delivery): void {
    const tag = this.tags.next(subscription, d.deliveryNumber);
    this.open.set(tag, d.buffer.toString('utf8', d.bodyAt, d.bodyAt + d.bodyLength));
  }

  /** Publishes to the named queues, a message each, and delivers. */
  send(to: readonly string[]): void {
    for (const name of to) {
      this.b.publish('', name, `${name}${this.#count++}`);
      this.b.broker.pump();
    }
  }

  /** Settles, and holds what is left against what should be. */
  settle(tag: number, isMultiple: boolean, outcome: Outcome): void {
    const isAll = isMultiple && tag === 0;
    const wanted = [...this.open.keys()].filter((other) =>
      isMultiple ? isAll || other <= tag : other === tag,
    );
    const isKnown = isAll || this.open.has(tag);
    if (!isAll) assert.equal(this.tags.isUnsettled(tag), isKnown);
    if (isKnown) for (const other of wanted) this.open.delete(other);
    assert.equal(this.tags.settle(tag, isMultiple, outcome), isKnown);
    this.#check();
  }

  /** Settles as a transaction does, which takes over what lies between two tags. */
  handOver(first: number, last: number, outcome: Outcome): void {
    const ranges: [Subscription, number, number][] = [];
    const steps = this.tags.handOver(first, last, (...range) => ranges.push(range));
    run(steps);
    for (const [subscription, from, to] of ranges) subscription.settle(from, to, outcome);
    for (const tag of this.open.keys()) if (tag >= first && tag <= last) this.open.delete(tag);
    this.#check();
  }

  /** Gives back what is above a tag, but for some. */
  giveBackOthers(upTo: number, kept: ReadonlySet<number>): void {
    for (const tag of this.open.keys()) if (tag > upTo && !kept.has(tag)) this.open.delete(tag);
    run(this.tags.settleOthers(upTo, kept, 'released'));
    this.#check();
  }

  #check(): void {
    assert.equal(this.tags.unsettledCount, this.open.size);
    this.b.broker.pump();
    const left = this.subscriptions.reduce((sum, { unsettledCount }) => sum + unsettledCount, 0);
    assert.equal(left, this.open.size);
    for (const tag of this.open.keys()) {
      assert.ok(this.tags.isUnsettled(tag), `tag ${tag}`);
      break;
    }
    const [oldest] = [...this.open.keys()].sort((a, b) => a - b);
    assert.equal(this.tags.oldest()?.tag, oldest);
  }
}

test('a tag identifies its delivery, however the tags around it were settled', async () => {
  const random = new SeededRandom(20_251);
  const tagged = await Tagged.begin();
  for (let step = 0; step < 2000; step++) {
    const to = Array.from({ length: random.below(12) }, () => random.pick(names));
    tagged.send(to);
    const tags = [...tagged.open.keys()];
    const tag = random.oneIn(8) || tags.length === 0 ? step : random.pick(tags);
    const outcome = random.pick<Outcome>(['accepted', 'accepted', 'rejected', 'released']);
    tagged.settle(tag, random.oneIn(10), outcome);
    if (tagged.open.size > 300) tagged.settle(0, true, outcome);
  }
});

// A thousand runs are what one ring holds, so with this many there are several, some of them joined.
test('a tag identifies its delivery when there are many rings', async () => {
  const random = new SeededRandom(7);
  const tagged = await Tagged.begin();
  for (let round = 0; round < 12; round++) {
    for (let i = 0; i < 600; i++) tagged.send(names);
    const tags = [...tagged.open.keys()].sort((a, b) => a - b);
    // Most of them one by one, in no order, so that rings become sparse in the middle.
    for (let left = 1500; left > 0; left--) {
      const [tag] = tags.splice(random.below(tags.length), 1);
      if (tag === undefined) break;
      assert.ok(tagged.tags.settle(tag, false, 'accepted'));
      tagged.open.delete(tag);
    }
    const at = random.below(tags.length);
    const [first = 0, last = 0] = [tags[at], tags[Math.min(at + 200, tags.length - 1)]];
    if (round % 4 === 0) tagged.giveBackOthers(first, new Set(tags.slice(0, at + 5)));
    else if (round % 4 === 1) tagged.settle(first, true, 'released');
    else tagged.handOver(first, last, random.pick<Outcome>(['accepted', 'rejected']));
  }
  run(tagged.tags.settleInSteps(0, 'accepted'));
  assert.equal(tagged.tags.unsettledCount, 0);
});

test('the number of rings stays small when the remaining tags are scattered', async () => {
  const tagged = await Tagged.begin();
  for (let i = 0; i < 4000; i++) tagged.send(names);
  for (const tag of [...tagged.open.keys()]) {
    if (tag % 500 === 0) continue;
    assert.ok(tagged.tags.settle(tag, false, 'accepted'));
    tagged.open.delete(tag);
  }
  assert.ok(tagged.tags.ringCount <= 2, `${tagged.tags.ringCount} rings`);
  tagged.settle(0, true, 'accepted');
});
