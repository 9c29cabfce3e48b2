// `basic.get`.

import { clipText } from '../../../base/byte-text.ts';
import { shortStringBytesMax } from '../../../base/bytes.ts';
import type { Queue } from '../../../broker/queue.ts';
import type { Delivery, Subscription } from '../../../broker/subscription.ts';
import type { Channel } from '../channel.ts';
import { methodIds } from '../codec/methods.gen.ts';
import { asOwn, isOwn, prepare } from '../conversion/deliveries.ts';
import { headBytesPerUnitBits, traceDelivery } from '../tracing/trace.ts';
import { Backlog } from './backlog.ts';

interface Get {
  readonly queue: Queue;
  /** Whether the message is settled when it is sent. */
  readonly isSettled: boolean;
}

/**
 * Handles `basic.get`. If it cannot be answered at once (the message is on disk, the peer is
 * behind, or an earlier answer waits for the log), it stalls the channel: later frames wait in
 * `Channel.backlog`, so that methods take effect and are answered in order.
 */
export class Getter {
  readonly #channel: Channel;
  /** The get that stalls the channel. */
  #waiting: Get | undefined = undefined;
  #isReading = false;
  /** The subscription of the last get, reused for the same queue. */
  #subscription: Subscription | undefined = undefined;
  #isStopped = false;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  /** Whether a get is unanswered. */
  get isWaiting(): boolean {
    return this.#waiting !== undefined;
  }

  /** Gets a message and answers, now or later. */
  get(queue: Queue, isSettled: boolean): void {
    if (this.#isStopped) return;
    this.#waiting = { queue, isSettled };
    this.tryAgain();
    if (this.isWaiting) this.#channel.backlog ??= new Backlog();
  }

  /** Answers the waiting get if possible. */
  tryAgain(): void {
    const get = this.#waiting;
    const { outbox, answers } = this.#channel;
    if (get === undefined || this.#isReading) return;
    if (answers.isHolding || !outbox.isWritable) return;
    this.#isReading = true;
    this.#of(get.queue).get(get.isSettled, (delivery) => {
      this.#isReading = false;
      this.#waiting = undefined;
      try {
        this.#answer(get, delivery);
      } catch (thrown) {
        this.#channel.host.deliveryFailed(thrown);
      }
      if (this.#channel.backlog !== undefined) this.#channel.host.goOnLater(this.#channel);
    });
  }

  /** Discards the waiting get. */
  stop(): void {
    this.#isStopped = true;
    this.#waiting = undefined;
    this.#subscription?.stop();
    this.#subscription = undefined;
  }

  #of(queue: Queue): Subscription {
    if (this.#subscription?.queue === queue) return this.#subscription;
    this.#subscription = queue.subscribe(undefined, {
      settled: false,
      exclusive: false,
      priority: 0,
      prefetch: Infinity,
      pool: undefined,
      owner: this.#channel.host,
      prepare: (delivery) => prepare(delivery, this.#channel),
    });
    return this.#subscription;
  }

  #answer({ queue, isSettled }: Get, delivery: Delivery | undefined): void {
    const channel = this.#channel;
    if (delivery === undefined) {
      channel.send({ id: methodIds.basicGetEmpty });
      return;
    }
    const { tags, outbox, number, frameMax, vhost } = channel;
    const units = delivery.headLength >>> headBytesPerUnitBits;
    if (vhost.isTracing) traceDelivery(channel, queue.name, asOwnIfOther(delivery, channel));
    if (vhost.isTracing || !isOwn(delivery)) channel.host.gate.count(units);
    const subscription = this.#subscription as Subscription; // it has just delivered
    channel.send({
      id: methodIds.basicGetOk,
      deliveryTag: isSettled
        ? tags.nextSettled()
        : tags.next(subscription, delivery.deliveryNumber),
      redelivered: delivery.redelivered,
      exchange: clipText(delivery.exchangeName(), shortStringBytesMax),
      routingKey: clipText(delivery.routingKey(), shortStringBytesMax),
      messageCount: delivery.left,
    });
    outbox.content(number, frameMax, asOwnIfOther(delivery, channel));
  }
}

function asOwnIfOther(delivery: Delivery, channel: Channel): Delivery {
  return isOwn(delivery) ? delivery : asOwn(delivery, channel);
}
