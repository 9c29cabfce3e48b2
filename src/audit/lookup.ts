// Lookup of audit events.

import { createHash } from 'node:crypto';
import { hashOf, type LookupKey, valuesOf } from './archive/attributes.ts';
import { AuditError } from './errors.ts';
import type { EventHistory } from './history.ts';
import type { EventRecord } from './record.ts';

/** A lookup. */
export interface Lookup {
  /** At most one. */
  readonly attributes: readonly { readonly key: LookupKey; readonly value: string }[];
  /** Inclusive. Defaults to 90 days ago. */
  readonly fromMs: number | undefined;
  /** Inclusive. Defaults to now. */
  readonly toMs: number | undefined;
  /** 1 to 50. */
  readonly limit: number;
  /** The token from the previous page. The other members must be the same as for that page. */
  readonly nextToken: string | undefined;
}

/** A page of events, newest first. */
export interface LookupPage {
  readonly events: readonly { readonly atMs: number; readonly event: EventRecord }[];
  readonly nextToken: string | undefined;
}

/** Maximum size of a page. A page with larger events has fewer of them, but at least one. */
const pageBytesMax = 2 * 1024 * 1024;

/**
 * The work for one page, in reads from the disk. A page with fewer events than requested ends with a
 * token, with which the lookup continues.
 */
const pageCostMax = 150;

/** How long events can be looked up, milliseconds. */
const keptMs = 90 * 24 * 3600 * 1000;

/**
 * Looks up events, newest first.
 *
 * @param hasOwnEvents whether the service's own data events are found, too; otherwise, only
 *   management events are
 * @throws {AuditError} if the lookup is invalid
 * @see CloudTrail LookupEvents
 */
export async function lookUp(
  history: Pick<EventHistory, 'search'>,
  lookup: Lookup,
  nowMs: number,
  hasOwnEvents: boolean,
): Promise<LookupPage> {
  checkLookup(lookup);
  const [attribute] = lookup.attributes;
  const matches = matcher(attribute);
  const isShown = (event: EventRecord) =>
    event.managementEvent || (hasOwnEvents && event.eventSource === 'waxwing.local');
  const steps = history.search({
    // Events show whole seconds, so a range that ends with an event's second includes the event.
    fromMs: Math.max(Math.ceil((lookup.fromMs ?? 0) / 1000) * 1000, nowMs - keptMs),
    toMs: Math.floor((lookup.toMs ?? nowMs) / 1000) * 1000 + 999,
    before: lookup.nextToken === undefined ? Infinity : readToken(lookup.nextToken, lookup),
    hash: attribute && hashOf(attribute.key, attribute.value),
    hasAll: hasOwnEvents,
  });
  const events: { atMs: number; event: EventRecord }[] = [];
  let pageBytes = 0;
  let cost = 0;
  for await (const { number, found, cost: stepCost } of steps) {
    cost += stepCost;
    const isMatch = found !== undefined && isShown(found.event) && matches(found.event);
    if (isMatch) {
      pageBytes += found.sizeBytes;
      const isFull = events.length > 0 && pageBytes > pageBytesMax;
      // The next page exists only if there is one more event than the page holds.
      if (isFull || events.length === lookup.limit) {
        return { events, nextToken: writeToken(number + 1, lookup) };
      }
      events.push({ atMs: found.atMs, event: found.event });
    }
    if (cost >= pageCostMax) return { events, nextToken: writeToken(number, lookup) };
  }
  return { events, nextToken: undefined };
}

/**
 * Checks everything but the limit.
 *
 * @throws {AuditError} if the lookup is invalid
 */
export function checkLookup(lookup: Lookup): void {
  const { attributes, fromMs, toMs, nextToken } = lookup;
  if (attributes.length > 1) {
    throw new AuditError(
      'invalid-lookup-attributes',
      `${attributes.length} lookup attributes are given; at most 1 is allowed`,
    );
  }
  const [attribute] = attributes;
  if (attribute?.key === 'ReadOnly' && !['true', 'false'].includes(attribute.value)) {
    throw new AuditError(
      'invalid-lookup-attributes',
      'the value of the lookup attribute ReadOnly must be true or false',
    );
  }
  if (fromMs !== undefined && toMs !== undefined && fromMs > toMs) {
    throw new AuditError('invalid-time-range', 'the start time is later than the end time');
  }
  if (nextToken !== undefined) readToken(nextToken, lookup);
}

function matcher(attribute: Lookup['attributes'][number] | undefined) {
  if (attribute === undefined) return () => true;
  const { key, value } = attribute;
  return (event: EventRecord) => valuesOf[key](event).includes(value);
}

/** Identifies a lookup without its page. A token is valid only for the same lookup. */
function fingerprint({ attributes, fromMs, toMs }: Lookup): string {
  const members = JSON.stringify([attributes, fromMs ?? null, toMs ?? null]);
  return createHash('sha256').update(members).digest('base64url').slice(0, 16);
}

function writeToken(before: number, lookup: Lookup): string {
  return Buffer.from(JSON.stringify([before, fingerprint(lookup)])).toString('base64url');
}

function readToken(token: string, lookup: Lookup): number {
  const parts = tokenParts(token);
  if (parts === undefined || parts[1] !== fingerprint(lookup)) {
    throw new AuditError(
      'invalid-next-token',
      'the next token does not belong to a lookup with these members',
    );
  }
  return parts[0];
}

function tokenParts(token: string): [before: number, print: string] | undefined {
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
  if (!Array.isArray(parts)) return undefined;
  const [before, print]: unknown[] = parts;
  // Clients can forge tokens, so only the number of a possible event is used.
  if (!Number.isSafeInteger(before) || Number(before) < 1 || typeof print !== 'string') {
    return undefined;
  }
  return [Number(before), print];
}
