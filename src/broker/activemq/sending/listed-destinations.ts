// Messages to lists of destinations, in steps.

import type { Published } from '../../publishing/publishing.ts';
import type { SendTarget } from '../send-target.ts';

/**
 * Number of destinations of a list that get a message at once. Each may be a topic with very many
 * subscriptions, of which the search takes milliseconds.
 */
export const listedAtOnceMax = 4;

/** The operations of the destinations of a virtual host that are needed here. */
export interface ListedHost {
  readonly broker: { readonly background: { spend(units: number): void } };
  /** The cost of the last route, in units. */
  readonly routeUnits: number;
}

/**
 * Does something with each destination of a list, one in each step.
 *
 * @param act finds a route, and returns further steps if there are any
 */
export function* forEachListed(
  host: ListedHost,
  targets: readonly SendTarget[],
  act: (target: SendTarget) => Iterable<void> | undefined,
): Generator<void> {
  for (const target of targets) {
    const rest = act(target);
    host.broker.background.spend(Math.ceil(host.routeUnits));
    if (rest !== undefined) yield* rest;
    yield;
  }
}

/**
 * Sends a message to all destinations of a list. If one of them is refused before the first one has the
 * message, none gets it.
 *
 * @param route finds the route to a destination
 * @param store stores the message in the queues of a destination
 * @returns steps, which end with the group whose sync makes the message durable, or 0
 */
export function* sendToListed<Found>(
  host: ListedHost,
  targets: readonly SendTarget[],
  route: (target: SendTarget) => Found,
  store: (target: SendTarget, found: Found) => Published,
): Generator<void, number> {
  yield* forEachListed(host, targets, (target) => {
    if (!target.isService) route(target);
    return undefined;
  });
  let group = 0;
  for (const target of targets) {
    let published: Published | undefined;
    yield* forEachListed(host, [target], () => {
      published = store(target, route(target));
      return published.rest;
    });
    group = Math.max(group, published?.group ?? 0);
  }
  return group;
}
