// The simulation of scheduled messages with power failures.

import assert from 'node:assert/strict';
import { type HeldLife, HeldRuns, requireOnce, textOf } from './held-life.ts';
import { Machine } from './machine.ts';

const repeatCount = 5;
const periodMs = 120;

/** The scheduled messages of a run. */
interface Known {
  /** The group that it is in. */
  group: number;
  /** Whether a life before the last was told that it is synced. */
  isSynced: boolean;
}

/** Schedules messages, lets time pass, and has what is due delivered. */
async function work(life: HeldLife, runs: HeldRuns, known: Map<string, Known>): Promise<void> {
  const { broker, machine } = life;
  const { random } = machine;
  life.queue('q');
  const schedule = broker.schedules.of('/');
  const add = (
    body: string,
    timing: { delayMs: number; periodMs: number; repeatCount: number },
  ) => {
    schedule.add(life.message('q', body), timing);
    known.set(body, { group: life.openGroup, isSynced: false });
  };
  for (let i = 0; i < 16 && !life.hasEnded; i++) {
    const delayMs = random.pick([10, 100, 2000, 90_000]);
    add(`${random.oneIn(4) ? 't' : 'm'}${known.size}`, { delayMs, periodMs: 0, repeatCount: 0 });
    if (i % 8 === 2) add(`again${known.size}`, { delayMs: 30, periodMs, repeatCount });
    runs.clock.ms += random.pick([5, 50, 200]);
    broker.tick();
    await machine.turns(random.below(6));
    if (random.oneIn(4) && !life.hasEnded) await life.synced();
  }
}

/**
 * Requires each message to be in the queue or in the schedule, and each repeat in just one of them.
 */
async function verify(life: HeldLife, known: Map<string, Known>): Promise<void> {
  const places = new Map<string, number>();
  const count = (body: string, more: number) => places.set(body, (places.get(body) ?? 0) + more);
  for (const body of await life.bodies(life.queue('q'))) count(body, 1);
  const schedule = life.broker.schedules.of('/');
  const jobs = new Map(schedule.jobs());
  for (const { id } of schedule.page({ fromMs: 0, toMs: Infinity, countMax: 1000 }).entries) {
    const reading = await life.machine.finish(schedule.read(id));
    assert.ok(typeof reading === 'object');
    const body = textOf(reading.parts[0] ?? Buffer.alloc(0));
    count(body, (jobs.get(id)?.leftCount ?? 0) + 1);
  }
  for (const body of places.keys()) assert.ok(known.has(body), `${body} was never scheduled`);
  for (const [body, { isSynced }] of known) {
    const perMessage = body.startsWith('again') ? repeatCount + 1 : 1;
    // A transient message is durable while it is scheduled, and not once it is delivered.
    const isDurable = isSynced && !body.startsWith('t');
    requireOnce(body, (places.get(body) ?? 0) / perMessage, isDurable);
    if (!places.has(body)) known.delete(body);
    else known.set(body, { group: 0, isSynced: true });
  }
}

/** Requires that all scheduled messages are delivered. */
async function finish(life: HeldLife, runs: HeldRuns, known: Map<string, Known>): Promise<void> {
  const schedule = life.broker.schedules.of('/');
  for (let i = 0; schedule.count > 0; i++) {
    assert.ok(i < 2000, `${schedule.count} messages never come`);
    runs.clock.ms += periodMs;
    if (i > 1000) runs.clock.ms += 100_000;
    life.broker.tick();
    await life.machine.turns(1);
  }
  await verify(life, known);
  await life.close();
}

/**
 * Runs a broker that schedules messages, with one power cut.
 *
 * @param change of what is on the disk, at which the power is cut
 * @returns whether the run had so many changes
 */
export async function simulateScheduleCut(seed: number, change: number): Promise<boolean> {
  const machine = new Machine(seed);
  const runs = new HeldRuns(machine);
  const known = new Map<string, Known>();
  let wasCut = false;
  await machine.run(async () => {
    await machine.format();
    await runs.live(Infinity, (life) => life.synced());
    wasCut = await runs.live(change, async (life) => {
      await work(life, runs, known);
      for (const message of known.values()) message.isSynced = message.group <= life.told.durable;
    });
    // The recovered state must also survive the next crash.
    await runs.live(3, async (life) => {
      await verify(life, known);
      runs.clock.ms += 100;
      life.broker.tick();
      await machine.turns(20);
    });
    await runs.live(Infinity, (life) => verify(life, known));
    await runs.live(Infinity, (life) => finish(life, runs, known));
  });
  return wasCut;
}
