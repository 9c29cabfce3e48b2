// The settings of a broker according to its configuration.

import type { Address } from '../../conversion/properties.ts';
import { NamePattern } from '../../patterns/name-pattern.ts';
import type { ActiveMqConfiguration, DiscardedLetters } from '../configuration.ts';
import { nameBytesMax } from '../destination.ts';
import {
  type ActiveMqSettings,
  type BrokerRedelivery,
  type DestinationPolicy,
  defaultSettings,
  retryPolicyOf,
  type SystemLimits,
} from './destination-policy.ts';
import { PolicyMap } from './policy-map.ts';

/**
 * Compiles the settings that destinations depend on.
 *
 * @param memoryBytesMax the memory of the process, of which the configuration gives a share to messages
 */
export function settingsOf(
  configuration: ActiveMqConfiguration,
  memoryBytesMax: number,
): ActiveMqSettings {
  const { policies, defaultPolicy, discarded } = configuration;
  const { hasScheduler, scheduledRepeatCountMax, hasStatistics, sweepMs } = configuration;
  const map = new PolicyMap<DestinationPolicy>(policies, defaultPolicy);
  const all = [defaultPolicy, ...policies.map(({ policy }) => policy)];
  const permanent = new Set(configuration.queues);
  const mirrorOf = mirrors(configuration);
  const isDiscarded = discarded === undefined ? () => false : discarder(discarded);
  return {
    policyOf: (address) => {
      const policy = map.of(address);
      const isPermanent = address.kind === 'queue' && permanent.has(address.name);
      const isKept = !isDiscarded(address);
      if (isKept && !isPermanent) return policy;
      return {
        ...policy,
        ...(isPermanent && { inactiveMsMax: undefined }),
        ...(!isKept && { deadLetters: { ...policy.deadLetters, kind: 'discarding' } }),
      };
    },
    system: systemOf(configuration, memoryBytesMax),
    hasMemoryLimits: all.some((policy) => policy.memoryBytesMax !== undefined),
    slowConsumers: all.flatMap(({ slowConsumers }) => slowConsumers ?? []),
    tellsOfSlowConsumers: all.some(({ advisories }) => advisories.ofSlowConsumers),
    keepsForRetroactive: all.some(({ recovery }) => recovery !== undefined),
    redelivery: redeliveryOf(configuration),
    hasScheduler,
    scheduledRepeatCountMax,
    mirrorOf,
    topicsOf: topicsOf(configuration, mirrorOf),
    hasForwarding: configuration.composites.length > 0,
    hasStatistics,
    refusesSendsAfterMs: configuration.refusesSendsAfterMs,
    offlineMsMax: configuration.offlineMsMax,
    offlineSweepMs: configuration.offlineSweepMs,
    sweepMs,
    removedPerSweepMax: configuration.removedPerSweepMax || Infinity,
  };
}

function mirrors({ mirror }: ActiveMqConfiguration): ActiveMqSettings['mirrorOf'] {
  if (mirror === undefined) return () => undefined;
  return (queue) => {
    const topic = mirror.prefix + queue + mirror.postfix;
    // A longer name could not be stored.
    return Buffer.byteLength(topic) > nameBytesMax ? undefined : topic;
  };
}

function topicsOf(
  { composites, mirror: mirrored }: ActiveMqConfiguration,
  mirrorOf: ActiveMqSettings['mirrorOf'],
): ActiveMqSettings['topicsOf'] {
  if (composites.length === 0 && mirrored === undefined) return defaultSettings.topicsOf;
  const entries = composites.map(({ of, keeps, targets }) => {
    const topics = targets.map(({ address }) => address).filter(({ kind }) => kind === 'topic');
    return { of, policy: { topics, isKept: keeps !== 'none' } };
  });
  const map = new PolicyMap(entries, { topics: [], isKept: true });
  return (sent) => {
    const { topics, isKept } = map.of(sent);
    const mirror = sent.kind === 'queue' ? mirrorOf(sent.name) : undefined;
    const own = isKept && sent.kind === 'topic' && topics.length > 0 ? [sent] : [];
    const copies = mirror === undefined ? [] : [{ kind: 'topic', name: mirror } as const];
    return [...own, ...topics, ...copies];
  };
}

function systemOf({ system }: ActiveMqConfiguration, memoryBytesMax: number): SystemLimits {
  const { memoryPercentMax, storeBytesMax = Infinity, tempBytesMax = Infinity } = system;
  const share = memoryPercentMax === 0 ? Infinity : (memoryBytesMax / 100) * memoryPercentMax;
  return { memoryBytesMax: share, storeBytesMax, tempBytesMax };
}

function redeliveryOf({ redelivery }: ActiveMqConfiguration): BrokerRedelivery | undefined {
  if (redelivery === undefined) return undefined;
  const { entries, defaultEntry, fallsBackToDeadLetter, sendsExhaustedToDeadLetter } = redelivery;
  const map = new PolicyMap(
    entries.map(({ of, policy }) => ({ of, policy: retryPolicyOf(policy) })),
    defaultEntry && retryPolicyOf(defaultEntry),
  );
  return {
    policyOf: (address) => map.of(address),
    fallsBackToDeadLetter,
    sendsExhaustedToDeadLetter,
  };
}

function discarder(discarded: DiscardedLetters): (address: Address) => boolean {
  const patterns = discarded.names.map((text) => NamePattern.stored(text));
  return ({ kind, name }) =>
    discarded.areAll ||
    (kind === 'temporary-queue' && discarded.areOfTemporaryQueues) ||
    (kind === 'temporary-topic' && discarded.areOfTemporaryTopics) ||
    patterns.some((pattern) => pattern.test(name));
}
