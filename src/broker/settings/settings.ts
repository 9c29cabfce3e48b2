import { BrokerError, describe } from '../errors.ts';
import type { Exchange } from '../exchanges/exchange.ts';
import type { Limits } from '../limits.ts';
import type { Queue } from '../queue.ts';
import { type QueueSettings, readQueueArguments } from '../queue-options.ts';
import { effectiveSettings } from './effective-settings.ts';
import { Policies } from './policies.ts';
import { checkPolicy, type Policy } from './policy.ts';
import { mergedDefinition, type PolicyDefinition } from './policy-keys.ts';

/** Limits of a virtual host that can be set, in RabbitMQ's words. */
export const vhostLimitNames = ['max-connections', 'max-queues'] as const;

/** See {@link vhostLimitNames}. */
export type VhostLimitName = (typeof vhostLimitNames)[number];

/** A change of a virtual host's settings, as the log keeps it. */
export type SettingsChange =
  | { kind: 'policy'; vhost: string; isOperator: boolean; policy: Policy }
  | { kind: 'policy-deleted'; vhost: string; isOperator: boolean; name: string }
  | { kind: 'vhost-limit'; vhost: string; name: VhostLimitName; value: number | undefined };

/** What settings ask of their virtual host. */
export interface SettingsHost {
  readonly name: string;
  readonly limits: Limits;
  define(change: SettingsChange): void;
  /** Policies have changed: each queue and exchange is to be given its settings anew. */
  policiesChanged(): void;
}

const noDefinition: PolicyDefinition = Object.freeze({});

/**
 * The policies, operator policies and limits of one virtual host. They may change at any time; queues
 * and exchanges that are there follow.
 */
export class Settings {
  readonly policies = new Policies();
  readonly operatorPolicies = new Policies();
  readonly #limits = new Map<VhostLimitName, number>();
  readonly #host: SettingsHost;

  constructor(host: SettingsHost) {
    this.#host = host;
  }

  /**
   * Sets a policy, in force at once.
   *
   * @throws {BrokerError} `precondition-failed`
   */
  setPolicy(policy: Policy, how: { readonly isOperator: boolean }): void {
    const { isOperator } = how;
    const { argumentsBytesMax, policyCountMax } = this.#host.limits;
    checkPolicy(policy, isOperator, argumentsBytesMax);
    const all = this.#of(isOperator);
    if (all.get(policy.name) === undefined && all.size >= policyCountMax) {
      const why = `policy limit in vhost '${this.#host.name}' (${policyCountMax}) is reached`;
      throw new BrokerError('precondition-failed', `cannot set policy '${policy.name}': ${why}`);
    }
    this.#change({ kind: 'policy', vhost: this.#host.name, isOperator, policy });
  }

  /**
   * Deletes a policy; what it set is as it was before, at once.
   *
   * @throws {BrokerError} `not-found`
   */
  deletePolicy(name: string, how: { readonly isOperator: boolean }): void {
    const { isOperator } = how;
    if (this.#of(isOperator).get(name) === undefined) {
      throw new BrokerError('not-found', `no policy '${name}' in vhost '${this.#host.name}'`);
    }
    this.#change({ kind: 'policy-deleted', vhost: this.#host.name, isOperator, name });
  }

  /**
   * Sets a limit of the virtual host. What is above it already stays.
   *
   * @param value undefined or below 0 for no limit
   * @throws {BrokerError} `precondition-failed`
   */
  setLimit(name: VhostLimitName, value: number | undefined): void {
    if (value !== undefined && !Number.isSafeInteger(value)) {
      throw new BrokerError('precondition-failed', `${name} ${value} is not a whole number`);
    }
    const vhost = this.#host.name;
    this.#change({
      kind: 'vhost-limit',
      vhost,
      name,
      value: (value ?? -1) < 0 ? undefined : value,
    });
  }

  /** Infinity for no limit. */
  limit(name: VhostLimitName): number {
    return this.#limits.get(name) ?? Infinity;
  }

  /** Whether any queue or exchange may have other settings than its arguments say. */
  get hasPolicies(): boolean {
    return this.policies.size + this.operatorPolicies.size > 0;
  }

  #of(isOperator: boolean): Policies {
    return isOperator ? this.operatorPolicies : this.policies;
  }

  #change(change: SettingsChange): void {
    this.#host.define(change);
    this.apply(change);
  }

  /** Folds a change in. */
  apply(change: SettingsChange): void {
    switch (change.kind) {
      case 'policy':
        this.#of(change.isOperator).set(change.policy);
        this.#host.policiesChanged();
        return;
      case 'policy-deleted':
        this.#of(change.isOperator).delete(change.name);
        this.#host.policiesChanged();
        return;
      case 'vhost-limit':
        if (change.value === undefined) this.#limits.delete(change.name);
        else this.#limits.set(change.name, change.value);
    }
  }

  /** What policies set for a queue. */
  definitionOf(queue: Queue): PolicyDefinition {
    const { policies, operatorPolicies } = this;
    if (!this.hasPolicies) return noDefinition;
    const subject = { kind: queue.settings.type, name: queue.name };
    const operator = operatorPolicies.find(subject);
    return mergedDefinition(policies.find(subject)?.definition, operator?.definition);
  }

  /** The settings that a queue has by its arguments and policies. */
  ofQueue(queue: Queue): QueueSettings {
    const args = queue.options.arguments;
    const own = readQueueArguments(args, describe('queue', queue.name, queue.vhost));
    return effectiveSettings(own, args, this.definitionOf(queue));
  }

  /** Where messages go that no binding of an exchange took: its argument counts, else its policy. */
  alternateOf(exchange: Exchange): string | undefined {
    const own = exchange.options.arguments['alternate-exchange'];
    if (own !== undefined) return typeof own.value === 'string' ? own.value : undefined;
    // The default exchange has no policies.
    if (this.policies.size === 0 || exchange.name === '') return undefined;
    const policy = this.policies.find({ kind: 'exchange', name: exchange.name });
    const value = policy?.definition['alternate-exchange'];
    return typeof value === 'string' ? value : undefined;
  }

  /** Changes that recreate all of it. */
  *snapshot(): Iterable<SettingsChange> {
    const vhost = this.#host.name;
    for (const isOperator of [false, true]) {
      for (const policy of this.#of(isOperator).all()) {
        yield { kind: 'policy', vhost, isOperator, policy };
      }
    }
    for (const [name, value] of this.#limits) yield { kind: 'vhost-limit', vhost, name, value };
  }
}
