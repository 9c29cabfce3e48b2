// A broker whose clients have moved to another one.

import { BrokerError } from '../errors.ts';
import type { JsonValue } from '../rabbitmq/model.ts';
import type { User } from '../users.ts';

/**
 * The global parameter that closes a broker to its clients: `{ "to": "amqps://host:5671" }`. The
 * administrators who can set it can also delete it, which opens the broker again.
 */
export const movedParameter = 'waxwing_moved';

/** Where the clients of a broker have moved. */
export interface MovedTo {
  /** The endpoint that clients are told, such as `amqps://host:5671`. */
  readonly to: string;
  /** The name of the only user that may still connect: the one that moves the messages. */
  readonly user: string | undefined;
}

/** Who has logged in. */
interface LoggedIn {
  readonly name: string;
  readonly groups?: User['groups'] | undefined;
  readonly rights?: User['rights'] | undefined;
}

/** Nothing that could be mistaken for another part of an error text. */
const endpointForm = /^amqps:\/\/[A-Za-z0-9.:[\]-]{1,200}$/;
const userLengthMax = 128;

/**
 * Reads a value of {@link movedParameter}.
 *
 * @throws {BrokerError} `precondition-failed`
 */
export function readMoved(value: JsonValue): MovedTo {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  const { to, user, ...others } = isObject ? (value as Readonly<Record<string, JsonValue>>) : {};
  if (typeof to !== 'string' || !endpointForm.test(to)) {
    throw invalid("needs 'to', an endpoint such as amqps://host:5671");
  }
  const isUser = typeof user === 'string' && user !== '' && user.length <= userLengthMax;
  if (user !== undefined && !isUser) {
    throw invalid(`has a 'user' that is not a name of 1 to ${userLengthMax} characters`);
  }
  const [other] = Object.keys(others);
  if (other !== undefined) {
    throw invalid(`has the field '${other.slice(0, 100)}'; 'to' and 'user' are allowed`);
  }
  return { to, user: isUser ? user : undefined };
}

/** What clients are told. */
export function movedReason({ to }: MovedTo): string {
  return `this broker has moved: connect to ${to}`;
}

/** Whether a user may use a broker from which clients have moved. */
export function isMover({ user: mover }: MovedTo, { name, groups, rights }: LoggedIn): boolean {
  return name === mover && groups === undefined && rights === undefined;
}

function invalid(why: string): BrokerError {
  return new BrokerError('precondition-failed', `the global parameter ${movedParameter} ${why}`);
}
