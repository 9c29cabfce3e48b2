import type { Channel } from './channel.ts';
import type { Method } from './codec/methods.gen.ts';
import { answerBytes } from './peer-account.ts';

/** Something to be said to the peer once a group is durable. */
interface HeldAnswer {
  group: number;
  readonly bytes: number;
  say: () => void;
}

/**
 * What a channel says, in order: an answer to what is not durable yet waits for the log, and all that
 * comes after it waits with it.
 */
export class OrderedAnswers {
  readonly #channel: Channel;
  /** Empty but for the time of a sync. */
  #held: HeldAnswer[] = [];

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  /** Whether something waits, so that nothing may be said at once. */
  get isHolding(): boolean {
    return this.#held.length > 0;
  }

  /** Sends a method after everything that was to be said before it. */
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

  /** Sends the answer to a method once what that method defined is durable. */
  sendDefined(isDurable: boolean, method: Method): void {
    this.sendOnce(isDurable ? this.#channel.broker.store.definedGroup : 0, method);
  }

  /**
   * Keeps the place of an answer that is not known yet: whatever is to be said after it waits.
   *
   * @returns to be called once with the answer; it is sent when what it is about is durable
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
   * Says something after everything that was to be said before it: at once, but during a sync.
   *
   * @param bytes counted for the peer while it is held
   */
  inOrder(say: () => void, bytes = answerBytes): void {
    if (this.#held.length === 0) say();
    else this.#hold({ group: 0, bytes, say });
  }

  #hold(answer: HeldAnswer): void {
    this.#held.push(answer);
    this.#channel.host.held(answer.bytes);
  }

  /** Says what waited for groups up to this one, and what waited for that. */
  sayDurable(group: number): void {
    const held = this.#held;
    const channel = this.#channel;
    if (held.length === 0) return;
    this.#held = [];
    let at = 0;
    let bytes = 0;
    for (; at < held.length; at++) {
      const next = held[at] as HeldAnswer; // at is inside
      if (next.group > group) break;
      next.say();
      bytes += next.bytes;
    }
    if (channel.isAbandoned) return;
    for (; at < held.length; at++) this.#held.push(held[at] as HeldAnswer); // at is inside
    channel.host.held(-bytes);
    const [first] = this.#held;
    if (first === undefined) {
      channel.writeConfirms();
      channel.wake();
    } else if (first.group > group) channel.broker.logWaiters.add(channel);
  }

  /** Forgets what waits. */
  drop(): void {
    this.#held.length = 0;
  }
}
