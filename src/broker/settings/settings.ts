// The settings of a virtual host: policies and limits.

import { BrokerError, describe } from '../errors.ts';
import type { Exchange } from '../exchanges/exchange.ts';
import type { Limits } from '../limits.ts';
import type { Queue } from '../queue.ts';
import { type QueueSettings, readQueueArguments } from '../queue-options.ts';
import { effectiveSettings } from './effective-settings.ts';
import { Policies } from './policies.ts';
import { checkPolicy, type Policy } from './policy.ts';
import { mergedDefinition, type PolicyDefinition } from './policy-keys.ts';

/** The configurable limits of a virtual host, with the names of RabbitMQ. */
export const vhostLimitNames = ['max-connections', 'max-queues'] as const;

/** The name of a limit; see {@link vhostLimitNames}. */
export type VhostLimitName = (typeof vhostLimitNames)[number];

/** A change of settings, as stored in the log. */
export type SettingsChange =
  | { kind: 'policy'; vhost: string; isOperator: boolean; policy: Policy }
  | { kind: 'policy-deleted'; vhost: string; isOperator: boolean; name: string }
  | { kind: 'vhost-limit'; vhost: string; name: VhostLimitName; value: number | undefined };

/** The interface to the virtual host. */
export interface SettingsHost {
  readonly name: string;
  readonly limits: Limits;
  /** See `Personality.delaysReturned`. */
  readonly delaysReturned: boolean;
  define(change: SettingsChange): void;
  /** Policies have changed: all queues and exchanges must update their settings. */
  policiesChanged(): void;
}

/** The policies that apply to one queue or exchange. */
export interface EffectivePolicy {
  /** The name of the policy. */
  readonly policy: string | undefined;
  readonly operatorPolicy: string | undefined;
  /** The merged definition; empty if no policy applies. */
  readonly definition: PolicyDefinition;
}

const noDefinition: PolicyDefinition = Object.freeze({});

/**
 * The policies, operator policies and limits of one virtual host. Changes apply to existing queues
 * and exchanges too.
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
   * Sets a policy, which takes effect at once.
   *
   * @throws {BrokerError} `precondition-failed`
   */
  setPolicy(policy: Policy, how: { readonly isOperator: boolean }): void {
    const { isOperator } = how;
    const { limits, delaysReturned } = this.#host;
    const { argumentsBytesMax: bytesMax, policyCountMax } = limits;
    checkPolicy(policy, isOperator, { bytesMax, delaysReturned });
    const all = this.policiesOf(how);
    if (all.get(policy.name) === undefined && all.size >= policyCountMax) {
      const why = `policy limit in vhost '${this.#host.name}' (${policyCountMax}) is reached`;
      throw new BrokerError('precondition-failed', `cannot set policy '${policy.name}': ${why}`);
    }
    this.#change({ kind: 'policy', vhost: this.#host.name, isOperator, policy });
  }

  /**
   * Deletes a policy. The previous settings apply again at once.
   *
   * @throws {BrokerError} `not-found`
   */
  deletePolicy(name: string, how: { readonly isOperator: boolean }): void {
    const { isOperator } = how;
    if (this.policiesOf(how).get(name) === undefined) {
      throw new BrokerError('not-found', `no policy '${name}' in vhost '${this.#host.name}'`);
    }
    this.#change({ kind: 'policy-deleted', vhost: this.#host.name, isOperator, name });
  }

  /**
   * Sets a limit of the virtual host. Objects above the limit are kept.
   *
   * @param value undefined or negative for no limit
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

  /** Returns a limit; Infinity if it is not set. */
  limit(name: VhostLimitName): number {
    return this.#limits.get(name) ?? Infinity;
  }

  /** Whether policies may change the settings of any queue or exchange. */
  get hasPolicies(): boolean {
    return this.policies.size + this.operatorPolicies.size > 0;
  }

  /** Whether anything but its arguments determines the settings of a queue. */
  get hasEffect(): boolean {
    return this.hasPolicies || this.#host.limits.deliveryLimit !== Infinity;
  }

  /** The policies, or the operator policies. */
  policiesOf({ isOperator }: { readonly isOperator: boolean }): Policies {
    return isOperator ? this.operatorPolicies : this.policies;
  }

  /**
   * Checks the name of a limit.
   *
   * @throws {BrokerError} `precondition-failed`
   */
  limitName(name: string): VhostLimitName {
    const found = vhostLimitNames.find((known) => known === name);
    if (found !== undefined) return found;
    const known = vhostLimitNames.join(' and ');
    const text = `'${name.slice(0, 100)}' is no limit of a vhost; ${known} are`;
    throw new BrokerError('precondition-failed', text);
  }

  #change(change: SettingsChange): void {
    this.#host.define(change);
    this.apply(change);
  }

  /** Applies a change. */
  apply(change: SettingsChange): void {
    switch (change.kind) {
      case 'policy':
        this.policiesOf(change).set(change.policy);
        this.#host.policiesChanged();
        return;
      case 'policy-deleted':
        this.policiesOf(change).delete(change.name);
        this.#host.policiesChanged();
        return;
      case 'vhost-limit':
        if (change.value === undefined) this.#limits.delete(change.name);
        else this.#limits.set(change.name, change.value);
    }
  }

  /** The merged policies of a queue. */
  definitionOf(queue: Queue): PolicyDefinition {
    const { policies, operatorPolicies } = this;
    if (!this.hasPolicies) return noDefinition;
    const subject = { kind: queue.settings.type, name: queue.name };
    const operator = operatorPolicies.find(subject);
    return mergedDefinition(policies.find(subject)?.definition, operator?.definition);
  }

  /** The policies that apply to a queue or exchange. */
  effectivePolicy(subject: Queue | Exchange): EffectivePolicy {
    const { name } = subject;
    const kind = subject.kind === 'queue' ? subject.settings.type : 'exchange';
    // Policies do not apply to the default exchange.
    const isSubject = this.hasPolicies && (kind !== 'exchange' || name !== '');
    const own = isSubject ? this.policies.find({ kind, name }) : undefined;
    const operator = isSubject ? this.operatorPolicies.find({ kind, name }) : undefined;
    return {
      policy: own?.name,
      operatorPolicy: operator?.name,
      definition: mergedDefinition(own?.definition, operator?.definition),
    };
  }

  /** The effective settings of a queue. */
  ofQueue(queue: Queue): QueueSettings {
    const args = queue.options.arguments;
    const own = readQueueArguments(args, describe('queue', queue.name, queue.vhost));
    const { deliveryLimit } = this.#host.limits;
    return effectiveSettings(own, args, this.definitionOf(queue), deliveryLimit);
  }

  /** The alternate exchange: the argument takes precedence over the policy. */
  alternateOf(exchange: Exchange): string | undefined {
    const own = exchange.options.arguments['alternate-exchange'];
    if (own !== undefined) return typeof own.value === 'string' ? own.value : undefined;
    // Policies do not apply to the default exchange.
    if (this.policies.size === 0 || exchange.name === '') return undefined;
    const policy = this.policies.find({ kind: 'exchange', name: exchange.name });
    const value = policy?.definition['alternate-exchange'];
    return typeof value === 'string' ? value : undefined;
  }

  /** The changes that recreate all settings. */
  *snapshot(): Iterable<SettingsChange> {
    const vhost = this.#host.name;
    for (const isOperator of [false, true]) {
      for (const policy of this.policiesOf({ isOperator }).all()) {
        yield { kind: 'policy', vhost, isOperator, policy };
      }
    }
    for (const [name, value] of this.#limits) yield { kind: 'vhost-limit', vhost, name, value };
  }
}
