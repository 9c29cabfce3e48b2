// What the requests of the console share.

import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import { type ActiveMq, activeMqOf } from '../broker/activemq/activemq.ts';
import type { Broker } from '../broker/broker.ts';
import type { Queue } from '../broker/queue.ts';
import { LargeAnswers } from '../management/large-answers.ts';
import { AuditLog } from './audit.ts';
import { noQueue } from './errors.ts';
import { Secrets } from './secrets.ts';

/** The parts of the broker that the console needs. */
export interface ConsoleOptions {
  readonly broker: Broker;
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly random: Random;
  /** The names of the broker's own users that may use the console. */
  readonly consoleUsers: ReadonlySet<string>;
  /** Writes a line of the broker's audit log. */
  readonly audit: (line: string) => void;
  /** How long the broker has been running, seconds. */
  readonly uptimeSeconds: () => number;
}

/** The state that all requests share. */
export class Console {
  readonly broker: Broker;
  readonly dialect: ActiveMq;
  readonly consoleUsers: ReadonlySet<string>;
  readonly audit: AuditLog;
  readonly secrets: Secrets;
  readonly largeAnswers = new LargeAnswers();
  readonly uptimeSeconds: () => number;

  constructor({ broker, clock, random, consoleUsers, audit, uptimeSeconds }: ConsoleOptions) {
    this.broker = broker;
    this.dialect = activeMqOf(broker);
    this.consoleUsers = consoleUsers;
    this.secrets = new Secrets(random);
    this.audit = new AuditLog(audit, () => clock.nowMs());
    this.uptimeSeconds = uptimeSeconds;
  }

  /**
   * The queue with a name.
   *
   * @throws {ConsoleError} `not-found`
   */
  queue(name: string): Queue {
    const queue = this.dialect.vhost.queues.get(name);
    if (queue === undefined || !isShown(queue)) throw noQueue(name);
    return queue;
  }
}

/** Whether a queue is one of ActiveMQ's. Others are subscriptions, sessions and temporary queues. */
export function isShown({ name }: Queue): boolean {
  return !name.startsWith('amq.');
}
