import assert from 'node:assert/strict';
import type { Subscription } from '../../src/broker/subscription.ts';
import { BareBroker, Inbox, plainSubscribe } from '../support/bare-broker.ts';
import { SeededRandom } from '../support/seeded-random.ts';

/** What the model knows of one message. */
interface Known {
  readonly group: number;
  /** The group open when it was settled; it is gone for good once that one is synced. */
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

/** One life of the broker: random work against the model, until it crashes. */
class Life {
  readonly known: Map<string, Known>;
  readonly bare: BareBroker;
  readonly random: SeededRandom;
  readonly consumers: { inbox: Inbox; subscription: Subscription; at: number }[] = [];

  constructor(bare: BareBroker, known: Map<string, Known>, random: SeededRandom) {
    this.bare = bare;
    this.known = known;
    this.random = random;
    bare.queue('dead');
    for (const name of names) {
      const inbox = new Inbox();
      const options = { ...plainSubscribe, prefetch: 1 + random.below(8) };
      const subscription = bare.queue(name, dlx).subscribe(inbox, options);
      this.consumers.push({ inbox, subscription, at: 0 });
    }
  }

  step(): void {
    const { broker, log } = this.bare;
    const what = this.random.below(20);
    if (what < 9) this.#publish();
    else if (what < 16) this.#settle();
    else if (what < 18) log.syncNow();
    else if (what === 18) broker.pump();
    else if (this.random.below(5) === 0) log.roll(broker.store);
  }

  #publish(): void {
    const body = String(this.known.size).padStart(6, '0');
    this.bare.publish('', names[this.random.below(names.length)] ?? 'a', body);
    const { group } = this.bare.broker;
    this.known.set(body, { group, settledGroup: Infinity, outcome: undefined });
  }

  #settle(): void {
    const { broker, log } = this.bare;
    broker.pump();
    const consumer = this.consumers[this.random.below(this.consumers.length)];
    const number = consumer?.inbox.numbers[consumer.at];
    if (consumer === undefined || number === undefined) return;
    const message = this.known.get(consumer.inbox.bodies[consumer.at] ?? '');
    assert.ok(message !== undefined, 'a message nobody published was delivered');
    consumer.at++;
    const outcome = outcomes[this.random.below(4)] ?? 'accepted';
    assert.equal(consumer.subscription.settle(number, number, outcome), 1);
    if (outcome !== 'released') {
      message.outcome = outcome;
      message.settledGroup = log.openGroup;
    }
    broker.pump();
  }
}

function bodiesOf(bare: BareBroker, name: string): string[] {
  const { window } = bare.queue(name, name === 'dead' ? {} : dlx);
  const { delivery, store } = bare.broker;
  const bodies: string[] = [];
  for (let s = window.liveFrom(0); s < window.next; s = window.liveFrom(s + 1)) {
    assert.ok(store.view(window, s, delivery));
    const { buffer, bodyAt, bodyLength } = delivery;
    bodies.push(buffer.toString('utf8', bodyAt, bodyAt + bodyLength));
  }
  return bodies;
}

/** Where each message is, each in one queue only, in order but for dead letters. */
function placesIn(bare: BareBroker, known: ReadonlyMap<string, Known>): Map<string, string> {
  const places = new Map<string, string>();
  for (const name of all) {
    const bodies = bodiesOf(bare, name);
    if (name !== 'dead') assert.deepEqual(bodies, [...bodies].sort(), `order of ${name}`);
    for (const body of bodies) {
      assert.ok(!places.has(body), `${body} is in ${places.get(body)} and in ${name}`);
      assert.ok(known.has(body), `${body} was never published`);
      places.set(body, name);
    }
  }
  return places;
}

/** Requires a message to be where the model says; `group` is the last one synced. */
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
function verify(bare: BareBroker, known: Map<string, Known>, group: number): Map<string, Known> {
  const places = placesIn(bare, known);
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

/** Lives and crashes of a broker against the model, as the seed has it. */
export async function simulateBroker(seed: number): Promise<void> {
  const random = new SeededRandom(seed);
  let bare = await BareBroker.open();
  let known = new Map<string, Known>();
  for (let life = 0; life < 4; life++) {
    const present = new Life(bare, known, random);
    for (let i = 20 + random.below(200); i > 0; i--) present.step();
    const { durableGroup, rows } = bare.log;
    const synced = rows.filter((row) => row.group <= durableGroup).length;
    bare = await BareBroker.open(bare, {}, synced + random.below(rows.length - synced + 1));
    known = verify(bare, known, durableGroup);
  }
}
