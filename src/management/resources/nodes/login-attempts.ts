// Attempts to log in: /api/auth/attempts.

import { type Answer, emptyAnswer, jsonAnswer } from '../../answers.ts';
import type { ApiRequest } from '../../request.ts';
import { requireNode } from './nodes.ts';

/** The names of protocols in RabbitMQ. */
const names: ReadonlyMap<string, string> = new Map([
  ['AMQP 0-9-1', 'amqp091'],
  ['AMQP 1.0', 'amqp10'],
  ['MQTT', 'mqtt'],
  ['STOMP', 'stomp'],
]);

/** `GET /api/auth/attempts/{name}`: numbers since the start, or since they were reset. */
export function listAttempts(request: ApiRequest): Answer {
  requireNode(request);
  const items = [...request.broker.logins.attempts.byProtocol].map(([protocol, count]) => ({
    protocol: names.get(protocol) ?? protocol,
    auth_attempts: count.succeeded + count.failed,
    auth_attempts_failed: count.failed,
    auth_attempts_succeeded: count.succeeded,
  }));
  return jsonAnswer(items);
}

/**
 * `GET /api/auth/attempts/{name}/source`: attempts are not counted for each address and user, as in a
 * RabbitMQ whose setting `track_auth_attempt_source` is off, which is the default.
 */
export function listAttemptsBySource(request: ApiRequest): Answer {
  requireNode(request);
  return jsonAnswer([]);
}

/** `DELETE /api/auth/attempts/{name}` and `.../source`: counts from zero again. */
export function resetAttempts(request: ApiRequest): Answer {
  requireNode(request);
  request.broker.logins.attempts.reset();
  return emptyAnswer(204);
}
