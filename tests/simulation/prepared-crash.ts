// The simulation of prepared transactions with power failures.

import assert from 'node:assert/strict';
import type { Subscription } from '../../src/broker/subscription.ts';
import { Transaction } from '../../src/broker/transaction.ts';
import type { Xid } from '../../src/broker/transactions/xid.ts';
import { Inbox, plainSubscribe } from '../support/bare-broker.ts';
import { type HeldLife, HeldRuns, textOf } from './held-life.ts';
import { Machine } from './machine.ts';

/** The expected state of a prepared transaction. */
interface Known {
  readonly published: readonly string[];
  readonly settled: readonly string[];
  /** The group whose sync makes it durable; Infinity until it is prepared, 0 if an earlier run has found it. */
  group: number;
  outcome: 'committed' | 'rolled back' | undefined;
  /** The group whose sync makes its outcome durable; Infinity if it is not known. */
  outcomeGroup: number;
  isPreparedSynced: boolean;
  isOutcomeSynced: boolean;
}

const xid = (name: string): Xid => ({
  formatId: 1,
  globalId: Buffer.from(name),
  branchId: Buffer.alloc(0),
});

/** Prepares transactions, and decides about some. */
async function work(life: HeldLife, known: Map<string, Known>): Promise<void> {
  const { broker, machine } = life;
  const { random } = machine;
  life.queue('out');
  const inbox = new Inbox();
  const subscription = life.queue('q').subscribe(inbox, plainSubscribe);
  for (let i = 0; i < 10 && !life.hasEnded; i++) {
    broker.publish(broker.vhost('/'), life.message('q', `q${known.size}-${i}`));
    broker.pump();
    await machine.turns(random.below(4));
    if (!prepare(life, known, inbox, subscription)) continue;
    if (random.oneIn(2)) await machine.turns(random.below(6));
    if (random.oneIn(4) && !life.hasEnded) await life.synced();
    if (random.oneIn(2)) decide(life, known);
    if (random.oneIn(5) && !life.hasEnded) await life.synced();
  }
}

/** Prepares a transaction with some messages and at most one settlement; false if it is empty. */
function prepare(
  life: HeldLife,
  known: Map<string, Known>,
  inbox: Inbox,
  subscription: Subscription,
): boolean {
  const { random } = life.machine;
  const name = `x${known.size}`;
  const transaction = new Transaction(life.broker, life.broker.vhost('/'));
  const published = Array.from({ length: random.below(4) }, (_, n) => `${name}-${n}`);
  for (const body of published) transaction.publish(life.message('out', body));
  const settled: string[] = [];
  if (random.oneIn(2)) settleOne(known, inbox, subscription, transaction, settled);
  if (transaction.operationCount === 0) return false;
  const none = { outcome: undefined, outcomeGroup: Infinity };
  const unsynced = { isPreparedSynced: false, isOutcomeSynced: false };
  const one: Known = { published, settled, group: Infinity, ...none, ...unsynced };
  known.set(name, one);
  life.broker.prepared.prepare(xid(name), transaction, undefined, (group) => {
    one.group = group;
  });
  return true;
}

/**
 * Settles the first message that no other transaction has settled: a rollback gives a message back, whose
 * place is then that of the next one that settles it.
 */
function settleOne(
  known: ReadonlyMap<string, Known>,
  inbox: Inbox,
  subscription: Subscription,
  transaction: Transaction,
  settled: string[],
): void {
  const taken = new Set([...known.values()].flatMap((each) => each.settled));
  for (const [at, number] of inbox.numbers.entries()) {
    const body = textOf(Buffer.from(inbox.bodies[at] ?? ''));
    if (!subscription.isUnsettled(number) || taken.has(body)) continue;
    transaction.settle(subscription, number, number, 'accepted');
    settled.push(body);
    return;
  }
}

/** Decides about one that is prepared. */
function decide(life: HeldLife, known: ReadonlyMap<string, Known>): void {
  const { random } = life.machine;
  const open = [...known].filter(
    ([, { outcome, group }]) => outcome === undefined && group !== Infinity,
  );
  if (open.length === 0) return;
  const [name, transaction] = random.pick(open);
  if (random.oneIn(2)) {
    transaction.outcome = 'committed';
    life.broker.prepared.commit(xid(name), (group) => {
      transaction.outcomeGroup = group;
    });
  } else {
    transaction.outcome = 'rolled back';
    life.broker.prepared.rollback(xid(name), (group) => {
      transaction.outcomeGroup = group;
    });
  }
  life.broker.pump();
}

