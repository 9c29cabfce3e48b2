// A message that is sent to a dead letter exchange.

import type { Argument, ArgumentChanges, Arguments } from '../arguments.ts';
import type { Exchange } from '../exchanges/exchange.ts';
import { storedSenderKeys } from '../exchanges/sender-keys.ts';
import { hasFormerKeys, hasHiddenHeaders, type MessageFormat } from '../format.ts';
import { Publication } from '../publication.ts';
import type { DeathReason, Queue } from '../queue.ts';
import type { Delivery } from '../subscription.ts';
import type { DeadLetterRules } from './dead-letter-rules.ts';
import { deathHeaders } from './death-headers.ts';

/** A message on its way to a dead letter exchange. */
export class DeadLetter extends Publication {
  /** The exchange to which the message was originally published. */
  from = '';
  /** When it would have expired, wall milliseconds; Infinity for never. */
  expiresAtMs = Infinity;
  /** Why its consumer rejected it, if that was stated. */
  cause: string | undefined = undefined;

  /**
   * Addresses the message to the dead letter exchange of a queue, and returns its headers, of which
   * only `x-death` is changed.
   *
   * @param nowMs the time of death, milliseconds since 1970
   */
  redirect(
    queue: Queue,
    target: Exchange,
    reason: DeathReason,
    format: MessageFormat,
    nowMs: number,
  ): Arguments {
    const { head, headStart, headEnd } = this;
    const before = format.headers(head, headStart, headEnd);
    const { cc, bcc } = storedSenderKeys(format, this.format, before);
    const deaths = deathHeaders(before, {
      queue: queue.name,
      reason,
      exchange: this.from,
      routingKeys: [this.routingKey, ...cc],
      atSeconds: Math.floor(nowMs / 1000),
      expiration: format.expiration(head, headStart, headEnd),
    });
    const changes = { ...this.#readdress(queue, cc, bcc), ...deaths };
    this.#rewrite(format, changes);
    this.exchange = target;
    this.setAddress(target.name, queue.settings.deadLetterKey ?? this.routingKey);
    return { ...before, 'x-death': deaths['x-death'] as Argument }; // there is one for each death
  }

  /**
   * Addresses the message according to the rules of its queue. Returns false if it goes nowhere.
   */
  redirectBy(
    rules: DeadLetterRules,
    queue: Queue,
    reason: DeathReason,
    format: MessageFormat,
  ): boolean {
    const { head, headStart, headEnd, expiresAtMs } = this;
    const headers = format.headers(head, headStart, headEnd);
    const terms = rules.terms({ queue, reason, letter: this, expiresAtMs, headers });
    if (terms === undefined) return false;
    this.#rewrite(format, terms.changes);
    this.isPersistent = true;
    this.expirationMs = terms.expirationMs;
    this.exchange = terms.exchange;
    this.setAddress(terms.exchange.name, terms.routingKey);
    return true;
  }

  #rewrite(format: MessageFormat, changes: ArgumentChanges): void {
    this.head = format.deadLetterHead(this.head, this.headStart, this.headEnd, changes);
    this.headStart = 0;
    this.headEnd = this.head.length;
    this.expirationMs = -1;
  }

  /** A dead letter routing key replaces all keys of the sender. The header `CC` remains. */
  #readdress(queue: Queue, cc: readonly string[], bcc: readonly string[]): ArgumentChanges {
    if (cc.length + bcc.length === 0) return {};
    if (queue.settings.deadLetterKey === undefined) {
      this.extraRoutingKeys = [...cc, ...bcc];
      return {};
    }
    if (cc.length > 0) this.format |= hasFormerKeys;
    this.format &= ~hasHiddenHeaders;
    return { BCC: undefined };
  }
}

/** Creates a dead letter from a delivery. The bytes of the view are used until it is stored. */
export function deadLetterOf(view: Delivery): DeadLetter {
  const dead = new DeadLetter();
  dead.format = view.format;
  dead.priority = view.priority;
  dead.isPersistent = view.isPersistent;
  dead.from = view.exchangeName();
  dead.expiresAtMs = view.expiresAtMs;
  dead.cause = view.cause;
  dead.routingKey = view.routingKey();
  dead.head = view.buffer;
  dead.headStart = view.headAt;
  dead.headEnd = view.headAt + view.headLength;
  dead.addPart(view.buffer, view.bodyAt, view.bodyAt + view.bodyLength);
  return dead;
}

/** Creates a dead letter from a refused publication. Its bytes are used until it is stored. */
export function refusedDeadLetter(publication: Publication): DeadLetter {
  const dead = new DeadLetter();
  const { partCount } = publication;
  dead.format = publication.format;
  dead.priority = publication.priority;
  dead.isPersistent = publication.isPersistent;
  dead.from = publication.exchangeName();
  dead.routingKey = publication.routingKey;
  dead.head = publication.head;
  dead.headStart = publication.headStart;
  dead.headEnd = publication.headEnd;
  for (let i = 0; i < partCount; i++) {
    const part = publication.parts[i];
    if (part === undefined) continue;
    dead.addPart(part, publication.partStarts[i] ?? 0, publication.partEnds[i] ?? 0);
  }
  return dead;
}
