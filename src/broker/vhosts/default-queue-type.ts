// The type of queues whose declaration does not state it.

import type { Argument } from '../arguments.ts';
import type { QueueOptions, QueueType } from '../queue-options.ts';

const typeArgument = 'x-queue-type';
const classic: Argument = { type: 'longstr', value: 'classic' };

/**
 * Adds the default type of a virtual host to the arguments of a new queue, unless they state a type or
 * queues of the default type cannot have its properties.
 */
export function withDefaultType(
  options: QueueOptions,
  defaultType: QueueType | undefined,
): QueueOptions {
  const { durable, exclusive, autoDelete, arguments: args } = options;
  if (defaultType === undefined || args[typeArgument] !== undefined) return options;
  const isPossible = defaultType === 'classic' || (durable && !exclusive && !autoDelete);
  if (!isPossible) return options;
  const type: Argument = { type: 'longstr', value: defaultType };
  return { ...options, arguments: { ...args, [typeArgument]: type } };
}

/**
 * What a missing argument of a repeated declaration stands for. With a default type, a declaration
 * without a type fits a queue of any type, because the default may have changed.
 */
export function missingArgument(
  name: string,
  found: QueueOptions,
  defaultType: QueueType | undefined,
): Argument | undefined {
  if (name !== typeArgument) return undefined;
  return defaultType === undefined ? classic : (found.arguments[typeArgument] ?? classic);
}
