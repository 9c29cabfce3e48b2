import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../../tests/support/manual-clock.ts';
import { Brokers } from './brokers.ts';
import { KeyServiceUnreachable } from './keys/remote-keys.ts';
import type { RuntimeState } from './reconciler.ts';
import { Supervisor } from './supervisor.ts';

const id = 'b-1';
const noMaintenance = { prepare: async () => {}, decide: () => undefined };

/** A supervisor of one broker that runs, and whose key service can be away. */
class OneBroker {
  readonly clock = new ManualClock();
  readonly supervisor: Supervisor;
  isAway = false;
  checkCount = 0;
  /** The reasons why the broker was stopped. */
  readonly stops: string[] = [];
  readonly failures: string[] = [];

  constructor(keyGraceMs: number) {
    const brokers = new Brokers();
    const maintenanceWindow = { dayOfWeek: 'MONDAY', timeOfDay: '03:00', timeZone: 'UTC' };
    const created = { id, state: 'RUNNING', volumes: [], pending: {}, maintenanceWindow };
    brokers.apply({ created } as never);
    const reconciler = {
      step: async (_: string, runtime: RuntimeState) => {
        if (runtime.isUp && !runtime.keyCheckDue) return;
        this.checkCount++;
        if (this.isAway) throw new KeyServiceUnreachable('it is away');
        runtime.keyCheckDue = false;
        runtime.isUp = true;
      },
      stop: async (_: string, runtime: RuntimeState, reason: string) => {
        runtime.isUp = false;
        this.stops.push(reason);
      },
      fail: async (_: string, code: string) => {
        this.failures.push(code);
      },
    };
    const { clock } = this;
    const options = {
      clock,
      keyCheckMs: 10_000,
      keyEffectDelayMs: 0,
      keyGraceMs,
      report: () => {},
      commit: async () => {},
    };
    this.supervisor = new Supervisor(brokers, reconciler, options, noMaintenance);
  }

  async pass(seconds: number): Promise<void> {
    for (let left = seconds; left > 0; left--) {
      this.clock.advance(1000);
      this.supervisor.tick();
      await this.supervisor.idle();
    }
  }
}

test('a running broker continues without its key service, and checks go on', async () => {
  const broker = new OneBroker(0);
  await broker.supervisor.start();
  broker.isAway = true;
  await broker.pass(3600);
  assert.deepEqual([broker.stops, broker.failures], [[], []]);
  assert.ok(broker.checkCount > 60, 'at least once a minute');
});

test('with a grace, it is stopped after that time and starts when the key service is back', async () => {
  const broker = new OneBroker(600_000);
  await broker.supervisor.start();
  broker.isAway = true;
  await broker.pass(300);
  broker.isAway = false;
  await broker.pass(120); // it was reached in between, so the time begins again
  broker.isAway = true;
  await broker.pass(590);
  assert.deepEqual(broker.stops, []);
  await broker.pass(120);
  assert.deepEqual(broker.stops, ["the broker's KMS key could not be checked for 600 s"]);
  await broker.pass(300);
  assert.ok(broker.failures.length > 0);
  assert.ok(broker.failures.every((code) => code === 'kms-unreachable'));
  const before = broker.checkCount;
  broker.isAway = false;
  await broker.pass(61);
  assert.ok(broker.checkCount > before);
  assert.equal(broker.stops.length, 1);
});

test('work on a broker that is to be deleted is given up, and other work is not', async () => {
  const brokers = new Brokers();
  brokers.apply({ created: { id, state: 'RUNNING', volumes: [], pending: {} } } as never);
  let end = () => {};
  let stepCount = 0;
  const reconciler = {
    step: () => {
      stepCount++;
      if (stepCount > 1) return Promise.resolve();
      return new Promise<void>((resolve) => {
        end = resolve;
      });
    },
    stop: async () => {},
    fail: async () => {},
  };
  const given: string[] = [];
  const options = {
    clock: new ManualClock(),
    keyCheckMs: 10_000,
    keyEffectDelayMs: 0,
    report: () => {},
    commit: async () => {},
    abandoning: (brokerId: string) => {
      given.push(brokerId);
      end();
    },
  };
  const supervisor = new Supervisor(brokers, reconciler, options, noMaintenance);
  const started = supervisor.start();
  supervisor.wake(id);
  assert.deepEqual(given, []);
  brokers.apply({ updated: id, set: { state: 'DELETION_IN_PROGRESS' } });
  supervisor.wake(id);
  await started;
  assert.deepEqual([given, stepCount], [[id], 2]);
});
