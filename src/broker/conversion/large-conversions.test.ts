import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plainFormat } from '../../../tests/support/plain-format.ts';
import { Delivery } from '../subscription.ts';
import { converted, convertedAtOnceMax } from './converted.ts';
import {
  type ConvertsInThread,
  LargeConversions,
  type ThreadRequest,
  type ThreadResult,
} from './large-conversions.ts';
import type { TargetFormat } from './target-format.ts';

const size = convertedAtOnceMax + 1;

/** A delivery of MQTT's format: exchange, routing key and head `key`, and a body. */
function deliveryOf(fill: string, bodyLength = size): Delivery {
  const delivery = new Delivery();
  const record = Buffer.concat([
    Buffer.from('before'),
    Buffer.from('\x01x\x01k'),
    Buffer.from('lengths.'),
    Buffer.from('head'),
    Buffer.alloc(bodyLength, fill),
  ]);
  const at = { addressAt: 6, addressEnd: 10, headAt: 18, headLength: 4, bodyAt: 22, bodyLength };
  return Object.assign(delivery, at, { buffer: record, format: 3 });
}

/** A thread that answers when the test says so. */
class Thread {
  readonly requests: ThreadRequest[] = [];
  #answers: { resolve: (result: ThreadResult) => void; reject: (error: Error) => void }[] = [];
  readonly convert: ConvertsInThread = (request) => {
    this.requests.push(request);
    return new Promise((resolve, reject) => this.#answers.push({ resolve, reject }));
  };

  /** Converts the last request: its address, and texts as head and body. */
  answer(body: string): void {
    const { bytes, addressLength } = this.requests.at(-1) as ThreadRequest; // there is one
    const address = Buffer.from(bytes).subarray(0, addressLength);
    const result = Buffer.concat([address, Buffer.from('new'), Buffer.from(body)]);
    const copy = new ArrayBuffer(result.length);
    result.copy(Buffer.from(copy));
    this.#answers.shift()?.resolve({ bytes: copy, headLength: 3, bodyLength: body.length });
  }

  fail(why: string): void {
    this.#answers.shift()?.reject(new Error(why));
  }

  /** Resolves when this many requests have come. */
  async asked(count: number): Promise<void> {
    while (this.requests.length < count) await new Promise((resolve) => setImmediate(resolve));
  }
}

const host = { delivery: new Delivery(), pump: () => {} };
const target: TargetFormat = { name: 'stomp', fromProperties: plainFormat.fromProperties };

test('a large message is copied for the thread, and delivered as it answers', async () => {
  const thread = new Thread();
  const conversions = new LargeConversions(host, thread.convert);
  const delivery = deliveryOf('a');
  const preparing = conversions.prepare(delivery, target, 100);
  await thread.asked(1);
  const [request] = thread.requests;
  assert.ok(request !== undefined);
  const { bytes, ...terms } = request;
  const copy = Buffer.from(bytes);
  assert.equal(copy.toString('latin1', 0, terms.addressLength), '\x01x\x01k');
  const { headAt, bodyAt } = terms;
  assert.equal(copy.toString('latin1', headAt, headAt + terms.headLength), 'head');
  assert.ok(copy.subarray(bodyAt).equals(Buffer.alloc(size, 'a')));
  assert.deepEqual([terms.format, terms.to, terms.headBytesMax], [3, 'stomp', 100]);
  thread.answer('converted');
  await preparing;
  assert.equal(conversions.prepare(delivery, target, 100), undefined);
  const own = converted(delivery, undefined, target, 100);
  const { buffer } = own;
  assert.equal(buffer.toString('latin1'), '\x01x\x01knewconverted');
  assert.equal(buffer.toString('latin1', own.bodyAt, own.bodyAt + own.bodyLength), 'converted');
  assert.equal(own.exchangeName() + own.routingKey(), 'xk');
});

test('a message that is not large, or without a thread, is converted at once', () => {
  const thread = new Thread();
  const conversions = new LargeConversions(host, thread.convert);
  assert.equal(conversions.prepare(deliveryOf('a', convertedAtOnceMax), target, 100), undefined);
  assert.equal(
    new LargeConversions(host, undefined).prepare(deliveryOf('b'), target, 1),
    undefined,
  );
  assert.equal(thread.requests.length, 0);
});

test('one message is converted at a time, for all that wait for it', async () => {
  const thread = new Thread();
  const conversions = new LargeConversions(host, thread.convert);
  // The same message in two queues, of which one was read from the disk again.
  const [first, again, other] = [deliveryOf('c'), deliveryOf('c'), deliveryOf('d')];
  const waiting = [first, again, other].map((each) => conversions.prepare(each, target, 100));
  await thread.asked(1);
  thread.answer('c');
  await Promise.all(waiting);
  assert.equal(thread.requests.length, 1);
  assert.equal(conversions.prepare(first, target, 100), undefined);
  assert.equal(conversions.prepare(again, target, 100), undefined);
  for (const each of [first, again]) {
    const { buffer, bodyAt } = converted(each, undefined, target, 100);
    assert.equal(buffer.toString('latin1', bodyAt), 'c');
  }
  // With other terms, the result is another one.
  let askedCount = 1;
  const to = { kind: 'queue', name: 'q' } as const;
  for (const [terms, headBytesMax] of [
    [undefined, 99],
    [{ to }, 100],
    [{ transformation: 'x' }, 100],
  ] as const) {
    const preparing = conversions.prepare(first, { ...target, terms }, headBytesMax);
    assert.ok(preparing !== undefined);
    await thread.asked(++askedCount);
    thread.answer('e');
    await preparing;
  }
  const last = conversions.prepare(other, target, 100);
  await thread.asked(++askedCount);
  thread.answer('d');
  await last;
  assert.equal(converted(other, undefined, target, 100).buffer.toString('latin1', 7), 'd');
});

test('whoever takes a message that cannot be converted gets the error', async () => {
  const thread = new Thread();
  const conversions = new LargeConversions(host, thread.convert);
  const delivery = deliveryOf('f');
  const preparing = conversions.prepare(delivery, target, 100);
  await thread.asked(1);
  thread.fail('no room');
  await preparing;
  assert.equal(conversions.prepare(delivery, target, 100), undefined);
  assert.throws(() => converted(delivery, undefined, target, 100), /no room/);
  assert.notEqual(conversions.prepare(delivery, target, 100), undefined, 'it can be tried again');
});

test('a result that nobody takes is dropped after some seconds', async () => {
  const thread = new Thread();
  const conversions = new LargeConversions(host, thread.convert);
  const delivery = deliveryOf('h');
  const prepared = async (askedCount: number) => {
    const preparing = conversions.prepare(delivery, target, 100);
    await thread.asked(askedCount);
    thread.answer('h');
    await preparing;
  };
  await prepared(1);
  for (const nowMs of [1000, 2000, 5999]) conversions.tick(nowMs);
  assert.equal(conversions.prepare(delivery, target, 100), undefined);
  conversions.tick(6000);
  await prepared(2);
  assert.equal(thread.requests.length, 2);
});

test('nobody is told after the broker began to close', async () => {
  const thread = new Thread();
  const conversions = new LargeConversions(host, thread.convert);
  let isTold = false;
  void conversions.prepare(deliveryOf('g'), target, 100)?.then(() => {
    isTold = true;
  });
  await thread.asked(1);
  conversions.end();
  thread.answer('g');
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(isTold, false);
});
