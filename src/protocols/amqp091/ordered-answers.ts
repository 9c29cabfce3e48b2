// The order of answers.

import type { Channel } from './channel.ts';
import type { Method } from './codec/methods.gen.ts';
import { answerBytes } from './peer-account.ts';

/** An answer that waits until a group is durable. */
interface HeldAnswer {
  group: number;
  readonly bytes: number;
  say: () => void;
}

/**
 * Sends the answers of a channel in order: an answer about something that is not durable waits for
 * the log, and all later ones wait with it.
 */
export class OrderedAnswers {
  readonly #channel: Channel;
  /** Empty, except during a sync. */
  #held: HeldAnswer[] = [];

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  /** Whether answers are waiting, so that nothing may be sent at once. */
  get isHolding(): boolean {
    return this.#held.length > 0;
  }

  /** Sends a method after all pending answers. */
  send(method: Method): void {
    const { outbox, number } = this.#channel;
    if (this.#held.length === 0) outbox.method(number, method);
    else this.inOrder(() => outbox.method(number, method));
  }

  /** Sends a method once a group is durable; 0 for at once. */
  sendOnce(group: number, method: Method): void {
    const { broker, outbox, number } = this.#channel;
    if (group <= broker.durableGroup) {
      this.send(method);
      return;
    }
    broker.logWaiters.add(this.#channel);
    this.#hold({ group, bytes: answerBytes, say: () => outbox.method(number, method) });
  }

  /** Sends the answer to a method once its definition is durable. */
  sendDefined(isDurable: boolean, method: Method): void {
    this.sendOnce(isDurable ? this.#channel.broker.store.definedGroup : 0, method);
  }

  /**
   * Reserves the place of an answer that is not known yet. Later answers wait.
   *
   * @returns a function to call once with the answer, which is sent when its definition is durable
   */
  keepPlace(): (isDurable: boolean, method: Method) => void {
    const channel = this.#channel;
    const place: HeldAnswer = { group: Infinity, bytes: answerBytes, say: () => {} };
    this.#hold(place);
    return (isDurable, method) => {
      place.group = isDurable ? channel.broker.store.definedGroup : 0;
      place.say = () => {
        if (channel.state !== 'closed') channel.outbox.method(channel.number, method);
      };
      this.sayDurable(channel.broker.durableGroup);
    };
  }

  /**
   * Performs an action after all pending answers: at once, unless a sync is in progress.
   *
   * @param bytes counted for the peer while it waits
   */
  inOrder(say: () => void, bytes = answerBytes): void {
    if (this.#held.length === 0) say();
    else this.#hold({ group: 0, bytes, say });
  }

  #hold(answer: HeldAnswer): void {
    this.#held.push(answer);
    this.#channel.host.held(answer.bytes);
  }

  /** Sends the answers for groups up to this one, and those behind them. */
  sayDurable(group: number): void {
    const held = this.#held;
    const channel = this.#channel;
    if (held.length === 0) return;
    this.#held = [];
    let at = 0;
    let bytes = 0;
    for (; at < held.length; at++) {
      const next = held[at] as HeldAnswer; // at is in range
      if (next.group > group) break;
      next.say();
      bytes += next.bytes;
    }
    if (channel.isAbandoned) return;
    for (; at < held.length; at++) this.#held.push(held[at] as HeldAnswer); // at is in range
    channel.host.held(-bytes);
    const [first] = this.#held;
    if (first === undefined) {
      channel.writeConfirms();
      channel.wake();
    } else if (first.group > group) channel.broker.logWaiters.add(channel);
  }

  /** Discards all waiting answers. */
  drop(): void {
    this.#held.length = 0;
  }
}
