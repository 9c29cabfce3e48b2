// The operations on event selectors and Insights selectors.

import {
  type AdvancedEventSelector,
  type EventSelector,
  fieldOperators,
} from '../../../audit/trails/event-selectors.ts';
import type { TrailRecord } from '../../../audit/trails/trail-record.ts';
import { trailArn } from '../../../audit/trails/trails.ts';
import { AwsError } from '../../../aws/errors.ts';
import { operation, refusal } from '../../../aws/service.ts';
import type { Infer } from '../../../aws/shapes/shape.ts';
import { asChanges, type CloudTrailParts, onTrail, touched, touchedIfKnown } from '../parts.ts';
import {
  getInsightsRequest,
  getSelectorsRequest,
  insightsResponse,
  putInsightsRequest,
  putSelectorsRequest,
  selectorsResponse,
} from '../shapes.ts';

type PutInput = Infer<typeof putSelectorsRequest>;

/** Sets which events a trail delivers. */
export const putEventSelectors = (parts: CloudTrailParts) =>
  operation({
    action: 'cloudtrail:PutEventSelectors',
    readOnly: false,
    input: putSelectorsRequest,
    output: selectorsResponse,
    permissions: ({ TrailName }) => [onTrail(parts, 'cloudtrail:PutEventSelectors', TrailName)],
    failedResources: ({ TrailName }) => touchedIfKnown(parts, TrailName),
    handle: async (input) => {
      const { commands, delivery, trails, place } = parts;
      const { name } = commands.find(input.TrailName);
      // What was logged so far is selected as it was configured.
      await delivery.flush(name);
      return () => {
        const { trail, changes } = commands.setSelectors(
          name,
          (input.EventSelectors ?? []).map(basicOf),
          (input.AdvancedEventSelectors ?? []).map(advancedOf),
        );
        return {
          output: selectorsView(parts, trail),
          changes: asChanges(trails, changes),
          resources: [touched(place, trail)],
        };
      };
    },
  });

/** Returns which events a trail delivers. */
export const getEventSelectors = (parts: CloudTrailParts) =>
  operation({
    action: 'cloudtrail:GetEventSelectors',
    readOnly: true,
    input: getSelectorsRequest,
    output: selectorsResponse,
    permissions: ({ TrailName }) => [onTrail(parts, 'cloudtrail:GetEventSelectors', TrailName)],
    failedResources: ({ TrailName }) => touchedIfKnown(parts, TrailName),
    handle: ({ TrailName }) => {
      const trail = parts.commands.find(TrailName);
      return { output: selectorsView(parts, trail), resources: [touched(parts.place, trail)] };
    },
  });

/** Insights events are not generated. */
export const putInsightSelectors = (parts: CloudTrailParts) =>
  refusal({
    action: 'cloudtrail:PutInsightSelectors',
    readOnly: false,
    input: putInsightsRequest,
    output: insightsResponse,
    permissions: ({ TrailName }) => [onTrail(parts, 'cloudtrail:PutInsightSelectors', TrailName)],
    requires: ({ TrailName = '' }) => parts.commands.find(TrailName),
    refuse: () =>
      new AwsError('UnsupportedOperationException', 'Insights events are not generated here.'),
  });

/** No trail has Insights selectors. */
export const getInsightSelectors = (parts: CloudTrailParts) =>
  refusal({
    action: 'cloudtrail:GetInsightSelectors',
    readOnly: true,
    input: getInsightsRequest,
    output: insightsResponse,
    permissions: ({ TrailName }) => [onTrail(parts, 'cloudtrail:GetInsightSelectors', TrailName)],
    requires: ({ TrailName = '' }) => parts.commands.find(TrailName),
    refuse: ({ TrailName = '' }) =>
      new AwsError(
        'InsightNotEnabledException',
        `Trail ${TrailName} does not have Insights enabled. Edit the trail settings to enable Insights, and then try the operation again.`,
      ),
  });

function basicOf(selector: NonNullable<PutInput['EventSelectors']>[number]): EventSelector {
  const { ReadWriteType, IncludeManagementEvents, DataResources = [] } = selector;
  return {
    readWriteType: ReadWriteType ?? 'All',
    includesManagementEvents: IncludeManagementEvents ?? true,
    dataResources: DataResources.map(({ Type = '', Values = [] }) => ({
      type: Type,
      values: Values,
    })),
    excludedSources: selector.ExcludeManagementEventSources ?? [],
  };
}

function advancedOf(
  selector: NonNullable<PutInput['AdvancedEventSelectors']>[number],
): AdvancedEventSelector {
  const { Name, FieldSelectors } = selector;
  const fields = FieldSelectors.map(({ Field, ...given }) => ({
    field: Field,
    operators: Object.fromEntries(
      fieldOperators.flatMap((name) => {
        const values = given[name];
        return values === undefined ? [] : [[name, values]];
      }),
    ),
  }));
  return { ...(Name !== undefined && { name: Name }), fields };
}

function selectorsView({ place }: CloudTrailParts, trail: TrailRecord) {
  const { selectors, advancedSelectors, name } = trail;
  const TrailARN = trailArn(place, name);
  if (advancedSelectors.length > 0) {
    return {
      TrailARN,
      AdvancedEventSelectors: advancedSelectors.map((selector) => ({
        Name: selector.name,
        FieldSelectors: selector.fields.map(({ field, operators }) => ({
          Field: field,
          ...operators,
        })),
      })),
    };
  }
  return {
    TrailARN,
    EventSelectors: selectors.map((selector) => ({
      ReadWriteType: selector.readWriteType,
      IncludeManagementEvents: selector.includesManagementEvents,
      DataResources: selector.dataResources.map(({ type, values }) => ({
        Type: type,
        Values: values,
      })),
      ExcludeManagementEventSources: selector.excludedSources,
    })),
  };
}
