// The deaths of a message, which MQTT clients are not sent: headers of AMQP 0-9-1 in the stored head.

import type { Argument, ArgumentChanges, Arguments } from '../../../../broker/arguments.ts';
import type { Field, Value } from '../../../../broker/conversion/value.ts';

/** Encodes the headers of a dead letter, for the part of its head that is not sent. */
export function writeDeaths(before: string | undefined, changes: ArgumentChanges): string {
  return JSON.stringify({ ...deathArguments(before), ...changes });
}

/** Reads what {@link writeDeaths} has encoded. Other text counts as no deaths. */
export function deathArguments(json: string | undefined): Arguments {
  if (json === undefined) return {};
  try {
    const parsed: unknown = JSON.parse(json);
    return typeof parsed === 'object' && parsed !== null ? (parsed as Arguments) : {}; // see above
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}

/** The deaths as neutral headers. */
export function readDeaths(json: string | undefined): Field[] {
  return fieldsOf(deathArguments(json));
}

function fieldsOf(table: Arguments): Field[] {
  return Object.entries(table).map(([name, argument]) => [name, neutralOf(argument)]);
}

/** Deaths have only these types. */
function neutralOf({ type, value }: Argument): Value {
  switch (type) {
    case 'array':
      return { type: 'list', value: (value as readonly Argument[]).map(neutralOf) };
    case 'table':
      return { type: 'map', value: fieldsOf(value as Arguments) };
    case 'long':
      return { type: 'long', value: BigInt(String(value)) };
    case 'timestamp':
      return { type: 'timestamp', value: BigInt(String(value)) * 1000n };
    default:
      return { type: 'string', value: String(value) };
  }
}
