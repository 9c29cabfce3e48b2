// Rules for messages that the broker publishes on its own.

import type { Route } from '../exchanges/route-cache.ts';
import type { Publication } from '../publication.ts';

/**
 * What a virtual host does with messages that were accepted earlier: scheduled ones that are due,
 * those of prepared transactions, and dead letters.
 */
export interface UnawaitedRules {
  /**
   * Prepares the destination of a message, except of a dead letter. Returns whether the message has
   * been taken, so that it must not be routed.
   */
  prepare(publication: Publication): boolean;
  /** Returns the part of a route that the message is for. */
  filter(route: Route, publication: Publication): Route;
}
