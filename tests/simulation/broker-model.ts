// The model of a broker.

import assert from 'node:assert/strict';
import type { Arguments } from '../../src/broker/arguments.ts';
import type { Broker } from '../../src/broker/broker.ts';
import type { Queue } from '../../src/broker/queue.ts';
import type { Subscription } from '../../src/broker/subscription.ts';
import { BareBroker, Inbox, message, owner, plainSubscribe } from '../support/bare-broker.ts';
import { BrokerOnLog } from '../support/broker-on-log.ts';
import { SeededRandom } from '../support/seeded-random.ts';

/** The state of a message in the model. */
interface Known {
  readonly group: number;
  /** The open group when it was settled. Once that group is synced, the message must not return. */
  settledGroup: number;
  outcome: 'accepted' | 'rejected' | undefined;
}

const names = ['a', 'b', 'c'];
const all = [...names, 'dead'];
const dlx = {
  'x-dead-letter-exchange': { type: 'longstr', value: '' },
  'x-dead-letter-routing-key': { type: 'longstr', value: 'dead' },
} as const;
const outcomes = ['accepted', 'accepted', 'rejected', 'released'] as const;

/** A broker that crashes, and what a life does with it beside what clients do. */
interface Ground {
  readonly broker: Broker;
  readonly openGroup: number;
  sync(): void | Promise<void>;
  /** Begins a new segment explicitly. */
  roll(): void;
  /** The broker as the next start finds it, and the group up to which the last one was synced. */
  crash(random: SeededRandom): Promise<{ readonly next: Ground; readonly durableGroup: number }>;
}

function inMemory(bare: BareBroker): Ground {
  const { broker, log } = bare;
  return {
    broker,
    get openGroup() {
      return log.openGroup;
    },
    sync: () => log.syncNow(),
    roll: () => log.roll(broker.store),
    crash: async (random) => {
      const { durableGroup, rows } = log;
      const synced = rows.filter((row) => row.group <= durableGroup).length;
      const kept = synced + random.below(rows.length - synced + 1);
      return { next: inMemory(await BareBroker.open(bare, {}, kept)), durableGroup };
    },
  };
}

/** Uses the real log, whose process is killed during a write. */
function onRealLog(onLog: BrokerOnLog): Ground {
  return {
    broker: onLog.broker,
    get openGroup() {
      return onLog.log.openGroup;
    },
    sync: () => onLog.flushed(),
    roll: () => {},
    crash: async (random) => {
      onLog.log.sync();
      for (let turns = random.below(6); turns > 0; turns--) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      const { durableGroup } = onLog.log;
      await onLog.kill();
      return { next: onRealLog(onLog), durableGroup };
    },
  };
}

function queueOf({ broker }: Ground, name: string): Queue {
  const args: Arguments = name === 'dead' ? {} : dlx;
  const options = { durable: true, exclusive: false, autoDelete: false, arguments: args };
  return broker.vhost('/').declareQueue(name, options, owner);
}

/** One life of the broker: random work against the model, until it crashes. */
class Life {
  readonly known: Map<string, Known>;
  readonly ground: Ground;
  readonly random: SeededRandom;
  readonly consumers: { inbox: Inbox; subscription: Subscription; at: number }[] = [];

  constructor(ground: Ground, known: Map<string, Known>, random: SeededRandom) {
    this.ground = ground;
    this.known = known;
    this.random = random;
    queueOf(ground, 'dead');
    for (const name of names) {
      const inbox = new Inbox();
      const options = { ...plainSubscribe, prefetch: 1 + random.below(8) };
      const subscription = queueOf(ground, name).subscribe(inbox, options);
      this.consumers.push({ inbox, subscription, at: 0 });
    }
  }

  async step(): Promise<void> {
    const { ground } = this;
    const what = this.random.below(20);
    if (what < 9) this.#publish();
    else if (what < 16) this.#settle();
    else if (what < 18) await ground.sync();
    else if (what === 18) ground.broker.pump();
    else if (this.random.below(5) === 0) ground.roll();
  }

