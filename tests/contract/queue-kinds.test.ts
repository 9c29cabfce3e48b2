import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Arguments } from '../../src/broker/arguments.ts';
import type { GroupRules } from '../../src/broker/dispatch/groups.ts';
import { passedCountDefault } from '../../src/broker/dispatch/selective.ts';
import type { Queue } from '../../src/broker/queue.ts';
import type { SubscribeOptions, Subscription } from '../../src/broker/subscription.ts';
import { Transaction } from '../../src/broker/transaction.ts';
import type { MessageView } from '../../src/storage/message-record.ts';
import { BareBroker, commitNow, Inbox, plainSubscribe } from '../support/bare-broker.ts';
import { plainFormat } from '../support/plain-format.ts';

// Tests that all kinds of queues pass, regardless of dispatch order and settlements.

const text = (value: string) => ({ type: 'longstr', value }) as const;
const int = (value: number) => ({ type: 'signedint', value }) as const;

const kinds: Readonly<Record<string, Arguments>> = {
  'a classic queue': {},
  'a queue with ten priorities': { 'x-max-priority': int(9) },
  'a quorum queue': { 'x-queue-type': text('quorum') },
};
const deadTo = { 'x-dead-letter-exchange': text(''), 'x-dead-letter-routing-key': text('dead') };

/** One queue under test, and its consumers. */
class Bench {
  readonly b: BareBroker;
  readonly queue: Queue;

  private constructor(b: BareBroker, queue: Queue) {
    this.b = b;
    this.queue = queue;
  }

  static async of(args: Arguments): Promise<Bench> {
    const b = await BareBroker.open();
    b.queue('dead');
    return new Bench(b, b.queue('q', { ...deadTo, ...args }));
  }

  publish(...bodies: readonly string[]): void {
    for (const body of bodies) this.b.publish('', 'q', body);
    this.b.broker.pump();
  }

  /** Publishes a message with a header `color`, for selectors and groups. */
  paint(color: string, ...bodies: readonly string[]): void {
    for (const body of bodies) this.b.publish('', 'q', body, { headers: { color: text(color) } });
    this.b.broker.pump();
  }

  consumer(options: Partial<SubscribeOptions> = {}): { inbox: Inbox; subscription: Subscription } {
    const inbox = new Inbox();
    const subscription = this.queue.subscribe(inbox, { ...plainSubscribe, ...options });
    this.b.broker.pump();
    return { inbox, subscription };
  }

  pass(ms: number): void {
    this.b.clock.ms += ms;
    this.b.broker.tick();
  }
}

const colorOf = ({ buffer, headAt, headLength }: MessageView): string | undefined =>
  plainFormat.headers(buffer, headAt, headAt + headLength)['color']?.value as string | undefined;
/** Groups by color. */
const groupsOf = (countMax: number): GroupRules => ({
  of: (message) => {
    const id = colorOf(message);
    return id === undefined ? undefined : { id, sequence: 0 };
  },
  countMax,
  budget: { left: 100 },
});
const wants = (color: string) => (message: MessageView) => colorOf(message) === color;

function numbers(count: number): string[] {
  return Array.from({ length: count }, (_, i) => String(i));
}

