// The configuration of a broker of ActiveMQ's type, as JSON.

import type { Authorisation } from './rights/authorisation.ts';

/** The settings of a broker. They never change while it runs. */
export interface ActiveMqConfiguration {
  /** Undefined if every user has all permissions. */
  readonly authorisation: Authorisation | undefined;
}

/** The settings of a broker without a configuration. */
export const defaultConfiguration: ActiveMqConfiguration = { authorisation: undefined };
