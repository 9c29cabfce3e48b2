// The events of the audit trail.

import { LookupEventsCommand, type LookupEventsCommandInput } from '@aws-sdk/client-cloudtrail';
import type { EventRecord } from '../../src/audit/record.ts';
import type { ControlPlane } from './control-plane.ts';

/** The trail's events as records, oldest first. */
export async function trailEvents(
  plane: Pick<ControlPlane, 'trail'>,
  lookup: LookupEventsCommandInput = {},
): Promise<EventRecord[]> {
  const found: EventRecord[] = [];
  let NextToken: string | undefined;
  do {
    const page = await plane.trail.send(
      new LookupEventsCommand({ ...lookup, ...(NextToken !== undefined && { NextToken }) }),
    );
    for (const { CloudTrailEvent = '' } of page.Events ?? []) {
      found.push(JSON.parse(CloudTrailEvent));
    }
    NextToken = page.NextToken;
  } while (NextToken !== undefined);
  return found.reverse();
}

/** The events of one operation, oldest first. */
export function eventsNamed(
  plane: Pick<ControlPlane, 'trail'>,
  name: string,
): Promise<EventRecord[]> {
  return trailEvents(plane, {
    LookupAttributes: [{ AttributeKey: 'EventName', AttributeValue: name }],
  });
}