for (const [kind, args] of Object.entries(kinds)) {
  const open = () => Bench.of(args);

  test(`${kind} delivers each message once and in order, and requeues to the original position`, async () => {
    const bench = await open();
    const { inbox, subscription } = bench.consumer();
    bench.publish(...numbers(20));
    assert.deepEqual(inbox.bodies, numbers(20));
    for (const n of [7, 3, 12, 4]) subscription.settle(n, n, 'released');
    for (const n of [0, 19, 5]) subscription.settle(n, n, 'accepted');
    bench.b.broker.pump();
    assert.deepEqual(inbox.bodies.slice(20).sort(), ['12', '3', '4', '7']);
    assert.deepEqual(inbox.redelivered.slice(20), [true, true, true, true]);
    subscription.close('released');
    const wanted = numbers(20).filter((body) => !['0', '5', '19'].includes(body));
    assert.deepEqual(bench.consumer().inbox.bodies, wanted);
  });

  test(`${kind} respects the prefetch, and each settlement returns credit`, async () => {
    const bench = await open();
    const { inbox, subscription } = bench.consumer({ prefetch: 3 });
    bench.publish(...numbers(10));
    assert.deepEqual(inbox.bodies, ['0', '1', '2']);
    subscription.settle(1, 1, 'accepted');
    bench.b.broker.pump();
    assert.deepEqual(inbox.bodies.slice(3), ['3']);
    subscription.setPrefetch(1);
    subscription.settle(0, 0, 'accepted');
    bench.b.broker.pump();
    assert.deepEqual([inbox.bodies.length, subscription.credit], [4, -1]);
    subscription.settle(2, 3, 'accepted');
    bench.b.broker.pump();
    assert.deepEqual(inbox.bodies.slice(4), ['4']);
  });

  test(`${kind} delivers up to the granted credit, settled or unsettled`, async () => {
    const bench = await open();
    for (const settled of [false, true]) {
      const { inbox, subscription } = bench.consumer({ prefetch: undefined, settled });
      bench.publish('a', 'b', 'c');
      assert.deepEqual(inbox.bodies, []);
      subscription.grant(2);
      bench.b.broker.pump();
      assert.deepEqual(inbox.bodies, ['a', 'b']);
      subscription.settle(0, 1, 'accepted');
      bench.b.broker.pump();
      assert.equal(inbox.bodies.length, 2, 'a settlement gives no credit back');
      subscription.grant(1);
      bench.b.broker.pump();
      assert.deepEqual([inbox.bodies.at(-1), subscription.credit], ['c', 0]);
      subscription.close('accepted');
    }
    assert.equal(bench.queue.index.count, 0);
  });

  test(`${kind} drains credit: ready messages are delivered and the remaining credit is revoked`, async () => {
    const bench = await open();
    const { inbox, subscription } = bench.consumer({ prefetch: undefined });
    bench.publish('a', 'b');
    subscription.grant(5);
    let unused = -1;
    subscription.drain((count) => {
      unused = count;
    });
    assert.deepEqual([inbox.bodies, unused, subscription.credit], [['a', 'b'], 3, 0]);
    bench.publish('c');
    assert.equal(inbox.bodies.length, 2);
    // While the transport takes nothing, what is ready still counts.
    inbox.isWritable = false;
    subscription.grant(2);
    unused = -1;
    subscription.drain((count) => {
      unused = count;
    });
    assert.equal(unused, -1);
    inbox.isWritable = true;
    subscription.wake();
    bench.b.broker.pump();
    assert.deepEqual([inbox.bodies, unused], [['a', 'b', 'c'], 1]);
  });

  test(`${kind} answers a pull with one message, or reports that none arrived in time`, async () => {
    const bench = await open();
    const { inbox, subscription } = bench.consumer({ prefetch: undefined });
    const ends: string[] = [];
    const pull = (name: string, timeoutMs: number) =>
      subscription.pull(timeoutMs, () => ends.push(name));
    pull('at once', 0);
    assert.deepEqual(ends, ['at once']);
    pull('in time', 100);
    bench.pass(50);
    bench.publish('a', 'b');
    assert.deepEqual([inbox.bodies, ends, subscription.credit], [['a'], ['at once'], 0]);
    bench.pass(100);
    pull('waiting', 0);
    assert.deepEqual([inbox.bodies, ends.length], [['a', 'b'], 1]);
    pull('late', 100);
    bench.pass(99);
    assert.equal(ends.length, 1);
    bench.pass(1);
    bench.publish('c');
    assert.deepEqual([inbox.bodies.length, ends], [2, ['at once', 'late']]);
    pull('for ever', Infinity);
    assert.deepEqual(inbox.bodies.at(-1), 'c');
    pull('until it ends', Infinity);
    subscription.stop();
    assert.deepEqual(ends, ['at once', 'late', 'until it ends']);
  });

  test(`${kind} applies the outcome of each settlement`, async () => {
    const bench = await open();
    const { inbox, subscription } = bench.consumer({ prefetch: undefined });
    subscription.grant(4);
    bench.publish('accepted', 'released', 'rejected', 'modified');
    const failed = { deliveryFailed: true, undeliverableHere: false };
    subscription.settle(0, 0, 'accepted');
    subscription.settle(1, 1, 'released');
    subscription.settle(2, 2, 'rejected');
    subscription.settle(3, 3, 'modified', failed);
    bench.b.broker.pump();
    assert.deepEqual(bench.b.drain('dead'), ['rejected']);
    const { index: queueIndex } = bench.queue;
    const counted = bench.queue.settings.countsFailures ? 1 : 0;
    const counts = [1, 3].map((n) => (queueIndex.countsFailures ? queueIndex.deliveryCount(n) : 0));
    assert.deepEqual(counts, [0, counted]);
    subscription.grant(9);
    bench.b.broker.pump();
    assert.deepEqual(inbox.bodies.slice(4), ['released', 'modified']);
  });

  test(`${kind} does not redeliver a message to a consumer that declared it undeliverable`, async () => {
    const bench = await open();
    const here = bench.consumer();
    bench.publish('a', 'b');
    const elsewhere = { deliveryFailed: true, undeliverableHere: true };
    assert.equal(here.subscription.settle(0, 0, 'modified', elsewhere), 1);
    bench.publish('c');
    assert.deepEqual(here.inbox.bodies, ['a', 'b', 'c']);
    assert.equal(bench.queue.readyCount, 1);
    const there = bench.consumer();
    assert.deepEqual(there.inbox.bodies, ['a']);
    there.subscription.settle(0, 0, 'accepted');
    here.subscription.close('accepted');
    there.subscription.close('accepted');
    assert.equal(bench.queue.index.count, 0);
    bench.publish('d');
    assert.deepEqual(bench.consumer().inbox.bodies, ['d']);
  });

  test(`${kind} keeps messages with their consumer after a rollback of their settlement`, async () => {
    const bench = await open();
    const { inbox, subscription } = bench.consumer();
    bench.publish('a', 'b');
    const transaction = new Transaction(bench.b.broker, bench.b.vhost);
    transaction.settle(subscription, 0, 0, 'accepted');
    transaction.settle(subscription, 1, 1, 'rejected');
    transaction.rollback();
    bench.b.broker.pump();
    assert.deepEqual([inbox.bodies, subscription.unsettledCount], [['a', 'b'], 2]);
    transaction.settle(subscription, 1, 1, 'accepted');
    assert.equal(commitNow(transaction), bench.b.log.openGroup);
    assert.deepEqual([subscription.isUnsettled(0), subscription.isUnsettled(1)], [true, false]);
    assert.equal(bench.queue.index.count, 1);
  });

  test(`${kind} searches past the head for selectors, up to a limit`, async () => {
    const bench = await open();
    const red = bench.consumer({ selector: wants('red') });
    const blue = bench.consumer({ selector: wants('blue'), prefetch: 1 });
    bench.paint('green', 'g1', 'g2');
    bench.paint('blue', 'b1', 'b2');
    bench.paint('red', 'r1', 'r2');
    assert.deepEqual([red.inbox.bodies, blue.inbox.bodies], [['r1', 'r2'], ['b1']]);
    blue.subscription.settle(0, 0, 'released');
    bench.b.broker.pump();
    assert.deepEqual(blue.inbox.bodies, ['b1', 'b1']);
    blue.subscription.settle(1, 1, 'accepted');
    bench.b.broker.pump();
    assert.deepEqual(blue.inbox.bodies, ['b1', 'b1', 'b2']);
    bench.paint('green', ...numbers(passedCountDefault));
    bench.paint('red', 'too far');
    assert.equal(red.inbox.bodies.length, 2);
    const green = bench.consumer({ selector: wants('green'), settled: true });
    assert.deepEqual(green.inbox.bodies, ['g1', 'g2', ...numbers(passedCountDefault)]);
    assert.deepEqual(red.inbox.bodies, ['r1', 'r2', 'too far']);
    // Without selectors it is a plain queue again.
    for (const { subscription } of [red, blue, green]) subscription.close('accepted');
    bench.publish('plain');
    assert.deepEqual(bench.consumer().inbox.bodies, ['plain']);
  });

  test(`${kind} delivers a message group to one consumer, in order`, async () => {
    const bench = await open();
    bench.queue.groupBy(groupsOf(10));
    const consumers = [bench.consumer({ prefetch: 2 }), bench.consumer({ prefetch: 2 })];
    bench.paint('red', 'r1', 'r2', 'r3');
    bench.paint('blue', 'b1', 'b2');
    bench.publish('none');
    const [first, second] = consumers.map(({ inbox }) => inbox.bodies);
    assert.deepEqual(
      [first, second],
      [
        ['r1', 'r2'],
        ['b1', 'b2'],
      ],
    );
    consumers[1]?.subscription.settle(0, 0, 'accepted');
    bench.b.broker.pump();
    assert.deepEqual(second, ['b1', 'b2', 'none'], 'r3 waits for its consumer');
    consumers[0]?.subscription.close('released');
    consumers[1]?.subscription.settle(1, 2, 'accepted');
    bench.b.broker.pump();
    assert.deepEqual(second, ['b1', 'b2', 'none', 'r1', 'r2']);
  });

  test(`${kind} frees the least recently used message group when there are too many`, async () => {
    const bench = await open();
    const rules = groupsOf(2);
    bench.queue.groupBy(rules);
    const [one, two] = [bench.consumer(), bench.consumer()];
    for (const [color, body] of ['ra', 'bb', 'rc', 'gd', 'bx', 're'].map((text) => [...text])) {
      bench.paint(color ?? '', body ?? '');
    }
    // Green replaced blue, and blue replaced red: both were assigned again to the next consumer.
    assert.deepEqual(
      [one.inbox.bodies, two.inbox.bodies],
      [
        ['a', 'c', 'd', 'e'],
        ['b', 'x'],
      ],
    );
    assert.equal(rules.budget.left, 98);
    one.subscription.stop();
    two.subscription.stop();
    assert.equal(rules.budget.left, 100, 'ended consumers give their groups back');
  });

  test(`${kind} searches for groups only in messages that can have one`, async () => {
    const bench = await open();
    bench.paint('red', 'r1');
    bench.publish('none', 'none');
    let count = 0;
    const { of, ...rules } = groupsOf(2);
    const counted = (message: Parameters<typeof of>[0]) => {
      count++;
      return of(message);
    };
    bench.publish('last');
    const { queue } = bench;
    // The first message has a color, but is not among those with groups.
    bench.consumer({ settled: true, prefetch: 1 });
    queue.groupBy({ ...rules, of: counted }, queue.index.next);
    bench.publish('later');
    assert.equal(count, 0);
    assert.equal(queue.readyCount, 0);
  });

  test(`${kind} lets an exclusive consumer of higher priority, or of 127, take over`, async () => {
    const bench = await open();
    const all = [0, 5, 5, 3, 127, 127].map((priority) => ({ isPreferred: true, priority }));
    const inboxes = all.map((options) => {
      const { inbox } = bench.consumer(options);
      bench.publish('m');
      return inbox;
    });
    assert.deepEqual(
      inboxes.map(({ bodies }) => bodies.length),
      [1, 3, 0, 0, 1, 1],
    );
  });

  test(`${kind} delivers everything to an exclusive consumer, and then to its successor`, async () => {
    const bench = await open();
    const plain = bench.consumer();
    const preferred = bench.consumer({ isPreferred: true });
    const successor = bench.consumer({ isPreferred: true });
    bench.publish('a', 'b');
    preferred.subscription.stop();
    bench.publish('c');
    successor.subscription.stop();
    bench.publish('d');
    const bodies = [preferred, successor, plain].map(({ inbox }) => inbox.bodies);
    assert.deepEqual(bodies, [['a', 'b'], ['c'], ['d']]);
  });

  test(`${kind} serves higher-priority consumers first, and equal priorities round robin`, async () => {
    const bench = await open();
    const low = bench.consumer({ priority: -1 });
    const high = [1, 2].map(() => bench.consumer({ priority: 3, prefetch: 2 }));
    bench.publish(...numbers(6));
    const bodies = [...high, low].map(({ inbox }) => inbox.bodies);
    assert.deepEqual(bodies, [
      ['0', '2'],
      ['1', '3'],
      ['4', '5'],
    ]);
  });

  test(`${kind} shows its messages to a browsing cursor without consuming them`, async () => {
    const bench = await open();
    bench.publish(...numbers(5));
    const { subscription } = bench.consumer({ prefetch: 3 });
    subscription.settle(1, 1, 'accepted');
    const cursor = bench.queue.cursor();
    const view = bench.b.broker.delivery;
    const seen: string[] = [];
    const read = () => {
      while (cursor.read(view) === 'message') {
        seen.push(view.buffer.toString('utf8', view.bodyAt, view.bodyAt + view.bodyLength));
      }
    };
    read();
    assert.deepEqual(seen, ['0', '2', '3', '4']);
    bench.publish('5');
    read();
    assert.deepEqual([seen.at(-1), cursor.position], ['5', 5]);
    assert.equal(bench.queue.index.count, 5);
  });

  test(`${kind} purges ready messages and recovers unsettled messages`, async () => {
    const bench = await open();
    const { subscription } = bench.consumer({ prefetch: 2 });
    bench.publish(...numbers(6));
    let purged = -1;
    bench.queue.purge((count) => {
      purged = count;
    });
    assert.equal(purged, 4);
    bench.publish('after');
    subscription.settle(0, 0, 'accepted');
    bench.b.broker.pump();
    bench.b.log.syncNow();
    const again = await BareBroker.open(bench.b);
    assert.deepEqual(again.drain('q'), ['1', 'after']);
  });

  test(`${kind} gives out a ready message by its number, and the others keep their order`, async () => {
    const bench = await open();
    const held = bench.consumer({ prefetch: 1 });
    bench.publish(...numbers(6));
    const getter = bench.queue.subscribe(undefined, plainSubscribe);
    const get = (wanted: number) => {
      let body: string | undefined;
      const answer = (view?: MessageView) => {
        body = view?.buffer.toString('utf8', view.bodyAt, view.bodyAt + view.bodyLength);
      };
      getter.get(false, answer, wanted);
      return body;
    };
    // The first message is with a consumer, and there is no message 6.
    assert.deepEqual([0, 3, 3, 6, 1, 2 ** 50].map(get), [
      ...[undefined, '3', undefined, undefined, '1', undefined],
    ]);
    assert.equal(bench.queue.readyCount, 3);
    getter.settle(0, 0, 'released');
    getter.settle(1, 1, 'accepted');
    assert.equal(get(1), undefined);
    held.subscription.close('released');
    getter.close('released');
    bench.b.broker.pump();
    bench.b.log.syncNow();
    const again = await BareBroker.open(bench.b);
    assert.deepEqual(again.drain('q'), ['0', '2', '3', '4', '5']);
  });
}
