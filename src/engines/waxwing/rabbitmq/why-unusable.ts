// Whether brokers of RabbitMQ's type can run with a configuration.

import { readRabbitMqSettings } from '../../../control/configurations/rabbitmq/cuttlefish.ts';
import { ControlError } from '../../../control/errors.ts';

/** Why a broker of a version cannot run with a stored configuration; undefined if it can. */
export function whyUnusable(text: string, engineVersion: string): string | undefined {
  try {
    readRabbitMqSettings(text, Number.parseInt(engineVersion, 10));
    return undefined;
  } catch (error) {
    if (error instanceof ControlError) return error.message;
    throw error;
  }
}