/** The life is over: what it was told is synced must be so in the next. */
function note(life: HeldLife, known: ReadonlyMap<string, Known>): void {
  for (const transaction of known.values()) {
    transaction.isPreparedSynced ||= transaction.group <= life.told.durable;
    transaction.isOutcomeSynced ||= transaction.outcomeGroup <= life.told.durable;
  }
}

/** Requires each transaction to be prepared as a whole, or to have one outcome as a whole. */
async function verify(life: HeldLife, known: Map<string, Known>): Promise<void> {
  const queue = life.queue('q');
  const out = await life.bodies(life.queue('out'));
  const inQueue = await life.bodies(queue);
  const prepared = [...life.broker.prepared.recover()].map(({ globalId }) => globalId.toString());
  let aside = 0;
  for (const [name, transaction] of [...known]) {
    const { published, settled } = transaction;
    const outCount = published.filter((body) => out.includes(body)).length;
    const keptCount = settled.filter((body) => inQueue.includes(body)).length;
    const isPrepared = prepared.includes(name);
    verifyOne(name, transaction, isPrepared, outCount, keptCount);
    known.delete(name);
    if (!isPrepared) continue;
    aside += settled.length;
    known.set(name, {
      ...{ published, settled, group: 0, outcome: undefined, outcomeGroup: Infinity },
      ...{ isPreparedSynced: true, isOutcomeSynced: false },
    });
  }
  assert.equal(prepared.filter((name) => !known.has(name)).length, 0);
  assert.equal(queue.readyCount, queue.index.count - aside, 'what is settled is not ready');
  assert.equal(new Set(out).size, out.length);
}

function verifyOne(
  name: string,
  { published, settled, outcome, isPreparedSynced, isOutcomeSynced }: Known,
  isPrepared: boolean,
  outCount: number,
  keptCount: number,
): void {
  const isDone = outCount === published.length && keptCount === 0;
  const isUndone = outCount === 0 && keptCount === settled.length;
  // An unsynced prepare may be lost as a whole, together with its settlements.
  const isLost = outCount === 0 && !isPreparedSynced && !isPrepared;
  assert.ok(isDone || isUndone || isLost, `${name}: ${outCount} published, ${keptCount} kept`);
  if (isPrepared) {
    assert.ok(isUndone && !isOutcomeSynced, `${name} is prepared, yet it has an outcome`);
    return;
  }
  assert.ok(!isPreparedSynced || outcome !== undefined, `${name} is gone without an outcome`);
  if (isOutcomeSynced)
    assert.ok(outcome === 'committed' ? isDone : isUndone, `${name}: ${outcome}`);
  else if (!isUndone && !isLost) assert.equal(outcome, 'committed', name);
}

/**
 * Runs a broker that prepares and decides about transactions, with one power cut.
 *
 * @param change of what is on the disk, at which the power is cut
 * @returns whether the run had so many changes
 */
export async function simulatePreparedCut(seed: number, change: number): Promise<boolean> {
  const machine = new Machine(seed);
  const runs = new HeldRuns(machine);
  const known = new Map<string, Known>();
  let wasCut = false;
  await machine.run(async () => {
    await machine.format();
    await runs.live(Infinity, (life) => life.synced());
    wasCut = await runs.live(change, async (life) => {
      await work(life, known);
      note(life, known);
    });
    // The recovered state must also survive the next crash.
    await runs.live(4, async (life) => {
      await verify(life, known);
      decide(life, known);
      await machine.turns(30);
      note(life, known);
    });
    await runs.live(Infinity, async (life) => {
      await verify(life, known);
      while ([...known.values()].some(({ outcome }) => outcome === undefined)) decide(life, known);
      for (let turns = 0; turns < 1000 && [...life.broker.prepared.recover()].length > 0; turns++) {
        await machine.turns(1);
      }
      await life.synced();
      note(life, known);
      await life.close();
    });
    await runs.live(Infinity, async (life) => {
      await verify(life, known);
      assert.deepEqual([...life.broker.prepared.recover()], []);
      await life.close();
    });
  });
  return wasCut;
}
