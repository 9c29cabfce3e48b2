// The attributes by which events are looked up, and their hashes.

import { lookupUserName } from '../identity.ts';
import type { EventRecord } from '../record.ts';

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

/** The values of an event for each attribute. */
export const valuesOf: Readonly<
  Record<LookupKey, (event: EventRecord) => readonly (string | undefined)[]>
> = {
  EventId: (event) => [event.eventID],
  EventName: (event) => [event.eventName],
  ReadOnly: (event) => [String(event.readOnly)],
  Username: (event) => [lookupUserName(event.userIdentity)],
  ResourceType: (event) => (event.resources ?? []).map(({ type }) => type),
  ResourceName: (event) => (event.resources ?? []).map(({ ARN }) => ARN),
  EventSource: (event) => [event.eventSource],
  AccessKeyId: (event) => [event.userIdentity.accessKeyId],
};

/** The hash that all management events have. */
export const managementHash: number = hashOf('Category', 'Management');

/** The different hashes of an event's attributes. */
export function hashesOf(event: EventRecord): Set<number> {
  const hashes = new Set<number>();
  for (const key of lookupKeys) {
    for (const value of valuesOf[key](event)) {
      if (value !== undefined) hashes.add(hashOf(key, value));
    }
  }
  if (event.managementEvent) hashes.add(managementHash);
  return hashes;
}

/**
 * The hash of an attribute's value, an integer below 2^48. Different values may have the same one,
 * so the event must be compared.
 */
export function hashOf(key: string, value: string): number {
  // Two 32-bit multiplicative hashes with different factors.
  let high = 0x9e3779b9;
  let low = 0x85ebca6b;
  const text = `${key}=${value}`;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    high = Math.imul(high ^ unit, 0x9e3779b1);
    low = Math.imul(low ^ unit, 0x5f356495);
  }
  high = Math.imul(high ^ (high >>> 16), 0x85ebca77) ^ Math.imul(low ^ (low >>> 13), 0xc2b2ae3d);
  low = Math.imul(low ^ (low >>> 16), 0x85ebca77) ^ Math.imul(high ^ (high >>> 13), 0xc2b2ae3d);
  return ((high & 0xffff) >>> 0) * 0x1_0000_0000 + (low >>> 0);
}
