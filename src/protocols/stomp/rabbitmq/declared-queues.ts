// The queues that the frames of a connection declare.

import { noArguments } from '../../../broker/arguments.ts';
import { BrokerError } from '../../../broker/errors.ts';
import type { Queue } from '../../../broker/queue.ts';
import type { QueueOptions } from '../../../broker/queue-options.ts';
import { requireQueueDeclaration } from '../../../broker/rabbitmq/permission-checks.ts';
import { refusalOf, refusedForQueue } from '../../../broker/rabbitmq/personality.ts';
import { idLengthMax, temporaryCountMax } from '../limits.ts';
import type { RabbitMqConnection } from './dialect.ts';
import { invalid } from './errors.ts';
import type { Headers } from './headers.ts';
import { type QueueUse, readQueueOptions } from './queue-headers.ts';

/** Maximum number of names of queues that a connection remembers to have declared. */
const rememberedCountMax = 256;

/** Declares queues with the permissions and checks of AMQP 0-9-1. */
export class DeclaredQueues {
  readonly #own: RabbitMqConnection;
  /** The queues of destinations `/queue/`, which a connection declares only once. */
  readonly #names = new Set<string>();
  /** The queues for replies, by the name that the client uses. */
  readonly #replies = new Map<string, Queue>();
  /** The name of a queue for replies while another service decides about permissions on it. */
  #nextReply: string | undefined = undefined;

  /** The name of the queue of a subscription, for the same time. */
  #nextOwn: string | undefined = undefined;

  constructor(own: RabbitMqConnection) {
    this.#own = own;
  }

  /** Reads the properties of a queue from the headers of a frame. @throws {RabbitMqError} `invalid` */
  optionsOf(headers: Headers, use: QueueUse): QueueOptions {
    const { personality } = this.#own.broker;
    const refusesShared = personality.refused.includes('transient_nonexcl_queues');
    return readQueueOptions(headers, use, refusesShared);
  }

  /**
   * Declares the queue of a destination `/queue/`, unless the connection has done so before.
   *
   * @throws {RabbitMqError} `invalid`
   * @throws {BrokerError}
   */
  ensure(name: string, headers: Headers): void {
    if (this.#names.has(name)) return;
    this.declare(name, this.optionsOf(headers, 'queue'));
    if (this.#names.size >= rememberedCountMax) this.#names.clear();
    this.#names.add(name);
  }

  /** Checks whether the user may declare a queue. @throws {BrokerError} */
  require(name: string, options: QueueOptions): void {
    const { access, vhost, broker } = this.#own;
    requireQueueDeclaration(access, vhost, name, options.arguments);
    const refused = refusedForQueue(broker.personality, options);
    if (refused === undefined || vhost.queues.has(name)) return;
    throw new BrokerError('precondition-failed', refusalOf(refused));
  }

  /** Declares a queue. @throws {BrokerError} */
  declare(name: string, options: QueueOptions): Queue {
    this.require(name, options);
    const queue = this.#own.vhost.declareQueue(name, options, this.#own.host);
    if (name === this.#nextOwn) this.#nextOwn = undefined;
    queue.touch();
    return queue;
  }

  /** Returns the name of the next queue of a subscription that is not durable. */
  ownName(): string {
    this.#nextOwn ??= `stomp-subscription-${this.#own.broker.randomName()}`;
    return this.#nextOwn;
  }

  /**
   * Returns the name of the queue for replies that a client calls `/temp-queue/NAME`. A new queue is
   * exclusive, and is consumed from at once.
   *
   * @throws {RabbitMqError} `invalid` if the name is too long, or there are too many
   * @throws {BrokerError}
   */
  replyQueue(name: string): string {
    const known = this.#replies.get(name);
    if (known !== undefined) return known.name;
    if (name.length > idLengthMax) {
      const found = `the name of a temporary queue has ${name.length} characters`;
      throw invalid('Invalid destination', `${found}; at most ${idLengthMax} are allowed\n`);
    }
    if (this.#replies.size >= temporaryCountMax) {
      const why = `more than ${temporaryCountMax} temporary queues of one connection\n`;
      throw invalid('Invalid destination', why);
    }
    const { access, vhost, host, subscriptions } = this.#own;
    this.#nextReply ??= vhost.freeQueueName();
    const queueName = this.#nextReply;
    access.require('configure', 'queue', queueName);
    access.require('read', 'queue', queueName);
    this.#nextReply = undefined;
    subscriptions.requireRoom();
    const options = { durable: false, exclusive: true, autoDelete: true, arguments: noArguments };
    const queue = vhost.declareFreeQueue(queueName, options, host);
    this.#replies.set(name, queue);
    subscriptions.addReply(name, queue);
    return queueName;
  }

  /** The queue for replies is gone. */
  forgetReply(name: string): void {
    this.#replies.delete(name);
  }
}
