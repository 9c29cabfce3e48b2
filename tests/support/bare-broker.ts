// A broker without a protocol.

import { type Arguments, noArguments } from '../../src/broker/arguments.ts';
import { Broker } from '../../src/broker/broker.ts';
import type { Limits } from '../../src/broker/limits.ts';
import { Publication } from '../../src/broker/publication.ts';
import type { Published } from '../../src/broker/publishing/publishing.ts';
import type { Queue } from '../../src/broker/queue.ts';
import type { Consumer, Delivery, SubscribeOptions } from '../../src/broker/subscription.ts';
import type { Transaction } from '../../src/broker/transaction.ts';
import { ManualClock as MovedClock } from './manual-clock.ts';
import { MemoryLog } from './memory-log.ts';
import { plainFormat } from './plain-format.ts';

/** A clock that tests move. */
export class ManualClock extends MovedClock {
  constructor() {
    super(1_000_000, 1_000_000);
  }

  /** Both times, which only move forward. */
  get ms(): number {
    return this.nowMs();
  }
  set ms(ms: number) {
    this.advance(ms - this.ms);
  }
}

/** What a test's consumer saw. */
export class Inbox implements Consumer {
  isWritable = true;
  readonly bodies: string[] = [];
  readonly redelivered: boolean[] = [];
  readonly headers: Arguments[] = [];
  readonly numbers: number[] = [];
  cancelReason: string | undefined;
  deliver(d: Delivery): void {
    this.bodies.push(d.buffer.toString('utf8', d.bodyAt, d.bodyAt + d.bodyLength));
    this.redelivered.push(d.redelivered);
    this.headers.push(plainFormat.headers(d.buffer, d.headAt, d.headAt + d.headLength));
    this.numbers.push(d.deliveryNumber);
  }
  cancelled(reason: string): void {
    this.cancelReason = reason;
  }
}

/** One connection's identity. */
export const owner = { name: 'a connection' };

export const plainSubscribe: SubscribeOptions = {
  settled: false,
  exclusive: false,
  priority: 0,
  prefetch: Infinity,
  pool: undefined,
  owner,
};

/** A broker below any protocol, over a log in memory. */
export class BareBroker {
  readonly broker: Broker;
  readonly log: MemoryLog;
  readonly clock: ManualClock;
  /** The clock that limits turns. It stands still unless a test moves it. */
  readonly turnClock: { ms: number };

  private constructor(
    broker: Broker,
    log: MemoryLog,
    clock: ManualClock,
    turnClock: { ms: number },
  ) {
    this.broker = broker;
    this.turnClock = turnClock;
    this.log = log;
    this.clock = clock;
    log.onDurable = (group) => broker.onDurable(group);
  }

  static async open(
    before?: BareBroker,
    limits: Partial<Limits> = {},
    rowCount = 0,
    wakeAt: (atMs: number) => void = () => {},
  ): Promise<BareBroker> {
    let log = new MemoryLog();
    const clock = before?.clock ?? new ManualClock();
    const turnClock = { ms: 0 };
    const broker = await Broker.open({
      turnMs: () => turnClock.ms,
      openLog: async (store) => {
        if (before === undefined) store.attach(log);
        else log = before.log.reopen(store, rowCount);
      },
      formats: [plainFormat],
      users: [{ username: 'ann', passwordHash: 'secret' }],
      verifyPassword: async (password, hash) => password === hash,
      clock,
      wakeAt,
      limits: { memoryBytesMax: Infinity, ...limits },
    });
    return new BareBroker(broker, log, clock, turnClock);
  }

  get vhost() {
    return this.broker.vhost('/');
  }

  queue(name: string, args: Arguments = noArguments, durable = true): Queue {
    const options = { durable, exclusive: false, autoDelete: false, arguments: args };
    return this.vhost.declareQueue(name, options, owner);
  }

  publish(
    exchange: string,
    routingKey: string,
    body: string,
    more: Partial<Pick<Publication, 'priority' | 'expirationMs' | 'isPersistent'>> & {
      headers?: Arguments;
    } = {},
  ): Published {
    const publication = message(this.broker, exchange, routingKey, body, more.headers);
    publication.priority = more.priority ?? 0;
    publication.expirationMs = more.expirationMs ?? -1;
    publication.isPersistent = more.isPersistent ?? true;
    return this.broker.publish(this.vhost, publication);
  }

  /** Takes and accepts everything that is ready. */
  drain(queue: string): string[] {
    const subscription = this.vhost.queue(queue, owner).subscribe(undefined, plainSubscribe);
    const bodies: string[] = [];
    for (let isMore = true; isMore; ) {
      subscription.get(true, (d) => {
        isMore = d !== undefined;
        if (d !== undefined) {
          bodies.push(d.buffer.toString('utf8', d.bodyAt, d.bodyAt + d.bodyLength));
        }
      });
    }
    this.broker.pump();
    return bodies;
  }
}

/** Commits a transaction in one turn; returns the group that it is in. */
export function commitNow(
  transaction: Transaction,
  published: (publication: Publication, outcome: Published) => void = () => {},
): number {
  const steps = transaction.commit(published);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** Who logs in with a password. */
export function login(broker: Broker, username: string, password: string) {
  return broker.logins.check({ username, password, peerAddress: '192.0.2.1:1', isGone: false });
}

export function message(
  broker: Broker,
  exchange: string,
  routingKey: string,
  body: string,
  headers?: Arguments,
): Publication {
  const publication = new Publication();
  publication.exchange = broker.vhost('/').exchange(exchange);
  publication.routingKey = routingKey;
  publication.address = Buffer.from(
    `${String.fromCharCode(exchange.length)}${exchange}${String.fromCharCode(routingKey.length)}${routingKey}`,
  );
  publication.addressEnd = publication.address.length;
  if (headers !== undefined) {
    publication.head = Buffer.from(JSON.stringify({ headers }));
    publication.headEnd = publication.head.length;
  }
  const bytes = Buffer.from(body);
  publication.addPart(bytes, 0, bytes.length);
  return publication;
}
