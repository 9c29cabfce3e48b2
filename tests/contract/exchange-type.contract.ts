// The contract of exchange types.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Argument, Arguments } from '../../src/broker/arguments.ts';
import type { Destination } from '../../src/broker/exchanges/binding.ts';
import { Exchange } from '../../src/broker/exchanges/exchange.ts';
import type { ExchangeType } from '../../src/broker/exchanges/exchange-type.ts';
import { RouteSearch } from '../../src/broker/exchanges/route-search.ts';
import { Publication } from '../../src/broker/publication.ts';
import type { Vhost } from '../../src/broker/vhost.ts';
import { BareBroker } from '../support/bare-broker.ts';
import { SeededRandom } from '../support/seeded-random.ts';

/** The routing key and arguments of a binding. */
interface Asked {
  readonly routingKey: string;
  readonly arguments: Arguments;
}

/** A type of exchange, with bindings and messages that show what it does. */
export interface ExchangeTypeSubject {
  readonly type: ExchangeType;
  /** A binding that takes the message of the same number; different ones for different numbers. */
  binding(i: number): Asked;
  message(i: number): { readonly key: string; readonly headers: Record<string, Argument> };
  /** Whether the message of one number goes to a binding of another. */
  matches(binding: number, message: number): boolean;
}

const options = { durable: true, autoDelete: false, internal: false, arguments: {} };

/** One exchange of a type, outside of any virtual host's list, and searches in it. */
class Searched {
  readonly exchange: Exchange;
  readonly #subject: ExchangeTypeSubject;
  readonly #vhost: Vhost;

  constructor(subject: ExchangeTypeSubject, vhost: Vhost) {
    this.#subject = subject;
    this.#vhost = vhost;
    this.exchange = new Exchange('/', 'searched', subject.type, options);
  }

