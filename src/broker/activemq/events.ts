// Events of ActiveMQ's destinations for the broker's log.

/** Receives events. */
export interface ActiveMqEvents {
  /** A user was refused an action, with the text of the error. */
  refused(access: object, text: string): void;
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
