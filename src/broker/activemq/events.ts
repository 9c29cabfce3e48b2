// Events of ActiveMQ's destinations for the broker's log.

import type { Access } from '../users.ts';

/** Receives events. */
export interface ActiveMqEvents {
  /** A user was refused an action, with the text of the error. */
  refused(access: Pick<Access, 'user'>, text: string): void;
  /** A destination was removed because nobody used it. */
  removedInactive(name: string, inactiveMs: number): void;
  /** Something that an operator should know of, such as a limit that is reached. */
  warned(text: string): void;
}

/** Ignores all events. */
export const noEvents: ActiveMqEvents = {
  refused: () => {},
  removedInactive: () => {},
  warned: () => {},
};
