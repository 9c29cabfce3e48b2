// Lookup of audit events.

import { createHash } from 'node:crypto';
import type { StateStore } from '../storage/state-store.ts';
import { AuditError } from './errors.ts';
import { lookupUserName } from './identity.ts';
import type { EventRecord } from './record.ts';
import { parseLine, trailTimeline } from './trail.ts';

/** The attributes by which events can be looked up. */
export const lookupKeys = [
  'EventId',
  'EventName',
  'ReadOnly',
  'Username',
  'ResourceType',
  'ResourceName',
  'EventSource',
  'AccessKeyId',
] as const;

/** An attribute by which events can be looked up. */
export type LookupKey = (typeof lookupKeys)[number];

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

/** How long events can be looked up, milliseconds. */
const keptMs = 90 * 24 * 3600 * 1000;

/**
 * Looks up events, newest first.
 *
 * @throws {AuditError} if the lookup is invalid
 * @see CloudTrail LookupEvents
 */
export async function lookUp(
  state: Pick<StateStore, 'readTimeline'>,
  lookup: Lookup,
  nowMs: number,
): Promise<LookupPage> {
  const matches = matcher(lookup.attributes);
  if (lookup.fromMs !== undefined && lookup.toMs !== undefined && lookup.fromMs > lookup.toMs) {
    throw new AuditError('invalid-time-range', 'the start time is later than the end time');
  }
  const after = lookup.nextToken === undefined ? undefined : readToken(lookup.nextToken, lookup);
  const range = {
    // Events show whole seconds, so a range that ends with an event's second includes the event.
    fromMs: Math.max(Math.ceil((lookup.fromMs ?? 0) / 1000) * 1000, nowMs - keptMs),
    toMs: Math.floor((lookup.toMs ?? nowMs) / 1000) * 1000 + 999,
    newestFirst: true,
    ...(after !== undefined && { after }),
  };
  const events: { atMs: number; event: EventRecord }[] = [];
  let last: string | undefined;
  let pageBytes = 0;
  for await (const { atMs, bytes, cursor } of state.readTimeline(trailTimeline, range)) {
    const { event } = parseLine(bytes);
    if (!matches(event)) continue;
    pageBytes += bytes.length;
    const isFull = events.length > 0 && pageBytes > pageBytesMax;
    // The next page exists only if there is one more event than the page holds.
    if (isFull || events.length === lookup.limit) {
      return { events, nextToken: writeToken(last, lookup) };
    }
    events.push({ atMs, event });
    last = cursor;
  }
  return { events, nextToken: undefined };
}

function matcher(attributes: Lookup['attributes']): (event: EventRecord) => boolean {
  const [attribute, ...more] = attributes;
  if (more.length > 0) {
    throw new AuditError(
      'invalid-lookup-attributes',
      `${attributes.length} lookup attributes are given; at most 1 is allowed`,
    );
  }
  if (attribute === undefined) return () => true;
  const { key, value } = attribute;
  if (key === 'ReadOnly' && value !== 'true' && value !== 'false') {
    throw new AuditError(
      'invalid-lookup-attributes',
      'the value of the lookup attribute ReadOnly must be true or false',
    );
  }
  return (event) => valuesOf[key](event).includes(value);
}

/** The values of an event for each attribute. */
const valuesOf: Record<LookupKey, (event: EventRecord) => readonly (string | undefined)[]> = {
  EventId: (event) => [event.eventID],
  EventName: (event) => [event.eventName],
  ReadOnly: (event) => [String(event.readOnly)],
  Username: (event) => [lookupUserName(event.userIdentity)],
  ResourceType: (event) => (event.resources ?? []).map(({ type }) => type),
  ResourceName: (event) => (event.resources ?? []).map(({ ARN }) => ARN),
  EventSource: (event) => [event.eventSource],
  AccessKeyId: (event) => [event.userIdentity.accessKeyId],
};

/** Identifies a lookup without its page. A token is valid only for the same lookup. */
function fingerprint({ attributes, fromMs, toMs }: Lookup): string {
  const members = JSON.stringify([attributes, fromMs ?? null, toMs ?? null]);
  return createHash('sha256').update(members).digest('base64url').slice(0, 16);
}

function writeToken(cursor: string | undefined, lookup: Lookup): string {
  return Buffer.from(JSON.stringify([cursor, fingerprint(lookup)])).toString('base64url');
}

function readToken(token: string, lookup: Lookup): string {
  const parts = tokenParts(token);
  if (parts === undefined || parts[1] !== fingerprint(lookup)) {
    throw new AuditError(
      'invalid-next-token',
      'the next token does not belong to a lookup with these members',
    );
  }
  return parts[0];
}

function tokenParts(token: string): [string, string] | undefined {
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
  if (!Array.isArray(parts)) return undefined;
  const [cursor, print]: unknown[] = parts;
  if (typeof cursor !== 'string' || typeof print !== 'string') return undefined;
  // Clients can forge tokens, so only the format of a valid position is passed to the timeline.
  return /^\d{1,15}\.\d{1,10}$/.test(cursor) ? [cursor, print] : undefined;
}
