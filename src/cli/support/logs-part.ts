// The newest log lines of brokers in a support bundle.

import { type ApiAccess, callTarget } from '../access/call-api.ts';
import type { BundledBroker } from './brokers-part.ts';
import { redactLogLine } from './redaction.ts';

/** Log groups by kind of broker. */
const groups = { rabbitMq: ['general', 'connection', 'channel'], activeMq: ['general'] } as const;

interface Lines {
  readonly events?: readonly { readonly timestamp?: number; readonly message?: string }[];
}

/**
 * The newest lines of one broker's logs, without names and addresses.
 *
 * @param linesMax number of lines of each log group
 * @returns the text of a file
 */
export async function logLines(
  access: ApiAccess,
  { id, isActiveMq }: BundledBroker,
  linesMax: number,
): Promise<string> {
  const parts: string[] = [];
  for (const group of isActiveMq ? groups.activeMq : groups.rabbitMq) {
    const logGroupName = `/aws/amazonmq/broker/${id}/${group}`;
    const logStreamName = isActiveMq ? `activemq-${id}-1.log` : `rabbit@${id}-1.log`;
    const request = { logGroupName, logStreamName, limit: linesMax, startFromHead: false };
    const found = await callTarget(access, 'logs', 'Logs_20140328.GetLogEvents', request).then(
      (answer) => (answer as Lines).events ?? [],
      () => undefined, // the broker does not write this log, or no line yet
    );
    if (found === undefined) continue;
    const lines = found.map(({ message = '' }) => redactLogLine(message));
    parts.push(`== ${group}: the newest ${lines.length} lines`, ...lines);
  }
  return `${parts.join('\n')}\n`;
}
