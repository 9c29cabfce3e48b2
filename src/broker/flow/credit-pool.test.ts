import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BareBroker, Inbox, plainSubscribe } from '../../../tests/support/bare-broker.ts';
import type { Subscription } from '../subscription.ts';
import { CreditPool } from './credit-pool.ts';

/** A consumer that accepts each delivery once the round in which it came is over. */
class Member {
  readonly inbox = new Inbox();
  readonly subscription: Subscription;
  #accepted = 0;

  constructor(b: BareBroker, queue: string, pool: CreditPool, settled = false) {
    const options = { ...plainSubscribe, pool, settled };
    this.subscription = b.queue(queue).subscribe(this.inbox, options);
  }

  get count(): number {
    return this.inbox.bodies.length;
  }

  /** @returns how many deliveries were accepted now */
  accept(): number {
    const numbers = this.inbox.numbers.slice(this.#accepted);
    this.#accepted += numbers.length;
    for (const number of numbers) this.subscription.settle(number, number, 'accepted');
    return numbers.length;
  }
}

function fill(b: BareBroker, queue: string, count: number): void {
  b.queue(queue);
  for (let i = 0; i < count; i++) b.publish('', queue, `${queue}${i}`);
}

const counts = (members: readonly Member[]) => members.map(({ count }) => count);

/** Accepts whatever comes until this many deliveries have come, or none comes any more. */
function serve(b: BareBroker, members: readonly Member[], total: number): void {
  b.broker.pump();
  for (;;) {
    const sum = counts(members).reduce((a, c) => a + c, 0);
    if (sum >= total || members.every((member) => member.accept() === 0)) return;
    b.broker.pump();
  }
}

test('queues with a shared credit pool are served round-robin, one message per credit', async () => {
  const b = await BareBroker.open();
  const pool = new CreditPool(b.broker);
  pool.setLimit(1);
  for (const queue of ['a', 'b', 'c']) fill(b, queue, 100);
  const members = ['a', 'b', 'c'].map((queue) => new Member(b, queue, pool));
  serve(b, members, 99);
  // The first had one before the others stood in line.
  assert.deepEqual(counts(members), [34, 33, 32]);
  serve(b, members, 300);
  assert.deepEqual(counts(members), [100, 100, 100]);
});

for (const outcome of ['accepted', 'rejected', 'released'] as const) {
  test(`credit returned by '${outcome}' goes to a waiting consumer on any queue`, async () => {
    const b = await BareBroker.open();
    const pool = new CreditPool(b.broker);
    pool.setLimit(1);
    for (const queue of ['a', 'b']) fill(b, queue, 1);
    const [first, second] = ['a', 'b'].map((queue) => new Member(b, queue, pool));
    b.broker.pump();
    assert.deepEqual([first?.count, second?.count], [1, 0]);
    first?.subscription.stop();
    b.broker.pump();
    assert.equal(second?.count, 0, 'what a cancelled consumer holds still counts');
    first?.subscription.settle(0, 0, outcome);
    b.broker.pump();
    assert.equal(second?.count, 1);
  });
}

test('raising or removing a limit resumes waiting consumers', async () => {
  const b = await BareBroker.open();
  const pool = new CreditPool(b.broker);
  pool.setLimit(2);
  for (const queue of ['a', 'b']) fill(b, queue, 5);
  const members = ['a', 'b'].map((queue) => new Member(b, queue, pool));
  const total = () => counts(members).reduce((a, c) => a + c, 0);
  b.broker.pump();
  assert.equal(total(), 2);
  pool.setLimit(4);
  b.broker.pump();
  assert.equal(total(), 4);
  pool.setLimit(Infinity);
  b.broker.pump();
  assert.equal(total(), 10);
});

test('automatic acknowledgements wait for credit but do not use it', async () => {
  const b = await BareBroker.open();
  const pool = new CreditPool(b.broker);
  pool.setLimit(1);
  fill(b, 'a', 1);
  fill(b, 'b', 5);
  const holder = new Member(b, 'a', pool);
  b.broker.pump();
  const automatic = new Member(b, 'b', pool, true);
  b.broker.pump();
  assert.equal(automatic.count, 0);
  holder.accept();
  b.broker.pump();
  assert.equal(automatic.count, 5);
  assert.equal(pool.used, 0);
});

test('credit skips consumers that are cancelled, lost their queue or have nothing to get', async () => {
  const b = await BareBroker.open();
  const pool = new CreditPool(b.broker);
  pool.setLimit(1);
  for (const queue of ['held', 'cancelled', 'deleted', 'emptied', 'last']) fill(b, queue, 1);
  const names = ['held', 'cancelled', 'deleted', 'emptied', 'last'];
  const [held, cancelled, , , last] = names.map((queue) => new Member(b, queue, pool));
  b.broker.pump();
  cancelled?.subscription.stop();
  b.broker.deleteQueue(b.queue('deleted'));
  b.queue('emptied').purge(() => {});
  held?.accept();
  b.broker.pump();
  assert.equal(last?.count, 1);
});

test('consumers that leave while there is no credit are removed from the waiting list', async () => {
  const b = await BareBroker.open();
  const pool = new CreditPool(b.broker);
  pool.setLimit(1);
  fill(b, 'a', 10);
  const holder = new Member(b, 'a', pool);
  b.broker.pump();
  for (let i = 0; i < 100; i++) {
    const passing = new Member(b, 'a', pool);
    b.broker.pump();
    assert.ok(passing.subscription.place !== undefined);
    passing.subscription.stop();
    assert.equal(passing.subscription.place, undefined);
  }
  assert.equal(holder.subscription.place?.before, undefined);
  assert.equal(holder.subscription.place?.after, undefined);
  serve(b, [holder], 10);
  assert.equal(holder.count, 10);
});
