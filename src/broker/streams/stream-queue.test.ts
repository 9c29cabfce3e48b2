import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BareBroker, owner, plainSubscribe } from '../../../tests/support/bare-broker.ts';
import type { Arguments } from '../arguments.ts';
import type { Queue } from '../queue.ts';
import type { Consumer, Delivery, Subscription } from '../subscription.ts';
import { StreamQueue } from './stream-queue.ts';
import { readStreamFilter, readStreamOffset, type StreamOffset } from './stream-start.ts';

const text = (value: string) => ({ type: 'longstr', value }) as const;
const int = (value: number) => ({ type: 'signedint', value }) as const;
const streamType: Arguments = { 'x-queue-type': text('stream') };

/** What a consumer of a stream saw. */
class Reader implements Consumer {
  isWritable = true;
  readonly seen: string[] = [];
  cancelReason: string | undefined;
  deliver(d: Delivery): void {
    const body = d.buffer.toString('utf8', d.bodyAt, d.bodyAt + d.bodyLength);
    this.seen.push(`${d.streamOffset}:${body}${d.redelivered ? ' again' : ''}`);
  }
  cancelled(reason: string): void {
    this.cancelReason = reason;
  }
  /** What was seen since the last call. */
  take(): string[] {
    return this.seen.splice(0);
  }
}

/** A stream `s` and its consumers. */
class Bench {
  readonly b: BareBroker;
  readonly queue: Queue;

  private constructor(b: BareBroker, queue: Queue) {
    this.b = b;
    this.queue = queue;
  }

  static async of(args: Arguments = {}, before?: Bench): Promise<Bench> {
    const b = await BareBroker.open(before?.b);
    const known = before && b.vhost.queue('s', owner);
    return new Bench(b, known ?? b.queue('s', { ...streamType, ...args }));
  }

  publish(...bodies: readonly string[]): void {
    for (const body of bodies) this.b.publish('', 's', body, { isPersistent: false });
    this.sync();
  }

  sync(): void {
    this.b.log.syncNow();
    this.b.broker.pump();
  }

  read(offset: StreamOffset, prefetch = 1000, filter?: string[]): [Reader, Subscription] {
    const reader = new Reader();
    const values = filter && { type: 'array' as const, value: filter.map(text) };
    const stream = { offset, filter: readStreamFilter(values, undefined) };
    const options = { ...plainSubscribe, prefetch, stream };
    const subscription = this.queue.subscribe(reader, options);
    this.b.broker.pump();
    return [reader, subscription];
  }

  /** Everything from the first message on. */
  all(): string[] {
    const [reader, subscription] = this.read('first');
    subscription.close('accepted');
    return reader.seen;
  }
}

test('consumers read the same messages, each from a position of its own', async () => {
  const s = await Bench.of();
  s.publish('a', 'b', 'c');
  const [first] = s.read('first');
  const [last] = s.read('last');
  const [next] = s.read('next');
  const [second] = s.read({ sequence: 1 });
  const [late] = s.read({ sequence: 4 });
  assert.deepEqual(first.take(), ['0:a', '1:b', '2:c']);
  assert.deepEqual([last.take(), next.take(), second.take()], [['2:c'], [], ['1:b', '2:c']]);
  s.publish('d', 'e');
  for (const each of [first, last, next, second]) assert.deepEqual(each.take(), ['3:d', '4:e']);
  assert.deepEqual(late.take(), ['4:e']);
  assert.deepEqual([s.queue.readyCount, s.queue.consumerCount], [5, 5]);
  assert.deepEqual(s.all(), ['0:a', '1:b', '2:c', '3:d', '4:e']);
});

test('a message is delivered once it is on disk, and not before', async () => {
  const s = await Bench.of();
  const [reader] = s.read('first');
  s.b.publish('', 's', 'a');
  s.b.broker.pump();
  assert.deepEqual(reader.take(), []);
  s.sync();
  assert.deepEqual(reader.take(), ['0:a']);
  s.b.publish('', 's', 'b');
  const [later] = s.read('first');
  assert.deepEqual(later.take(), ['0:a']);
  s.sync();
  assert.deepEqual([reader.take(), later.take()], [['1:b'], ['1:b']]);
});

