// Errors with RabbitMQ's conditions and texts.

import { BrokerError, describe } from '../../../broker/errors.ts';
import type { Access, Right } from '../../../broker/users.ts';
import { type Item, textOf } from '../codec/items.ts';
import { AmqpError, type Condition } from '../errors.ts';

/** Maximum length of a value in an error text, in characters. */
const shownMax = 100;

/** An error that ends or refuses a link. */
export function linkError(condition: Condition, text: string): AmqpError {
  return new AmqpError(condition, text, { scope: 'link' });
}

/** An error that ends the session. */
export function sessionError(condition: Condition, text: string): AmqpError {
  return new AmqpError(condition, text, { scope: 'session' });
}

/** A link that needs something that the broker does not support. */
export function notImplemented(text: string): AmqpError {
  return linkError('not-implemented', text);
}

/** A link whose source or target cannot be used. */
export function attachRefused(why: string): AmqpError {
  return linkError('invalid-field', `Attach refused: ${why}`);
}

/** A link to a queue or exchange that does not exist. */
export function notFound(kind: 'queue' | 'exchange', name: string, vhost: string): AmqpError {
  return linkError('not-found', `no ${describe(kind, name, vhost)}`);
}

/** An address as Erlang shows it: `{utf8,<<"/queue/a">>}`. */
export function shownAddress(address: Item | undefined): string {
  if (address === undefined) return 'undefined';
  const text = textOf(address);
  if (text === undefined) return address.type;
  return `{utf8,<<"${text.slice(0, shownMax)}">>}`;
}

/**
 * Requires a permission. Without it, RabbitMQ ends the session.
 *
 * @throws {AmqpError} `unauthorized-access`
 */
export function requireAccess(
  access: Access,
  right: Right,
  kind: 'queue' | 'exchange',
  name: string,
): void {
  inSession(() => access.require(right, kind, name));
}

/** Performs a check whose refusal ends the session. */
export function inSession(check: () => void): void {
  try {
    check();
  } catch (thrown) {
    if (!(thrown instanceof BrokerError) || thrown.code !== 'access-refused') throw thrown;
    throw sessionError('unauthorized-access', thrown.message);
  }
}
