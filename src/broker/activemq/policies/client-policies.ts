// What the policies decide about new consumers and queues.

import { type Argument, noArguments } from '../../arguments.ts';
import type { Address } from '../../conversion/properties.ts';
import {
  type ActiveMqConfiguration,
  type ConfiguredPolicy,
  defaultConfiguredPolicy,
} from '../configuration.ts';
import { isQueue } from '../destination.ts';
import { PolicyMap } from './policy-map.ts';

/** Arguments of queues that deliver messages with a higher priority first: JMS has ten priorities. */
const priorityArguments: Readonly<Record<string, Argument>> = {
  'x-max-priority': { type: 'long', value: 9 },
};

/** The prefetch of consumers, and the arguments of queues. */
export class ClientPolicies {
  readonly #policies: PolicyMap<ConfiguredPolicy>;

  constructor({ policies, defaultPolicy }: ActiveMqConfiguration) {
    this.#policies = new PolicyMap(policies, defaultPolicy);
  }

  /** Returns additional arguments of a queue that is created. */
  argumentsOf(queue: string): Readonly<Record<string, Argument>> {
    const { isPrioritized } = this.#policies.of({ kind: 'queue', name: queue });
    return isPrioritized ? priorityArguments : noArguments;
  }

  /**
   * Returns the prefetch of a consumer: that of the policy if it requests none, or ActiveMQ's
   * default.
   */
  prefetchOf(addresses: readonly Address[], isDurable: boolean, requested?: number): number {
    const first = addresses.find(isQueue) ?? addresses[0];
    const usual = defaultConfiguredPolicy;
    const policy = first === undefined ? usual : this.#policies.of(first);
    const name =
      first !== undefined && isQueue(first)
        ? 'queuePrefetch'
        : isDurable
          ? 'durableTopicPrefetch'
          : 'topicPrefetch';
    return requested === undefined || requested === usual[name] ? policy[name] : requested;
  }
}
