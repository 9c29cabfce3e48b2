// The policies and limits that a new broker and its virtual hosts begin with.

import type { Policy } from './policy.ts';
import type { Settings, VhostLimitName } from './settings.ts';

/** Policies and limits that are set once. They can be changed and deleted like any other. */
export interface InitialSettings {
  /** The policies of the virtual host `/` of a new broker. */
  readonly policies: readonly Policy[];
  /** Its limits. */
  readonly limits: Readonly<Partial<Record<VhostLimitName, number>>>;
  /** The operator policies of every new virtual host. */
  readonly operatorPolicies: readonly Policy[];
}

/** Sets up the virtual host `/` of a new broker, which already has what every virtual host has. */
export function beginBroker(settings: Settings, initial: InitialSettings | undefined): void {
  for (const policy of initial?.policies ?? []) settings.setPolicy(policy, { isOperator: false });
  for (const [name, value] of Object.entries(initial?.limits ?? {})) {
    settings.setLimit(settings.limitName(name), value);
  }
}

/** Sets up a new virtual host. */
export function beginVhost(settings: Settings, initial: InitialSettings | undefined): void {
  for (const policy of initial?.operatorPolicies ?? []) {
    settings.setPolicy(policy, { isOperator: true });
  }
}
