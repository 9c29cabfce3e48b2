// The headers in which RabbitMQ records the deaths of a message: `x-death` and its companions.

import type { Argument, ArgumentChanges, Arguments } from '../arguments.ts';
import type { DeathReason } from '../queue.ts';

/** The values of an entry in `x-death`. */
export interface DeathEntry {
  readonly queue: string;
  readonly reason: DeathReason;
  readonly exchange: string;
  /** The routing key of the message, and those in header `CC`. */
  readonly routingKeys: readonly string[];
  /** Seconds since 1970. */
  readonly atSeconds: number;
  /** The time to live set by the sender, which is removed from the dead letter. */
  readonly expiration: string | undefined;
}

const text = (value: string): Argument => ({ type: 'longstr', value });

function entries(headers: Arguments): Arguments[] {
  const found = headers['x-death'];
  if (found?.type !== 'array' || !Array.isArray(found.value)) return [];
  const items: readonly Argument[] = found.value;
  return items.flatMap((item) =>
    item.type === 'table' && item.value !== null && typeof item.value === 'object'
      ? [item.value as Arguments] // the value of a table has the type Arguments
      : [],
  );
}

/**
 * Groups entries by queue and reason and keeps the first of each. Entries of old brokers have no
 * count; the number of such entries is used instead.
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

/** The changed headers after another death: `x-death` and related headers, as in RabbitMQ. */
export function deathHeaders(headers: Arguments, death: DeathEntry): ArgumentChanges {
  const before = grouped(entries(headers));
  const isSame = (entry: Arguments) =>
    entry['queue']?.value === death.queue && entry['reason']?.value === death.reason;
  const same = before.find(isSame);
  // Senders can set these headers to any value.
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
 * The queues in which a message died since it was last rejected. A dead letter must not return to
 * them, because it would cycle forever.
 */
export function cycleOf(headers: Arguments): ReadonlySet<unknown> {
  const all = entries(headers);
  const rejectedAt = all.findIndex((entry) => entry['reason']?.value === 'rejected');
  const since = rejectedAt < 0 ? all : all.slice(0, rejectedAt);
  return new Set(since.map((entry) => entry['queue']?.value));
}
