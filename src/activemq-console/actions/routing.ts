// Where messages of the console go.

import { qualifiedName } from '../../broker/activemq/destination.ts';
import { noSendOptions, type SendOptions } from '../../broker/activemq/send-target.ts';
import type { Address } from '../../broker/conversion/properties.ts';
import { BrokerError } from '../../broker/errors.ts';
import type { Route } from '../../broker/exchanges/route-cache.ts';
import type { Publication } from '../../broker/publication.ts';
import type { ConsoleRequest } from '../request.ts';

/**
 * The route of a message that the user of a request sends. A client would wait while a limit of the
 * broker or of the destination is reached; the console refuses the message.
 *
 * @throws {BrokerError} `resource-error` for a reached limit; see also `ActiveMq.route`
 */
export function routeOf(
  { console: { broker, dialect }, access }: ConsoleRequest,
  publication: Publication,
  to: Address,
  options: SendOptions = noSendOptions,
): Route {
  const { blockedReason } = broker.flow;
  if (blockedReason !== undefined) {
    throw new BrokerError('resource-error', `producers are blocked: ${blockedReason}`);
  }
  const target = dialect.sendTarget(to);
  const route = dialect.route(target, publication, access, [], options);
  const reached = target.isService
    ? undefined
    : dialect.sends.limits.after(target, publication, route);
  if (reached === undefined) return route;
  const { text } = reached.options;
  throw new BrokerError('resource-error', `${text}; ${target.shown} takes no messages now`);
}

/**
 * The route of a copy of a stored message. The copy must have a queue: the message may leave its own one.
 *
 * @throws {BrokerError} `not-allowed` for a destination that the broker answers itself, because the
 *   message may be a request of somebody else; `precondition-failed` if nobody would get the message;
 *   `resource-error` for a full queue; see also {@link routeOf}
 */
export function routeOfStored(
  request: ConsoleRequest,
  publication: Publication,
  to: Address,
): Route {
  const shown = qualifiedName(to);
  if (request.console.dialect.sendTarget(to).isService) {
    const why = 'the broker answers messages to it itself';
    throw new BrokerError('not-allowed', `stored messages are not sent to ${shown}: ${why}`);
  }
  const route = routeOf(request, publication, to);
  if (route.queues.length === 0) {
    throw new BrokerError('precondition-failed', `nobody would get the message from ${shown}`);
  }
  const full = route.queues.find((queue) => queue.isFull(publication.bodyLength));
  if (full === undefined) return route;
  throw new BrokerError('resource-error', `queue '${full.name}' is full`);
}
