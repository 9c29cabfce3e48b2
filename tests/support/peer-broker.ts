// A broker over a log in memory, for the peers of all protocols.

import { Broker } from '../../src/broker/broker.ts';
import type { BrokerOptions } from '../../src/broker/broker-options.ts';
import type { Limits } from '../../src/broker/limits.ts';
import { ManualClock } from './bare-broker.ts';
import { MemoryLog } from './memory-log.ts';

/** What a broker of a test is made of. */
export interface BrokerParts {
  readonly broker: Broker;
  readonly log: MemoryLog;
  readonly clock: ManualClock;
}

/** A broker whose log syncs when a test says so. */
export class PeerBroker implements BrokerParts {
  readonly broker: Broker;
  readonly log: MemoryLog;
  readonly clock: ManualClock;

  constructor({ broker, log, clock }: BrokerParts) {
    this.broker = broker;
    this.log = log;
    this.clock = clock;
    log.onDurable = (group) => broker.onDurable(group);
  }

  /** Everything appended is on the disk. */
  sync(): void {
    this.log.syncNow();
  }

  /** Ready messages of a queue. */
  ready(queue: string): number | undefined {
    return this.broker.vhost('/').queues.get(queue)?.readyCount;
  }
}

/**
 * Opens a broker of ActiveMQ's type with the users `bob` and `eve`.
 *
 * @param before the broker whose log this one takes over, as after a crash
 * @param rowCount records that reached the disk although they were not confirmed
 */
export async function openParts(
  limits: Partial<Limits>,
  before: BrokerParts | undefined,
  more: Pick<BrokerOptions, 'formats'> & Partial<BrokerOptions>,
  rowCount = 0,
): Promise<BrokerParts> {
  let log = new MemoryLog();
  const clock = before?.clock ?? new ManualClock();
  const broker = await Broker.open({
    openLog: async (store) => {
      if (before === undefined) store.attach(log);
      else log = before.log.reopen(store, rowCount);
    },
    users: ['bob', 'eve'].map((username) => ({ username, passwordHash: 'secret' })),
    verifyPassword: async (password, hash) => password === hash,
    engineVersion: '5.18',
    brokerName: 'b1',
    clock,
    limits: { memoryBytesMax: Infinity, ...limits },
    onInternalError: (error) => {
      throw error;
    },
    ...more,
  });
  return { broker, log, clock };
}