test('each settlement returns credit, and no message is delivered again', async () => {
  const s = await Bench.of();
  s.publish('a', 'b', 'c', 'd', 'e', 'f');
  const [reader, subscription] = s.read('first', 2);
  const [other] = s.read('first', 1);
  for (const outcome of ['accepted', 'rejected', 'released', 'modified'] as const) {
    const number = subscription.firstUnsettled;
    assert.equal(subscription.settle(number, number, outcome), 1);
    s.b.broker.pump();
  }
  assert.deepEqual(reader.take(), ['0:a', '1:b', '2:c', '3:d', '4:e', '5:f']);
  assert.deepEqual(other.take(), ['0:a']);
  assert.equal(s.queue.readyCount, 6);
  subscription.close('modified');
  assert.deepEqual(s.all().length, 6);
});

test('a consumer that is not writable, or has no credit, gets nothing until that changes', async () => {
  const s = await Bench.of();
  const [reader, subscription] = s.read('first', 1000);
  reader.isWritable = false;
  s.publish('a');
  assert.deepEqual(reader.take(), []);
  reader.isWritable = true;
  subscription.wake();
  s.b.broker.pump();
  assert.deepEqual(reader.take(), ['0:a']);
  const granted = new Reader();
  const options = { ...plainSubscribe, prefetch: undefined };
  const stream = { offset: 'first' as const, filter: undefined };
  const credited = s.queue.subscribe(granted, { ...options, stream });
  s.publish('b', 'c');
  assert.deepEqual(granted.take(), []);
  credited.grant(2);
  s.b.broker.pump();
  assert.deepEqual(granted.take(), ['0:a', '1:b']);
  let unused = -1;
  credited.grant(5);
  credited.drain((count) => {
    unused = count;
  });
  assert.deepEqual([granted.take(), unused], [['2:c'], 4]);
});

test('a filter chooses messages by their value', async () => {
  const s = await Bench.of();
  const send = (body: string, value?: string) =>
    s.b.publish('', 's', body, {
      headers: value === undefined ? {} : { 'x-stream-filter-value': text(value) },
    });
  send('a', 'red');
  send('b', 'blue');
  send('c');
  send('d', 'red');
  s.sync();
  assert.deepEqual(s.read('first', 9, ['red'])[0].take(), ['0:a', '3:d']);
  assert.deepEqual(s.read('first', 9, ['red', 'blue'])[0].take(), ['0:a', '1:b', '3:d']);
  assert.deepEqual(s.read('first', 9, [])[0].take(), []);
  const reader = new Reader();
  const filter = readStreamFilter(text('blue'), { type: 'bool', value: true });
  s.queue.subscribe(reader, { ...plainSubscribe, stream: { offset: 'first', filter } });
  s.b.broker.pump();
  assert.deepEqual(reader.take(), ['1:b', '2:c']);
});

test('a filter that reads large heads takes several turns', async () => {
  const s = await Bench.of();
  const padding = { padding: text('x'.repeat(60_000)) };
  for (const value of ['blue', 'blue', 'blue', 'red']) {
    const headers = { ...padding, 'x-stream-filter-value': text(value) };
    s.b.publish('', 's', value, { headers });
  }
  s.sync();
  const [reader] = s.read('first', 9, ['red']);
  assert.deepEqual(reader.take(), []);
  for (let turns = 0; turns < 4; turns++) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(reader.take(), ['3:red']);
});

test('a time is the first message that was received since', async () => {
  const s = await Bench.of();
  for (const body of ['a', 'b', 'c', 'd']) {
    s.publish(body);
    s.b.clock.ms += 1000;
    s.b.broker.tick();
  }
  const start = 1_000_000;
  assert.deepEqual(s.read({ sinceMs: start - 1 })[0].take(), ['0:a', '1:b', '2:c', '3:d']);
  assert.deepEqual(s.read({ sinceMs: start + 1000 })[0].take(), ['1:b', '2:c', '3:d']);
  assert.deepEqual(s.read({ sinceMs: start + 2500 })[0].take(), ['3:d']);
  const [future] = s.read({ sinceMs: start + 60_000 });
  const [past] = s.read({ sinceMs: start + 3500 });
  assert.deepEqual([future.take(), past.take()], [[], []]);
  s.publish('e');
  assert.deepEqual([future.take(), past.take()], [['4:e'], ['4:e']]);
});

