// Policies: settings for queues and exchanges by name.

import { requireShortName } from '../arguments.ts';
import { BrokerError } from '../errors.ts';
import { NamePattern } from '../patterns/name-pattern.ts';
import type { QueueType } from '../queue-options.ts';
import { type PolicyDefinition, policyKeys } from './policy-keys.ts';

/** The targets of policies, with the names of RabbitMQ. */
export const applyTargets = [
  'all',
  'queues',
  'classic_queues',
  'quorum_queues',
  'streams',
  'exchanges',
] as const;

/** A target of policies; see {@link applyTargets}. */
export type ApplyTarget = (typeof applyTargets)[number];

/** Settings for the queues and exchanges of a virtual host with matching names. */
export interface Policy {
  readonly name: string;
  /** A regular expression, which may match any part of a name; see {@link NamePattern}. */
  readonly pattern: string;
  readonly applyTo: ApplyTarget;
  /** The matching policy with the highest priority applies. */
  readonly priority: number;
  readonly definition: PolicyDefinition;
}

/** The properties of a queue or exchange that policies are matched with. */
export interface PolicySubject {
  readonly kind: QueueType | 'exchange';
  readonly name: string;
}

function fail(policy: Policy, why: string): never {
  const text = `policy '${policy.name}' is not valid: ${why}`;
  throw new BrokerError('precondition-failed', text);
}

/** What policies may contain. */
export interface PolicyTerms {
  /** Maximum size of a definition as JSON, bytes. */
  readonly bytesMax: number;
  /** See `Personality.delaysReturned`. */
  readonly delaysReturned: boolean;
}

/**
 * Checks a policy.
 *
 * @throws {BrokerError} `precondition-failed`
 */
export function checkPolicy(
  policy: Policy,
  isOperator: boolean,
  { bytesMax, delaysReturned }: PolicyTerms,
): void {
  requireShortName('policy name', policy.name);
  requireShortName('pattern of a policy', policy.pattern);
  if (!Number.isSafeInteger(policy.priority)) {
    fail(policy, `priority ${policy.priority} is not a whole number`);
  }
  NamePattern.compile(`policy '${policy.name}': the pattern`, policy.pattern);
  const bytes = Buffer.byteLength(JSON.stringify(policy.definition));
  if (bytes > bytesMax) fail(policy, `its definition of ${bytes} bytes is longer than ${bytesMax}`);
  const keys = Object.keys(policy.definition);
  if (keys.length === 0) fail(policy, 'its definition is empty');
  for (const key of keys) {
    checkKey(policy, key, isOperator);
    if (!delaysReturned && key.startsWith('delayed-retry-')) unknownKey(policy, key, isOperator);
  }
  checkDelays(policy);
}

function unknownKey(policy: Policy, key: string, isOperator: boolean): never {
  const what = isOperator ? 'operator policy' : 'policy';
  fail(policy, `'${key}' is not a recognised ${what} setting`);
}

/** The delays of returned messages must not contradict each other. */
function checkDelays(policy: Policy): void {
  const { 'delayed-retry-type': type, 'delayed-retry-min': min } = policy.definition;
  const max = policy.definition['delayed-retry-max'];
  if (type !== undefined && type !== 'disabled' && min === undefined) {
    fail(policy, `delayed-retry-min is required when delayed-retry-type is ${type}`);
  }
  if (typeof min === 'number' && typeof max === 'number' && max < min) {
    fail(policy, `delayed-retry-max (${max}) must not be smaller than delayed-retry-min (${min})`);
  }
}

function checkKey(policy: Policy, key: string, isOperator: boolean): void {
  const known = policyKeys.get(key);
  if (known === undefined || (isOperator && known.merge === undefined)) {
    unknownKey(policy, key, isOperator);
  }
  const value = policy.definition[key];
  const problem = value === undefined ? `'${key}' has no value` : known.problem(value);
  if (problem !== undefined) fail(policy, problem);
}

/** Whether a policy applies to this kind of object. */
export function isFor({ applyTo }: Policy, kind: PolicySubject['kind']): boolean {
  if (applyTo === 'all') return true;
  if (kind === 'exchange') return applyTo === 'exchanges';
  if (kind === 'stream' && applyTo === 'streams') return true;
  return applyTo === 'queues' || applyTo === `${kind}_queues`;
}
