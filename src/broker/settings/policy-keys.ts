// The keys of policies.

import { shortStringBytesMax } from '../../base/bytes.ts';
import { isShortName } from '../arguments.ts';
import { deadLetterStrategies, expiryMsMax, overflows } from '../queue-options.ts';
import { delayedRetryTypes } from '../queues/delayed-retry.ts';
import { ageMs, segmentBytesLimit } from '../streams/stream-arguments.ts';

/** A value in a policy. */
export type PolicyValue = string | number | boolean | readonly string[];

/** The settings of a policy by key. */
export type PolicyDefinition = Readonly<Record<string, PolicyValue>>;

/** A key of a policy. */
interface PolicyKey {
  /** Returns the problem with a value; undefined if it is valid. */
  readonly problem: (value: PolicyValue) => string | undefined;
  /** The rule for merging with an operator policy; undefined if operator policies lack the key. */
  readonly merge: 'smaller' | 'larger' | 'operator' | undefined;
}

const count =
  (what: string, min = 0, max = Number.MAX_SAFE_INTEGER) =>
  (value: PolicyValue) =>
    typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max
      ? undefined
      : `${JSON.stringify(value)} is not a valid ${what}`;

const word = (what: string, words: readonly string[]) => (value: PolicyValue) =>
  words.some((known) => known === value)
    ? undefined
    : `${JSON.stringify(value)} is not a valid ${what}`;

const name = (what: string) => (value: PolicyValue) => {
  if (typeof value !== 'string') return `${JSON.stringify(value)} is not a valid ${what}`;
  return isShortName(value) ? undefined : `a ${what} is longer than ${shortStringBytesMax} bytes`;
};

const age = (value: PolicyValue) =>
  typeof value === 'string' && ageMs(value) !== undefined
    ? undefined
    : `${JSON.stringify(value)} is not a valid max age`;

const anything = (): undefined => undefined;

/** Keys with an effect. */
const effective: readonly (readonly [string, PolicyKey])[] = [
  ['message-ttl', { problem: count('message TTL', 0, expiryMsMax), merge: 'smaller' }],
  ['expires', { problem: count('queue expiry', 1, expiryMsMax), merge: 'smaller' }],
  ['max-length', { problem: count('maximum length'), merge: 'smaller' }],
  ['max-length-bytes', { problem: count('maximum length in bytes'), merge: 'smaller' }],
  // -1 means no limit.
  ['delivery-limit', { problem: count('delivery limit', -1), merge: 'smaller' }],
  ['overflow', { problem: word('overflow mode', overflows), merge: 'operator' }],
  ['dead-letter-exchange', { problem: name('dead letter exchange name'), merge: undefined }],
  ['dead-letter-routing-key', { problem: name('dead letter routing key'), merge: undefined }],
  [
    'dead-letter-strategy',
    { problem: word('dead letter strategy', deadLetterStrategies), merge: undefined },
  ],
  [
    'delayed-retry-type',
    { problem: word('delayed retry type', delayedRetryTypes), merge: 'operator' },
  ],
  ['delayed-retry-min', { problem: count('delayed retry minimum delay', 1), merge: 'larger' }],
  ['delayed-retry-max', { problem: count('delayed retry maximum delay', 1), merge: 'smaller' }],
  ['consumer-timeout', { problem: count('consumer timeout'), merge: undefined }],
  ['alternate-exchange', { problem: name('alternate exchange name'), merge: undefined }],
  ['max-age', { problem: age, merge: undefined }],
  [
    'stream-max-segment-size-bytes',
    { problem: count('segment size', 1, segmentBytesLimit), merge: undefined },
  ],
];

/** Keys that RabbitMQ knows, without effect here. */
const ignored = [
  'federation-upstream',
  'federation-upstream-pattern',
  'federation-upstream-set',
  'initial-cluster-size',
  'queue-leader-locator',
  'queue-master-locator',
  'stream-filter-size-bytes',
];
/** Keys that RabbitMQ also knows in operator policies, without effect here. */
const ignoredOfOperators = [
  'ha-mode',
  'ha-params',
  'ha-promote-on-failure',
  'ha-promote-on-shutdown',
  'ha-sync-batch-size',
  'ha-sync-mode',
  'max-in-memory-bytes',
  'max-in-memory-length',
  'queue-mode',
  'queue-version',
  'target-group-size',
];

/** All valid keys. */
export const policyKeys: ReadonlyMap<string, PolicyKey> = new Map<string, PolicyKey>([
  ...effective,
  ...ignored.map((key) => [key, { problem: anything, merge: undefined }] as const),
  ...ignoredOfOperators.map((key) => [key, { problem: anything, merge: 'operator' }] as const),
]);

/**
 * Merges a policy with an operator policy: the smaller limit applies, and otherwise the operator
 * policy takes precedence.
 */
export function mergedDefinition(
  own: PolicyDefinition | undefined,
  operator: PolicyDefinition | undefined,
): PolicyDefinition {
  const merged: Record<string, PolicyValue> = { ...own };
  for (const [key, value] of Object.entries(operator ?? {})) {
    const before = merged[key];
    const merge = policyKeys.get(key)?.merge;
    const areNumbers = typeof before === 'number' && typeof value === 'number';
    const isKept =
      areNumbers &&
      ((merge === 'smaller' && isSmaller(before, value)) || (merge === 'larger' && before > value));
    if (!isKept) merged[key] = value;
  }
  return merged;
}

/** Whether a limit is smaller than another one. A negative number is no limit. */
function isSmaller(a: number, b: number): boolean {
  return a >= 0 && (b < 0 || a < b);
}