test('offsets are words, numbers, times and ages', () => {
  const of = (type: 'longstr' | 'timestamp' | 'long' | 'bool', value: string | number | boolean) =>
    readStreamOffset({ type, value }, 100_000_000);
  assert.deepEqual(
    [readStreamOffset(undefined, 0), of('longstr', 'first'), of('longstr', 'last')],
    ['next', 'first', 'last'],
  );
  assert.deepEqual([of('long', 5), of('timestamp', 7)], [{ sequence: 5 }, { sinceMs: 7000 }]);
  assert.deepEqual(of('longstr', '2h'), { sinceMs: 100_000_000 - 7_200_000 });
  for (const wrong of [of('longstr', '5'), of('longstr', '0s'), of('long', -1), of('bool', true)]) {
    assert.equal(wrong, undefined);
  }
});

const segmentBytes = { 'x-stream-max-segment-size-bytes': int(16_384) };
const large = (i: number) => `${i}`.padEnd(1000, 'x');

/** Publishes messages of 1 KB, several in a group. */
function publishMany(s: Bench, count: number): void {
  for (let i = 0; i < count; i++) {
    s.b.publish('', 's', large(i));
    if (i % 7 === 6) s.sync();
  }
  s.sync();
}

test('the oldest segments of a stream that is too large are removed', async () => {
  const s = await Bench.of({ ...segmentBytes, 'x-max-length-bytes': int(40_000) });
  const [slow, subscription] = s.read('first', 1);
  publishMany(s, 200);
  const { index } = s.queue;
  assert.ok(s.queue.readyBytes <= 40_000 + 16_384 + 2000, `${s.queue.readyBytes}`);
  assert.deepEqual([index.next, slow.take().length], [200, 1]);
  const kept = s.all();
  assert.equal(kept.length, index.count);
  assert.equal(kept[0]?.split(':')[0], String(200 - index.count));
  // A consumer whose position is gone goes on with the first message.
  subscription.settle(0, 0, 'accepted');
  s.b.broker.pump();
  assert.deepEqual(slow.take(), [kept[0]]);
  // Blocks of removed messages are not retained.
  const live = s.b.log.all.filter((block) => block !== undefined && block.live > 0);
  assert.ok(live.length <= 2, `${live.length} blocks are retained`);
});

test('segments whose messages are too old are removed, except for the last one', async () => {
  const s = await Bench.of({ ...segmentBytes, 'x-max-age': text('1h') });
  publishMany(s, 100);
  const count = () => s.queue.index.count;
  assert.equal(count(), 100);
  s.b.clock.ms += 3_500_000;
  s.b.broker.tick();
  assert.equal(count(), 100);
  s.b.clock.ms += 110_000;
  s.b.broker.tick();
  s.b.broker.pump();
  assert.ok(count() > 0 && count() <= 16, `${count()} are left`);
  assert.equal(s.queue.index.next, 100);
});

test('policies change the retention of a stream at once, and take precedence over its arguments', async () => {
  const s = await Bench.of({ ...segmentBytes, 'x-max-length-bytes': int(20_000) });
  const { settings } = s.b.vhost;
  const settle = () => {
    s.b.broker.background.finishJobs();
    s.b.broker.pump();
  };
  const apply = (definition: Record<string, string | number>) => {
    const policy = {
      name: 'p',
      pattern: '^s$',
      applyTo: 'streams',
      priority: 1,
      definition,
    } as const;
    settings.setPolicy(policy, { isOperator: false });
    settle();
  };
  apply({ 'max-length-bytes': 1_000_000 });
  publishMany(s, 200);
  assert.equal(s.queue.index.count, 200);
  apply({ 'max-length-bytes': 50_000 });
  assert.ok(s.queue.readyBytes <= 70_000);
  assert.throws(() => apply({ 'max-age': '5' }), /"5" is not a valid max age/);
  assert.throws(() => apply({ 'stream-max-segment-size-bytes': 0 }), /0 is not a valid segment/);
  settings.deletePolicy('p', { isOperator: false });
  settle();
  assert.ok(s.queue.readyBytes <= 20_000 + 17_000);
});

