// What the requests of the console share.

import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import { type ActiveMq, activeMqOf } from '../broker/activemq/activemq.ts';
import type { Broker } from '../broker/broker.ts';
import type { Queue } from '../broker/queue.ts';
import { LargeAnswers } from '../management/large-answers.ts';
import { Rates } from '../management/rates/rates.ts';
import { AuditLog } from './audit.ts';
import { DeadLetterNames } from './dead-letter-names.ts';
import { noQueue } from './errors.ts';
import { OneAtATime } from './one-at-a-time.ts';
import { Secrets } from './secrets.ts';

/** The parts of the broker that the console needs. */
export interface ConsoleOptions {
  readonly broker: Broker;
  readonly clock: Clock;
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
  /** For tasks that copy a stored message: it may be large. */
  readonly copying = new OneAtATime();
  readonly uptimeSeconds: () => number;
  /** Samples values while somebody looks at them. */
  readonly rates: Rates;
  readonly deadLetterNames: DeadLetterNames;
  readonly #messageIdPrefix: string;
  #sentCount = 0;

  constructor({ broker, clock, random, consoleUsers, audit, uptimeSeconds }: ConsoleOptions) {
    this.broker = broker;
    this.dialect = activeMqOf(broker);
    this.consoleUsers = consoleUsers;
    this.secrets = new Secrets(random);
    this.audit = new AuditLog(audit, () => clock.nowMs());
    this.uptimeSeconds = uptimeSeconds;
    this.rates = new Rates(broker, clock);
    this.deadLetterNames = new DeadLetterNames(this.dialect.configuration);
    this.#messageIdPrefix = `ID:console-${random.bytes(8).toString('hex')}`;
  }

  /** The id of a message that is sent here. */
  nextMessageId(): string {
    return `${this.#messageIdPrefix}:1:1:1:${++this.#sentCount}`;
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
