import type { Argument, Arguments } from './arguments.ts';
import type { DeathReason } from './queue.ts';

/** One way a message died: so often in this queue for this reason. */
export interface Death {
  readonly queue: string;
  readonly reason: DeathReason;
  readonly exchange: string;
  readonly routingKey: string;
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

/** The headers of a message with one more death, as RabbitMQ's `x-death` and its companions. */
export function withDeath(headers: Arguments, death: Death): Arguments {
  const before = entries(headers);
  const isSame = (entry: Arguments) =>
    entry['queue']?.value === death.queue && entry['reason']?.value === death.reason;
  const same = before.find(isSame);
  const count = Number(same?.['count']?.value ?? 0) + 1;
  const entry: Record<string, Argument> = same
    ? { ...same, count: { type: 'long', value: count } }
    : {
        count: { type: 'long', value: 1 },
        exchange: text(death.exchange),
        queue: text(death.queue),
        reason: text(death.reason),
        'routing-keys': { type: 'array', value: [text(death.routingKey)] },
        time: { type: 'timestamp', value: death.atSeconds },
      };
  if (death.expiration !== undefined) entry['original-expiration'] = text(death.expiration);
  const all = [entry, ...before.filter((other) => !isSame(other))];
  const result: Record<string, Argument> = { ...headers };
  result['x-death'] = { type: 'array', value: all.map((value) => ({ type: 'table', value })) };
  result['x-first-death-exchange'] ??= text(death.exchange);
  result['x-first-death-queue'] ??= text(death.queue);
  result['x-first-death-reason'] ??= text(death.reason);
  result['x-last-death-exchange'] = text(death.exchange);
  result['x-last-death-queue'] = text(death.queue);
  result['x-last-death-reason'] = text(death.reason);
  return result;
}

/** Whether a dead letter would come back to a queue it died in before without anyone rejecting it since. */
export function isCycle(headers: Arguments, queue: string): boolean {
  const all = entries(headers);
  const last = all.findIndex((entry) => entry['queue']?.value === queue);
  if (last < 0) return false;
  return all.slice(0, last + 1).every((entry) => entry['reason']?.value !== 'rejected');
}
