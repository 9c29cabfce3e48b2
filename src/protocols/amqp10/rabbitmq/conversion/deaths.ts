// The deaths of a message: the annotation `x-opt-deaths` and the header `x-death`.

import type { Argument, Arguments } from '../../../../broker/arguments.ts';
import type { Field, Value } from '../../../../broker/conversion/value.ts';
import {
  type Entry,
  entryOf,
  type Item,
  stringItem,
  symbolItem,
  textOf,
} from '../../codec/items.ts';

/** The time of the last death in an entry of `x-death`, milliseconds; other programs ignore it. */
const lastTime = 'last-time';

/** A time to live in an entry of `x-death`. */
const ttlPattern = /^\d{1,9}$/;

/** What an entry states. */
interface Death {
  readonly queue: string;
  readonly reason: string;
  readonly count: bigint;
  readonly exchange: string;
  readonly routingKeys: readonly string[];
  /** Milliseconds since 1970. */
  readonly firstMs: bigint;
  readonly lastMs: bigint;
  /** The time to live that the sender set, milliseconds. */
  readonly ttlMs: number | undefined;
}

function itemOf(death: Death): Item {
  const { queue, reason, count, exchange, routingKeys, firstMs, lastMs, ttlMs } = death;
  const entries: Entry[] = [
    [symbolItem('queue'), stringItem(queue)],
    [symbolItem('reason'), symbolItem(reason)],
    [symbolItem('count'), { type: 'ulong', value: count }],
    [symbolItem('first-time'), { type: 'timestamp', value: firstMs }],
    [symbolItem(lastTime), { type: 'timestamp', value: lastMs }],
    [symbolItem('exchange'), stringItem(exchange)],
    [symbolItem('routing-keys'), { type: 'array', value: routingKeys.map(stringItem) }],
  ];
  const ttl: Entry[] =
    ttlMs === undefined ? [] : [[symbolItem('ttl'), { type: 'uint', value: ttlMs }]];
  return { type: 'map', value: [...ttl, ...entries] };
}

function deathOf(item: Item): Death | undefined {
  if (item.type !== 'map') return undefined;
  const of = (name: string) => entryOf(item.value, name);
  const keys = of('routing-keys');
  const list = keys?.type === 'array' || keys?.type === 'list' ? keys.value : [];
  const first = of('first-time');
  const last = of(lastTime);
  const count = of('count');
  const ttl = of('ttl');
  const firstMs = first?.type === 'timestamp' ? first.value : 0n;
  return {
    queue: textOf(of('queue')) ?? '',
    reason: textOf(of('reason')) ?? '',
    count: count?.type === 'ulong' || count?.type === 'long' ? count.value : 1n,
    exchange: textOf(of('exchange')) ?? '',
    routingKeys: list.flatMap((key) => textOf(key) ?? []),
    firstMs,
    lastMs: last?.type === 'timestamp' ? last.value : firstMs,
    ttlMs: ttl?.type === 'uint' && ttl.value < 1e9 ? ttl.value : undefined,
  };
}

/** The deaths in the annotation. */
function deathsOf(item: Item): Death[] {
  if (item.type !== 'array' && item.type !== 'list') return [];
  return item.value.flatMap((each) => deathOf(each) ?? []);
}

/** The header `x-death`, as the broker reads it. */
export function deathArgument(item: Item): Argument {
  const table = (death: Death): Argument => {
    const long = (value: bigint): Argument => ({ type: 'long', value: safe(value) });
    const text = (value: string): Argument => ({ type: 'longstr', value });
    const value: Arguments = {
      count: long(death.count),
      reason: text(death.reason),
      queue: text(death.queue),
      time: { type: 'timestamp', value: safe(death.firstMs / 1000n) },
      exchange: text(death.exchange),
      'routing-keys': { type: 'array', value: death.routingKeys.map(text) },
      [lastTime]: long(death.lastMs),
      ...(death.ttlMs !== undefined && { 'original-expiration': text(String(death.ttlMs)) }),
    };
    return { type: 'table', value };
  };
  return { type: 'array', value: deathsOf(item).map(table) };
}

