// The operations that start and stop trails, and tell how far they are.

import { operation } from '../../../aws/service.ts';
import { structure } from '../../../aws/shapes/shape.ts';
import { asChanges, type CloudTrailParts, onTrail, touched, touchedIfKnown } from '../parts.ts';
import { namedTrail, statusResponse } from '../shapes.ts';

/** Starts the delivery of events. */
export const startLogging = (parts: CloudTrailParts) =>
  operation({
    action: 'cloudtrail:StartLogging',
    readOnly: false,
    input: namedTrail,
    output: structure({}),
    permissions: ({ Name }) => [onTrail(parts, 'cloudtrail:StartLogging', Name)],
    failedResources: ({ Name }) => touchedIfKnown(parts, Name),
    handle: async ({ Name }, { nowMs }) => {
      const { commands, delivery, trails, place } = parts;
      // What a stop has left is delivered, so that logging starts with the next event.
      await delivery.flush(commands.find(Name).name);
      return () => {
        const { trail, changes } = commands.start(Name, nowMs);
        return {
          output: {},
          changes: asChanges(trails, changes),
          resources: [touched(place, trail)],
        };
      };
    },
  });

/** Stops the delivery of events, after the events so far are delivered. */
export const stopLogging = (parts: CloudTrailParts) =>
  operation({
    action: 'cloudtrail:StopLogging',
    readOnly: false,
    input: namedTrail,
    output: structure({}),
    permissions: ({ Name }) => [onTrail(parts, 'cloudtrail:StopLogging', Name)],
    failedResources: ({ Name }) => touchedIfKnown(parts, Name),
    handle: async ({ Name }, { nowMs }) => {
      const { commands, delivery, trails, place } = parts;
      await delivery.flush(commands.find(Name).name);
      return () => {
        const { trail, changes } = commands.stop(Name, nowMs);
        return {
          output: {},
          changes: asChanges(trails, changes),
          resources: [touched(place, trail)],
        };
      };
    },
  });

/** Tells whether a trail is logging, and when it delivered last. */
export const getTrailStatus = (parts: CloudTrailParts) =>
  operation({
    action: 'cloudtrail:GetTrailStatus',
    readOnly: true,
    input: namedTrail,
    output: statusResponse,
    permissions: ({ Name }) => [onTrail(parts, 'cloudtrail:GetTrailStatus', Name)],
    failedResources: ({ Name }) => touchedIfKnown(parts, Name),
    handle: ({ Name }) => {
      const trail = parts.commands.find(Name);
      const { startedMs, stoppedMs, delivery } = trail;
      const failure = parts.delivery.failureOf(trail.name);
      const { deliveredMs } = delivery;
      const attemptMs = failure?.atMs ?? deliveredMs;
      return {
        output: {
          IsLogging: trail.isLogging,
          ...(failure && { LatestDeliveryError: failure.message }),
          LatestDeliveryTime: deliveredMs,
          StartLoggingTime: startedMs,
          StopLoggingTime: stoppedMs,
          LatestDigestDeliveryTime: delivery.digest?.endMs,
          LatestDeliveryAttemptTime: timeText(attemptMs),
          LatestNotificationAttemptTime: '',
          LatestNotificationAttemptSucceeded: '',
          LatestDeliveryAttemptSucceeded: timeText(deliveredMs),
          TimeLoggingStarted: timeText(startedMs),
          TimeLoggingStopped: timeText(stoppedMs),
        },
        resources: [touched(parts.place, trail)],
      };
    },
  });

/** `YYYY-MM-DDTHH:MM:SSZ`; empty if there is no time. */
function timeText(atMs: number | undefined): string {
  return atMs === undefined ? '' : `${new Date(atMs).toISOString().slice(0, 19)}Z`;
}
