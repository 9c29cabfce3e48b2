// What is kept of the commands that add consumers and producers.

import {
  type ConsumerInfo,
  type Destination,
  type ProducerInfo,
  types,
} from './codec/commands.gen.ts';
import { OpenWireError } from './errors.ts';
import { namesLengthMax } from './limits.ts';

/** Returns a command without the fields that nothing needs and that can be large. */
export function keptInfo<Info extends ConsumerInfo | ProducerInfo>(info: Info): Info {
  if (info.type === types.ProducerInfo) return { ...info, brokerPath: undefined };
  return {
    ...info,
    selector: undefined,
    clientId: undefined,
    brokerPath: undefined,
    networkConsumerPath: undefined,
    additionalPredicate: undefined,
  };
}

/** The length of the name of a destination, in characters. */
export function nameLength({
  destination,
}: {
  readonly destination: Destination | undefined;
}): number {
  return destination?.physicalName?.length ?? 0;
}

/**
 * Requires the names of all destinations of the consumers or producers of a connection to be short.
 *
 * @throws {OpenWireError} `invalid`
 */
export function requireNames(length: number): void {
  if (length <= namesLengthMax) return;
  const found = `destinations of one connection with names of ${length} characters`;
  const why = `${found}; at most ${namesLengthMax} are allowed`;
  throw new OpenWireError('invalid', why, 'allocation');
}
