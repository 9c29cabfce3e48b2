import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BareBroker, plainSubscribe } from '../../../tests/support/bare-broker.ts';
import { SeededRandom } from '../../../tests/support/seeded-random.ts';
import type { Consumer, Delivery, Outcome, Subscription } from '../../broker/subscription.ts';
import { DeliveryTags } from './delivery-tags.ts';

const names = ['a', 'b', 'c'] as const;

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
    this.b.broker.pump();
    const left = this.subscriptions.reduce((sum, { unsettledCount }) => sum + unsettledCount, 0);
    assert.equal(left, this.open.size);
    assert.equal(this.tags.lastUnsettled(), Math.max(0, ...this.open.keys()));
  }
}

test('a tag stands for its delivery however those before and after it were settled', async () => {
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
