// Event selectors: which events a trail delivers.

import { AuditError } from '../errors.ts';
import type { EventRecord } from '../record.ts';

/** A basic event selector. */
export interface EventSelector {
  readonly readWriteType: 'All' | 'ReadOnly' | 'WriteOnly';
  readonly includesManagementEvents: boolean;
  readonly dataResources: readonly { readonly type: string; readonly values: readonly string[] }[];
  /** Event sources whose management events are left out. */
  readonly excludedSources: readonly string[];
}

/** An advanced event selector: an event is selected if all of its fields match. */
export interface AdvancedEventSelector {
  readonly name?: string;
  readonly fields: readonly FieldSelector[];
}

/** A condition on a field of an event. All operators must hold; one value of each is enough. */
export interface FieldSelector {
  readonly field: string;
  readonly operators: Readonly<Partial<Record<FieldOperator, readonly string[]>>>;
}

/** The operators of conditions. */
export const fieldOperators = [
  'Equals',
  'StartsWith',
  'EndsWith',
  'NotEquals',
  'NotStartsWith',
  'NotEndsWith',
] as const;

/** One of {@link fieldOperators}. */
export type FieldOperator = (typeof fieldOperators)[number];

/** The selectors of a trail. */
export interface Selectors {
  readonly selectors: readonly EventSelector[];
  readonly advancedSelectors: readonly AdvancedEventSelector[];
}

/** The selectors of a new trail: all management events. */
export const defaultSelectors: readonly EventSelector[] = [
  {
    readWriteType: 'All',
    includesManagementEvents: true,
    dataResources: [],
    excludedSources: [],
  },
];

const limits = { basicCountMax: 5, dataValueCountMax: 250, conditionCountMax: 500 } as const;

/** Sources that basic selectors can exclude. */
const excludableSources = ['kms.amazonaws.com', 'rdsdata.amazonaws.com'];
const dataTypes = ['AWS::S3::Object', 'AWS::Lambda::Function', 'AWS::DynamoDB::Table'];
const categories = ['Management', 'Data', 'NetworkActivity'];
/** The fields of conditions, and their values in an event. */
const valuesOf: Readonly<Record<string, (event: EventRecord) => readonly string[]>> = {
  eventCategory: (event) => [event.eventCategory],
  eventName: (event) => [event.eventName],
  eventSource: (event) => [event.eventSource],
  eventType: (event) => [event.eventType],
  readOnly: (event) => [String(event.readOnly)],
  errorCode: (event) => optional(event.errorCode),
  'resources.ARN': (event) => (event.resources ?? []).map(({ ARN }) => ARN),
  'resources.type': (event) => (event.resources ?? []).map(({ type }) => type),
  sessionCredentialFromConsole: (event) => [event.sessionCredentialFromConsole ?? 'false'],
  'userIdentity.arn': (event) => optional(event.userIdentity.arn),
  vpcEndpointId: () => [],
};
/** Fields with `Equals` only. */
const equalsOnly = ['eventCategory', 'readOnly', 'resources.type', 'sessionCredentialFromConsole'];

function optional(text: string | undefined): readonly string[] {
  return text === undefined ? [] : [text];
}

/**
 * Checks basic selectors.
 *
 * @throws {AuditError} `invalid-event-selectors`
 */
export function checkSelectors(selectors: readonly EventSelector[]): void {
  if (selectors.length > limits.basicCountMax) {
    throw invalid(`${selectors.length} selectors are given; 1 to 5 are allowed`);
  }
  for (const { dataResources, excludedSources, includesManagementEvents } of selectors) {
    const other = dataResources.find(({ type }) => !dataTypes.includes(type));
    if (other !== undefined) throw invalid(`the data resource type '${other.type}' is unknown`);
    for (const source of excludedSources) {
      if (!excludableSources.includes(source)) {
        throw invalid(
          `the source '${source}' cannot be excluded; allowed are ${excludableSources.join(', ')}`,
        );
      }
    }
    if (excludedSources.length > 0 && !includesManagementEvents) {
      throw invalid('sources can only be excluded from management events, which are not included');
    }
  }
  const values = selectors.flatMap(({ dataResources }) => dataResources.flatMap((r) => r.values));
  const valueCount = values.length;
  if (valueCount > limits.dataValueCountMax) {
    throw invalid(`${valueCount} data resources are given; at most 250 are allowed`);
  }
}

/**
 * Checks advanced selectors.
 *
 * @throws {AuditError} `invalid-event-selectors`
 */
export function checkAdvancedSelectors(selectors: readonly AdvancedEventSelector[]): void {
  let count = 0;
  for (const { fields } of selectors) {
    const [category] = fields.filter(({ field }) => field === 'eventCategory');
    const [value = ''] = category?.operators.Equals ?? [];
    if (!categories.includes(value)) {
      throw invalid('each selector needs eventCategory Equals Management, Data or NetworkActivity');
    }
    const hasType = fields.some(({ field }) => field === 'resources.type');
    if (value === 'Data' && !hasType)
      throw invalid('data events need a selector of resources.type');
    const names = fields.map(({ field }) => field);
    if (new Set(names).size < names.length) throw invalid('a field is selected twice');
    for (const field of fields) count += checkField(field);
  }
  if (count > limits.conditionCountMax) {
    throw invalid(`${count} values are given; at most ${limits.conditionCountMax} are allowed`);
  }
}

/** @returns the number of its values */
function checkField({ field, operators }: FieldSelector): number {
  if (!Object.hasOwn(valuesOf, field)) throw invalid(`the field '${field}' cannot be selected`);
  const used = Object.keys(operators);
  if (used.length === 0) throw invalid(`the field '${field}' has no operator`);
  if (equalsOnly.includes(field) && used.some((operator) => operator !== 'Equals')) {
    throw invalid(`the field '${field}' can only be compared by Equals`);
  }
  return Object.values(operators).reduce((sum, values) => sum + values.length, 0);
}

function invalid(what: string): AuditError {
  return new AuditError('invalid-event-selectors', `Invalid event selectors: ${what}.`);
}

/** Whether an event is selected. */
export function isSelected({ selectors, advancedSelectors }: Selectors, event: EventRecord) {
  if (advancedSelectors.length > 0) {
    return advancedSelectors.some(({ fields }) => fields.every((field) => fits(field, event)));
  }
  return selectors.some((selector) => fitsBasic(selector, event));
}

function fitsBasic(selector: EventSelector, event: EventRecord): boolean {
  const { readWriteType, includesManagementEvents, excludedSources } = selector;
  if (readWriteType !== 'All' && event.readOnly !== (readWriteType === 'ReadOnly')) return false;
  if (event.eventCategory === 'Management') {
    return includesManagementEvents && !excludedSources.includes(event.eventSource);
  }
  return selector.dataResources.some(({ type, values }) =>
    (event.resources ?? []).some(
      (resource) =>
        resource.type === type && values.some((value) => resource.ARN.startsWith(value)),
    ),
  );
}

function fits({ field, operators }: FieldSelector, event: EventRecord): boolean {
  const found = valuesOf[field]?.(event) ?? [];
  return Object.entries(operators).every(([operator, values]) => {
    const isNegative = operator.startsWith('Not');
    const compare = comparisons[isNegative ? operator.slice('Not'.length) : operator];
    const isFound = found.some((text) => values.some((value) => compare?.(text, value) === true));
    return isFound !== isNegative;
  });
}

const comparisons: Readonly<Record<string, (text: string, value: string) => boolean>> = {
  Equals: (text, value) => text === value,
  StartsWith: (text, value) => text.startsWith(value),
  EndsWith: (text, value) => text.endsWith(value),
};