  bind(i: number, destination: Destination): void {
    this.exchange.bind({ ...this.#subject.binding(i), destination });
  }

  unbind(i: number, destination: Destination): boolean {
    return this.exchange.unbind({ ...this.#subject.binding(i), destination });
  }

  search(i: number, stepCount = Infinity) {
    const { key, headers } = this.#subject.message(i);
    const host = {
      vhost: this.#vhost,
      stepCountMax: Infinity,
      readHeaders: () => headers,
      readProperty: () => undefined,
    };
    const search = new RouteSearch(host, this.exchange, [key], new Publication());
    let runCount = 1;
    while (!search.run(stepCount)) runCount++;
    return { names: [...search.queues].map(({ name }) => name).sort(), runCount, search };
  }

  find(i: number): string[] {
    return this.search(i).names;
  }
}

/** Tests that hold for every type of exchange. */
export function testExchangeType(subject: ExchangeTypeSubject): void {
  const { type, matches } = subject;
  const opened = async () => {
    const b = await BareBroker.open();
    return { b, searched: new Searched(subject, b.vhost) };
  };

  test(`${type.name}: a message is routed to the matching bindings`, async () => {
    const { b, searched } = await opened();
    assert.deepEqual(searched.find(0), []);
    for (let i = 0; i < 20; i++) searched.bind(i, b.queue(`q${i}`));
    for (let message = 0; message < 25; message++) {
      const all = Array.from({ length: 20 }, (_, i) => i);
      const expected = all.filter((i) => matches(i, message)).map((i) => `q${i}`);
      assert.deepEqual(searched.find(message), expected.sort(), `message ${message}`);
    }
  });

  test(`${type.name}: adding and removing bindings leaves no residue`, async () => {
    const { b, searched } = await opened();
    const random = new SeededRandom(5);
    let bound: { i: number; queue: string }[] = [];
    for (let round = 0; round < 400; round++) {
      const i = random.below(12);
      const queue = `q${random.below(4)}`;
      const isBound = bound.some((one) => one.i === i && one.queue === queue);
      if (isBound) {
        assert.equal(searched.unbind(i, b.queue(queue)), true);
        bound = bound.filter((one) => one.i !== i || one.queue !== queue);
      } else {
        searched.bind(i, b.queue(queue));
        bound.push({ i, queue });
      }
      const message = random.below(12);
      const expected = bound.filter((one) => matches(one.i, message)).map((one) => one.queue);
      assert.deepEqual(searched.find(message), [...new Set(expected)].sort());
    }
    for (const { i, queue } of bound) searched.unbind(i, b.queue(queue));
    assert.deepEqual([searched.exchange.bindingCount, searched.find(0)], [0, []]);
  });

  test(`${type.name}: a duplicate binding is not added`, async () => {
    const { b, searched } = await opened();
    searched.bind(0, b.queue('q'));
    searched.bind(0, b.queue('q'));
    assert.equal(searched.exchange.bindingCount, 1);
    assert.equal(searched.unbind(0, b.queue('q')), true);
    assert.equal(searched.unbind(0, b.queue('q')), false);
    assert.deepEqual(searched.find(0), []);
  });

  test(`${type.name}: a deleted destination receives nothing, and its bindings are removed`, async () => {
    const { b, searched } = await opened();
    const gone = b.queue('gone');
    for (let i = 0; i < 5; i++) searched.bind(i, gone);
    searched.bind(0, b.queue('stays'));
    b.vhost.removeQueue(gone);
    assert.deepEqual(searched.find(0), ['stays']);
    for (const _ of searched.exchange.forget(gone));
    assert.deepEqual([searched.exchange.bindingCount, searched.find(0)], [1, ['stays']]);
  });

  test(`${type.name}: a search that yields after every step finds the same destinations`, async () => {
    const { b, searched } = await opened();
    for (let i = 0; i < 40; i++) searched.bind(i % 8, b.queue(`q${i}`));
    for (let message = 0; message < 10; message++) {
      assert.deepEqual(searched.search(message, 1).names, searched.find(message));
    }
  });

  test(`${type.name}: a search with many destinations is split into many steps`, async () => {
    const { b, searched } = await opened();
    for (let i = 0; i < 2000; i++) searched.bind(0, b.queue(`q${i}`));
    const { names, runCount, search } = searched.search(0, 100);
    assert.equal(names.length, 2000);
    assert.ok(search.stepCount >= 2000 && runCount >= 20, `${search.stepCount} in ${runCount}`);
    assert.ok(search.stepCount < 10_000, `${search.stepCount} steps`);
  });

  test(`${type.name}: a message is routed through bound exchanges`, async () => {
    const { b, searched } = await opened();
    const fanout = b.vhost.exchange('amq.fanout');
    b.vhost.bind(fanout, b.queue('behind'), '', {});
    searched.bind(0, fanout);
    assert.deepEqual(searched.find(0), ['behind']);
  });
}

/** Tests that hold for every type of exchange that chooses one binding for each message. */
export function testChoosingType(
  subject: Omit<ExchangeTypeSubject, 'matches'>,
  isRepeated: boolean,
): void {
  const { name } = subject.type;
  const opened = async (count: number) => {
    const b = await BareBroker.open();
    const searched = new Searched({ ...subject, matches: () => true }, b.vhost);
    const queues = Array.from({ length: count }, (_, i) => b.queue(`q${i}`));
    for (const [i, queue] of queues.entries()) searched.bind(i, queue);
    return { b, searched, queues };
  };

  test(`${name}: a message is routed to one of the bindings`, async () => {
    const { searched } = await opened(8);
    const found = new Set<string>();
    for (let message = 0; message < 400; message++) {
      const names = searched.find(message);
      assert.equal(names.length, 1, `message ${message}`);
      for (const each of names) found.add(each);
      if (isRepeated) assert.deepEqual(searched.find(message), names, `message ${message} again`);
    }
    assert.equal(found.size, 8, 'each binding is chosen sometimes');
  });

  test(`${name}: removed bindings are not chosen, and nothing is left of them`, async () => {
    const { searched, queues } = await opened(8);
    for (const [i, queue] of queues.entries()) {
      assert.equal(searched.unbind(i, queue), true);
      assert.equal(searched.unbind(i, queue), false);
      for (let message = 0; message < 50; message++) {
        const names = searched.find(message);
        assert.equal(names.length, i === 7 ? 0 : 1);
        for (const each of names) assert.ok(Number(each.slice(1)) > i, `${each} after ${i}`);
      }
    }
    assert.equal(searched.exchange.bindingCount, 0);
  });

  test(`${name}: a deleted destination receives nothing, and its bindings are removed`, async () => {
    const { b, searched, queues } = await opened(2);
    const [gone] = queues;
    assert.ok(gone);
    b.vhost.removeQueue(gone);
    for (const _ of searched.exchange.forget(gone));
    assert.equal(searched.exchange.bindingCount, 1);
    for (let message = 0; message < 50; message++) assert.deepEqual(searched.find(message), ['q1']);
  });
}
