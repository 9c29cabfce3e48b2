import { type Argument, type ArgumentChanges, type Arguments, noArguments } from '../arguments.ts';
import type { Exchange } from '../exchanges/exchange.ts';
import { senderKeys } from '../exchanges/sender-keys.ts';
import { hasHiddenHeaders, type MessageFormat } from '../format.ts';
import { Publication } from '../publication.ts';
import type { DeathReason, Queue } from '../queue.ts';
import type { Delivery } from '../subscription.ts';

/** One way a message died: so often in this queue for this reason. */
export interface Death {
  readonly queue: string;
  readonly reason: DeathReason;
  readonly exchange: string;
  /** The message's own, then those of header `CC`. */
  readonly routingKeys: readonly string[];
  /** Seconds since 1970. */
  readonly atSeconds: number;
  /** The sender's own time to live, removed from the dead letter. */
  readonly expiration: string | undefined;
}

const text = (value: string): Argument => ({ type: 'longstr', value });

function entries(headers: Arguments): Arguments[] {
  const found = headers['x-death'];
  if (found?.type !== 'array' || !Array.isArray(found.value)) return [];
  const items: readonly Argument[] = found.value;
  return items.flatMap((item) =>
    item.type === 'table' && item.value !== null && typeof item.value === 'object'
      ? [item.value as Arguments] // a table's value is Arguments by its type
      : [],
  );
}

/**
 * One entry for each queue and reason, the first of them. Where it has no count, as those that old
 * brokers wrote, it stands for all of the same queue and reason.
 */
function grouped(all: readonly Arguments[]): Arguments[] {
  const groups = new Map<string, { first: Arguments; size: number }>();
  for (const entry of all) {
    const key = JSON.stringify([entry['queue']?.value, entry['reason']?.value]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { first: entry, size: 1 });
    else group.size++;
  }
  return [...groups.values()].map(({ first, size }) =>
    first['count'] === undefined ? { ...first, count: { type: 'long', value: size } } : first,
  );
}

/** Which headers of a message change with one more death: RabbitMQ's `x-death` and its companions. */
export function deathHeaders(headers: Arguments, death: Death): ArgumentChanges {
  const before = grouped(entries(headers));
  const isSame = (entry: Arguments) =>
    entry['queue']?.value === death.queue && entry['reason']?.value === death.reason;
  const same = before.find(isSame);
  // A sender may have written these headers, and anything into them.
  const known = Number(same?.['count']?.value ?? 0);
  const count = Number.isSafeInteger(known) && known >= 0 ? known + 1 : 1;
  const entry: Record<string, Argument> = same
    ? { ...same, count: { type: 'long', value: count } }
    : {
        count: { type: 'long', value: 1 },
        exchange: text(death.exchange),
        queue: text(death.queue),
        reason: text(death.reason),
        'routing-keys': { type: 'array', value: death.routingKeys.map(text) },
        time: { type: 'timestamp', value: death.atSeconds },
      };
  if (death.expiration !== undefined) entry['original-expiration'] = text(death.expiration);
  const all = [entry, ...before.filter((other) => !isSame(other))];
  const changes: Record<string, Argument> = {};
  changes['x-death'] = { type: 'array', value: all.map((value) => ({ type: 'table', value })) };
  for (const what of ['exchange', 'queue', 'reason'] as const) {
    const first = `x-first-death-${what}`;
    if (headers[first] === undefined) changes[first] = text(death[what]);
    changes[`x-last-death-${what}`] = text(death[what]);
  }
  return changes;
}

/**
 * Queues that a dead letter must not come back to: it died in them since it was last rejected, and
 * would go round for ever.
 */
export function cycleOf(headers: Arguments): ReadonlySet<unknown> {
  const all = entries(headers);
  const rejectedAt = all.findIndex((entry) => entry['reason']?.value === 'rejected');
  const since = rejectedAt < 0 ? all : all.slice(0, rejectedAt);
  return new Set(since.map((entry) => entry['queue']?.value));
}

/** A message on its way to a dead letter exchange. */
export class DeadLetter extends Publication {
  /** The exchange it was published to. */
  from = '';
  /** When it would have expired, wall milliseconds; Infinity for never. */
  expiresAtMs = Infinity;

  /**
   * Makes it a message to the queue's dead letter exchange, and returns its headers, of which only
   * `x-death` is new.
   *
   * @param nowMs wall milliseconds, when it died
   */
  address(
    queue: Queue,
    target: Exchange,
    reason: DeathReason,
    format: MessageFormat,
    nowMs: number,
  ): Arguments {
    const { head, headStart, headEnd } = this;
    const before = format.headers(head, headStart, headEnd);
    const rules = queue.deadLetters;
    if (rules !== undefined) {
      const { expiresAtMs } = this;
      const changes = rules.changes({ queue, reason, letter: this, expiresAtMs, headers: before });
      this.#rewrite(queue, target, format, changes);
      return noArguments;
    }
    const { open, hidden } = senderKeys(before);
    const deaths = deathHeaders(before, {
      queue: queue.name,
      reason,
      exchange: this.from,
      routingKeys: [this.routingKey, ...open],
      atSeconds: Math.floor(nowMs / 1000),
      expiration: format.expiration(head, headStart, headEnd),
    });
    const changes = { ...this.#readdress(queue, open, hidden), ...deaths };
    this.#rewrite(queue, target, format, changes);
    return { ...before, 'x-death': deaths['x-death'] as Argument }; // there is one for each death
  }

  #rewrite(queue: Queue, target: Exchange, format: MessageFormat, changes: ArgumentChanges): void {
    this.head = format.deadLetterHead(this.head, this.headStart, this.headEnd, changes);
    this.headStart = 0;
    this.headEnd = this.head.length;
    this.expirationMs = -1;
    this.exchange = target;
    this.setKeys(target.name, queue.settings.deadLetterKey ?? this.routingKey);
  }

  /** A key of the queue's takes the place of all that the sender gave, in headers too. */
  #readdress(queue: Queue, open: readonly string[], hidden: readonly string[]): ArgumentChanges {
    if (open.length + hidden.length === 0) return {};
    if (queue.settings.deadLetterKey === undefined) {
      this.moreKeys = [...open, ...hidden];
      return {};
    }
    this.format &= ~hasHiddenHeaders;
    return { CC: undefined, BCC: undefined };
  }
}

/** What died in a queue; the view's bytes are used until the dead letter is stored. */
export function deadView(view: Delivery): DeadLetter {
  const dead = new DeadLetter();
  dead.format = view.format;
  dead.priority = view.priority;
  dead.isPersistent = view.isPersistent;
  dead.from = view.exchangeName();
  dead.expiresAtMs = view.expiresAtMs;
  dead.routingKey = view.routingKey();
  dead.head = view.buffer;
  dead.headStart = view.headAt;
  dead.headEnd = view.headAt + view.headLength;
  dead.addPart(view.buffer, view.bodyAt, view.bodyAt + view.bodyLength);
  return dead;
}

/** What a full queue did not take in; the publication's bytes are used until it is stored. */
export function deadCopy(publication: Publication): DeadLetter {
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