/** The header `x-death` of a message that is converted to another protocol. */
export function deathValue(item: Item): Value {
  const text = (value: string): Value => ({ type: 'string', value });
  const map = (death: Death): Value => {
    const fields: Field[] = [
      ['count', { type: 'long', value: death.count }],
      ['reason', text(death.reason)],
      ['queue', text(death.queue)],
      ['time', { type: 'timestamp', value: death.firstMs }],
      ['exchange', text(death.exchange)],
      ['routing-keys', { type: 'list', value: death.routingKeys.map(text) }],
    ];
    const ttl: Field[] =
      death.ttlMs === undefined ? [] : [['original-expiration', text(String(death.ttlMs))]];
    return { type: 'map', value: [...ttl, ...fields] };
  };
  return { type: 'list', value: deathsOf(item).map(map) };
}

/** The annotation for a header `x-death` that the broker has written. */
export function deathsFromArgument({ type, value }: Argument): Item {
  const tables = type === 'array' && Array.isArray(value) ? (value as readonly Argument[]) : []; // the type determines the value
  const deaths = tables.flatMap((each): Item[] => {
    if (each.type !== 'table') return [];
    return [itemOf(deathOfTable(each.value as Arguments))]; // the type determines the value
  });
  return { type: 'array', value: deaths };
}

function deathOfTable(table: Arguments): Death {
  const text = (name: string) => String(table[name]?.value ?? '');
  const keys = table['routing-keys'];
  const list = Array.isArray(keys?.value) ? (keys.value as readonly Argument[]) : []; // the type determines the value
  const firstMs = wholeOf(table['time']) * 1000n;
  const last = table[lastTime];
  const expiration = text('original-expiration');
  return {
    queue: text('queue'),
    reason: text('reason'),
    count: wholeOf(table['count']),
    exchange: text('exchange'),
    routingKeys: list.map((key) => String(key.value)),
    firstMs,
    lastMs: last === undefined ? firstMs : wholeOf(last),
    ttlMs: ttlPattern.test(expiration) ? Number(expiration) : undefined,
  };
}

/** Senders of AMQP 0-9-1 can set the header to any value. */
function wholeOf(found: Argument | undefined): bigint {
  const near = Number(found?.value ?? 0);
  return Number.isSafeInteger(near) && near >= 0 ? BigInt(near) : 0n;
}

/** The annotation for a header `x-death` of a message of another protocol. */
export function deathsFromValue(value: Value): Item {
  if (value.type !== 'list') return { type: 'array', value: [] };
  return { type: 'array', value: value.value.flatMap((each) => itemOfValue(each) ?? []) };
}

function itemOfValue(value: Value): Item | undefined {
  if (value.type !== 'map') return undefined;
  const fields = new Map(value.value);
  const text = (name: string): string => {
    const found = fields.get(name);
    return found?.type === 'string' ? found.value : '';
  };
  const keys = fields.get('routing-keys');
  const time = fields.get('time');
  const count = fields.get('count');
  const firstMs = time?.type === 'timestamp' ? time.value : 0n;
  const expiration = text('original-expiration');
  return itemOf({
    queue: text('queue'),
    reason: text('reason'),
    count: count?.type === 'long' && count.value > 0n ? count.value : 1n,
    exchange: text('exchange'),
    routingKeys:
      keys?.type === 'list'
        ? keys.value.flatMap((key) => (key.type === 'string' ? key.value : []))
        : [],
    firstMs,
    lastMs: firstMs,
    ttlMs: ttlPattern.test(expiration) ? Number(expiration) : undefined,
  });
}

/** Senders of AMQP 1.0 can set the annotation to any value. */
function safe(value: bigint): number {
  return Math.min(Math.max(0, Number(value)), Number.MAX_SAFE_INTEGER);
}