test('a stream is recovered with its numbers, even after its first messages were removed', async () => {
  const s = await Bench.of({ ...segmentBytes, 'x-max-length-bytes': int(40_000) });
  publishMany(s, 100);
  const before = s.all();
  s.b.log.roll(s.b.broker.store);
  publishMany(s, 3);
  s.b.publish('', 's', 'lost');
  const again = await Bench.of({}, s);
  const after = again.all();
  assert.ok(again.queue instanceof StreamQueue);
  assert.deepEqual(after.slice(0, before.length), before);
  assert.deepEqual([after.length, again.queue.index.next], [before.length + 3, 103]);
  again.publish('new');
  assert.equal(again.all().at(-1), '103:new');
});

test('a message goes to a stream and to other queues in one record', async () => {
  const s = await Bench.of();
  const q = s.b.queue('q');
  const exchange = s.b.vhost.exchange('amq.fanout');
  s.b.vhost.bind(exchange, q, '', {});
  s.b.vhost.bind(exchange, s.queue, '', {});
  s.b.publish('amq.fanout', '', 'a', { isPersistent: false });
  s.b.publish('amq.fanout', '', 'b');
  s.sync();
  assert.deepEqual(
    [s.b.drain('q'), s.all()],
    [
      ['a', 'b'],
      ['0:a', '1:b'],
    ],
  );
});

test('a stream refuses what streams do not support', async () => {
  const s = await Bench.of();
  const subscription = s.queue.subscribe(undefined, plainSubscribe);
  assert.throws(() => subscription.get(true, () => {}), { code: 'not-implemented' });
  assert.throws(() => s.queue.purge(() => {}), { code: 'not-implemented' });
  const exclusive = { durable: true, exclusive: true, autoDelete: false, arguments: streamType };
  assert.throws(() => s.b.vhost.declareQueue('x', exclusive, owner), /invalid property 'exclusive/);
  for (const name of ['x-max-length', 'x-message-ttl', 'x-max-priority', 'x-expires']) {
    const args = { ...streamType, [name]: int(5) };
    assert.throws(
      () => s.b.queue('x', args),
      new RegExp(`invalid arg '${name}' .*rabbit_stream_q`),
    );
  }
});

test('a deleted stream cancels its consumers and releases its blocks', async () => {
  const s = await Bench.of(segmentBytes);
  const [reader] = s.read('first');
  publishMany(s, 100);
  s.b.vhost.deleteQueue('s', owner, { ifUnused: false, ifEmpty: false });
  s.b.broker.background.finishJobs();
  s.b.broker.pump();
  assert.equal(reader.cancelReason, "queue 's' in vhost '/' was deleted");
  assert.equal(
    s.b.log.all.some((block) => (block?.live ?? 0) > 0),
    false,
  );
  s.sync();
  const again = await BareBroker.open(s.b);
  assert.equal(again.vhost.queues.size, 0);
});

test('blocks are read back from disk, for consumers at different positions', async () => {
  const s = await Bench.of();
  for (let i = 0; i < 1000; i++) s.b.publish('', 's', large(i));
  s.sync();
  s.b.log.evict();
  const [a, b] = [s.read('first')[0], s.read({ sequence: 500 })[0]];
  for (let i = 0; i < 50 && a.seen.length < 1000; i++) {
    await new Promise((resolve) => setImmediate(resolve));
    s.b.broker.pump();
  }
  assert.deepEqual(
    a.seen,
    Array.from({ length: 1000 }, (_, i) => `${i}:${large(i)}`),
  );
  assert.deepEqual(b.seen, a.seen.slice(500));
});
