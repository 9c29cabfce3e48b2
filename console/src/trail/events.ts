// Events of the trail.

import {
  CloudTrailClient,
  type Event,
  type LookupAttribute,
  LookupEventsCommand,
} from '@aws-sdk/client-cloudtrail';
import { clientOf } from '../aws/clients.ts';
import { printable } from '../parts/printable.ts';

/** The parts of an event that pages show. The whole event is {@link TrailEvent.text}. */
interface EventRecord {
  readonly userIdentity?: {
    readonly type?: string;
    readonly arn?: string;
    readonly userName?: string;
    readonly invokedBy?: string;
    readonly accountId?: string;
  };
  readonly sourceIPAddress?: string;
  readonly sessionCredentialFromConsole?: string;
  readonly errorCode?: string;
  readonly errorMessage?: string;
  readonly responseElements?: { readonly grantId?: string } | null;
  readonly tlsDetails?: { readonly tlsVersion?: string; readonly cipherSuite?: string };
}

/** An event with its parts. */
export interface TrailEvent {
  readonly id: string;
  readonly at: Date | undefined;
  readonly name: string;
  readonly source: string;
  /** JSON. */
  readonly text: string;
  readonly record: EventRecord;
  readonly event: Event;
}

/** What to look for. The service accepts one attribute, as CloudTrail does. */
export interface EventSearch {
  readonly attribute?: LookupAttribute | undefined;
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
  /** Whether calls that only show a resource are left out. */
  readonly isReadLeftOut?: boolean;
}

/** Events of a page, and calls for it: those that are left out make pages shorter. */
const pageSize = 25;
const callCountMax = 8;

/** The events of calls that named a key. */
export function usesOf(arn: string): EventSearch {
  return { attribute: { AttributeKey: 'ResourceName', AttributeValue: arn } };
}

/** Looks up events, the newest first, a page at a time. */
export async function lookUpEvents(search: EventSearch, token: string | undefined) {
  const items: TrailEvent[] = [];
  let next = token;
  for (let count = 0; count < callCountMax; count += 1) {
    const page = await lookUpPage(search, next);
    const isShown = ({ name }: TrailEvent) => !/^(Describe|List|Get)/.test(name);
    items.push(...(search.isReadLeftOut === true ? page.items.filter(isShown) : page.items));
    next = page.next;
    if (next === undefined || items.length >= pageSize / 2) break;
  }
  return { items, next };
}

async function lookUpPage(search: EventSearch, token: string | undefined) {
  const { attribute, from, to } = search;
  const command = new LookupEventsCommand({
    LookupAttributes: attribute && [attribute],
    StartTime: from,
    EndTime: to,
    MaxResults: pageSize,
    NextToken: token,
  });
  const { Events = [], NextToken } = await clientOf(CloudTrailClient).send(command);
  return { items: Events.map(parsed), next: NextToken };
}

function parsed(event: Event): TrailEvent {
  const text = event.CloudTrailEvent ?? '{}';
  return {
    id: event.EventId ?? '',
    at: event.EventTime,
    name: event.EventName ?? '',
    source: event.EventSource ?? '',
    text,
    record: JSON.parse(text) as EventRecord,
    event,
  };
}

/** Who made a call: a user, a role, or a service, and for whom. */
export function whoOf(event: TrailEvent): string {
  return printable(callerOf(event));
}

function callerOf({ record }: TrailEvent): string {
  const { arn, invokedBy, type = 'unknown', userName } = record.userIdentity ?? {};
  const who = arn?.replace(/^arn:aws:(iam|sts)::\d*:/, '') ?? userName ?? type;
  if (type === 'AWSService' || arn === undefined) return invokedBy ?? who;
  const name = record.sessionCredentialFromConsole === 'true' ? `${who} (console)` : who;
  return invokedBy === undefined ? name : `${invokedBy} for ${name}`;
}
