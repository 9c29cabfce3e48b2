// Reports of the effects of bugs.

import type { BrokerOptions } from '../../../broker/broker-options.ts';
import type { HostEvents } from '../hosted-broker.ts';

/** Returns the options of a broker that report the effects of bugs in the log. */
export function bugReports({
  log,
}: Pick<HostEvents, 'log'>): Pick<BrokerOptions, 'onLetterLost' | 'onInternalError'> {
  return {
    onLetterLost: (error, queue) => log('error', lostText(error, queue)),
    onInternalError: (error, peer) =>
      log('error', `a bug closed the connection of ${peer}: ${describe(error)}`),
  };
}

function lostText(error: unknown, queue: string): string {
  return `a dead letter of queue '${queue}' was lost by a bug: ${describe(error)}`;
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