  #publish(): void {
    const body = String(this.known.size).padStart(6, '0');
    const { broker } = this.ground;
    const publication = message(broker, '', this.random.pick(names), body);
    publication.isPersistent = true;
    const { group } = broker.publish(broker.vhost('/'), publication);
    this.known.set(body, { group, settledGroup: Infinity, outcome: undefined });
  }

  #settle(): void {
    const { ground } = this;
    const { broker } = ground;
    broker.pump();
    const consumer = this.consumers[this.random.below(this.consumers.length)];
    const number = consumer?.inbox.numbers[consumer.at];
    if (consumer === undefined || number === undefined) return;
    const known = this.known.get(consumer.inbox.bodies[consumer.at] ?? '');
    assert.ok(known !== undefined, 'a message nobody published was delivered');
    consumer.at++;
    const outcome = outcomes[this.random.below(4)] ?? 'accepted';
    assert.equal(consumer.subscription.settle(number, number, outcome), 1);
    broker.pump();
    // What the broker says of it to the log is in the open group, or in an earlier one.
    if (outcome !== 'released') {
      known.outcome = outcome;
      known.settledGroup = ground.openGroup;
    }
  }
}

async function bodiesOf(ground: Ground, name: string): Promise<string[]> {
  const { index: queueIndex } = queueOf(ground, name);
  const { delivery, store } = ground.broker;
  const bodies: string[] = [];
  for (let s = queueIndex.liveFrom(0); s < queueIndex.next; s = queueIndex.liveFrom(s + 1)) {
    await store.load(queueIndex, s);
    assert.ok(store.view(queueIndex, s, delivery));
    const { buffer, bodyAt, bodyLength } = delivery;
    bodies.push(buffer.toString('utf8', bodyAt, bodyAt + bodyLength));
  }
  return bodies;
}

/** The queue of each message, in order except for dead letters. */
async function placesIn(
  ground: Ground,
  known: ReadonlyMap<string, Known>,
): Promise<Map<string, string>> {
  const places = new Map<string, string>();
  for (const name of all) {
    const bodies = await bodiesOf(ground, name);
    if (name !== 'dead') assert.deepEqual(bodies, [...bodies].sort(), `order of ${name}`);
    for (const body of bodies) {
      assert.ok(!places.has(body), `${body} is in ${places.get(body)} and in ${name}`);
      assert.ok(known.has(body), `${body} was never published`);
      places.set(body, name);
    }
  }
  return places;
}

/** Requires a message to be where the model expects it; `group` is the last synced one. */
export function requirePlace(
  body: string,
  message: Known,
  at: string | undefined,
  group: number,
): void {
  if (message.group > group) return;
  if (message.settledGroup <= group) {
    const due = message.outcome === 'rejected' ? 'dead' : undefined;
    assert.equal(at, due, `${body} after its end`);
  } else if (message.outcome !== 'accepted') {
    assert.ok(at !== undefined, `${body} was confirmed and is lost`);
  }
}

/** Compares a recovered broker with the model and returns what the next life begins with. */
async function verify(
  ground: Ground,
  known: Map<string, Known>,
  group: number,
): Promise<Map<string, Known>> {
  const places = await placesIn(ground, known);
  const next = new Map<string, Known>();
  for (const [body, message] of known) {
    const at = places.get(body);
    requirePlace(body, message, at, group);
    const settledGroup = at === undefined || at === 'dead' ? 0 : Infinity;
    const outcome = at === undefined ? 'accepted' : at === 'dead' ? 'rejected' : undefined;
    next.set(body, { group: 0, settledGroup, outcome });
  }
  return next;
}

async function live(random: SeededRandom, first: Ground): Promise<void> {
  let ground = first;
  let known = new Map<string, Known>();
  for (let life = 0; life < 4; life++) {
    const present = new Life(ground, known, random);
    for (let i = 20 + random.below(200); i > 0; i--) await present.step();
    const { next, durableGroup } = await ground.crash(random);
    ground = next;
    known = await verify(ground, known, durableGroup);
  }
}

/** Lives and crashes of a broker against the model, as the seed has it. */
export async function simulateBroker(seed: number): Promise<void> {
  await live(new SeededRandom(seed), inMemory(await BareBroker.open()));
}

/** The system under test over the real log on a disk in memory. */
export async function simulateBrokerOnLog(seed: number): Promise<void> {
  const onLog = await BrokerOnLog.start({ segmentBytes: 16 * 1024 });
  await live(new SeededRandom(seed), onRealLog(onLog));
  await onLog.close();
  await onLog.check();
}
