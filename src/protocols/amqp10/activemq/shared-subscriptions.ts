// Names of shared subscriptions, as clients of JMS 2 use them.

import type { Sharing } from '../../../broker/activemq/consumption.ts';
import type { SubscriptionKey } from '../../../broker/topics/topic-subscriptions.ts';
import type { Source } from '../codec/performatives.gen.ts';

/** The capability of a connection that supports shared subscriptions. */
export const sharedSubscriptions = 'SHARED-SUBS';

/** Ends the name of a subscription in the name of a link, which is unique in its connection. */
const separator = '|';
/** The beginning of what follows it, if the subscription does not belong to one client id. */
const globalMark = 'global';

/** Returns how consumers share the subscription of a source; undefined if they do not. */
export function sharingOf({ capabilities, durable = 0 }: Source): Sharing | undefined {
  if (capabilities?.includes('shared') !== true) return undefined;
  return durable > 0 ? 'durable' : 'transient';
}

/**
 * Returns the subscription that a link shares. Its name ends before the first `|` of the link's name.
 * With the capability `global`, it does not depend on the client id.
 */
export function sharedKey(
  linkName: string,
  { capabilities }: Source,
  clientId: string,
  sharing: Sharing,
): SubscriptionKey {
  const [name = ''] = linkName.split(separator, 1);
  const isGlobal = capabilities?.includes('global') === true;
  // A durable and a transient subscription with one name are different ones.
  const unique = sharing === 'durable' ? name : `${name}${separator}${sharing}`;
  return { clientId: isGlobal ? '' : clientId, name: unique };
}

/** Returns the shared durable subscription that the name of a lookup link may stand for. */
export function lookedUpKey(linkName: string, clientId: string): SubscriptionKey | undefined {
  const at = linkName.indexOf(separator);
  if (at < 0) return undefined;
  const isGlobal = linkName.startsWith(globalMark, at + 1);
  return { clientId: isGlobal ? '' : clientId, name: linkName.slice(0, at) };
}
