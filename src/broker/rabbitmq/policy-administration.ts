// Policies of a RabbitMQ broker.

import type { Broker } from '../broker.ts';
import type { Exchange } from '../exchanges/exchange.ts';
import type { Queue } from '../queue.ts';
import type { Policy } from '../settings/policy.ts';
import type { EffectivePolicy } from '../settings/settings.ts';
import type { PolicyEntry } from './model.ts';

/** Whether operator policies are meant instead of policies. */
export interface PolicyKind {
  readonly isOperator: boolean;
}

/** Lists and changes policies and operator policies. */
export class PolicyAdministration {
  readonly #broker: Broker;

  constructor(broker: Broker) {
    this.#broker = broker;
  }

  /**
   * The policies of all virtual hosts or of one, by descending priority within a virtual host.
   *
   * @throws {BrokerError} `not-found` if the virtual host does not exist
   */
  *list(kind: PolicyKind, vhost?: string): Generator<PolicyEntry> {
    const { accounts, vhosts } = this.#broker;
    const selected = vhost === undefined ? vhosts.values() : [accounts.requireVhost(vhost)];
    for (const { name, settings } of selected) {
      for (const policy of settings.policiesOf(kind).all()) yield { vhost: name, ...policy };
    }
  }

  /** @returns undefined if it does not exist, or its virtual host does not */
  get(kind: PolicyKind, vhost: string, name: string): PolicyEntry | undefined {
    const policy = this.#broker.vhosts.get(vhost)?.settings.policiesOf(kind).get(name);
    return policy && { vhost, ...policy };
  }

  /**
   * Creates or replaces a policy. Existing queues and exchanges follow in the background.
   *
   * @returns whether it is new
   * @throws {BrokerError} `not-found`, `precondition-failed`
   */
  put(kind: PolicyKind, vhost: string, policy: Policy): boolean {
    const { settings } = this.#broker.accounts.requireVhost(vhost);
    const isNew = settings.policiesOf(kind).get(policy.name) === undefined;
    settings.setPolicy(policy, kind);
    return isNew;
  }

  /** Deletes a policy. @throws {BrokerError} `not-found` */
  delete(kind: PolicyKind, vhost: string, name: string): void {
    this.#broker.accounts.requireVhost(vhost).settings.deletePolicy(name, kind);
  }

  /** The policies that apply to a queue or exchange now. */
  effective(subject: Queue | Exchange): EffectivePolicy {
    return this.#broker.accounts.requireVhost(subject.vhost).settings.effectivePolicy(subject);
  }
}
