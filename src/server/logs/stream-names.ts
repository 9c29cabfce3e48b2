// The names of the log streams of brokers.

import type { BrokerRecord } from '../../control/broker-record.ts';
import type { LogCategory } from '../../logs/store/log-line.ts';

type Named = Pick<BrokerRecord, 'id' | 'engineType'>;

/** The name of a broker's node, as RabbitMQ names nodes. */
export function nodeNameOf({ id }: Pick<BrokerRecord, 'id'>): string {
  return `rabbit@${id}-1`;
}

/** The name of the log stream of a broker's first instance. */
export function streamNameOf(broker: Named): string {
  const { id, engineType } = broker;
  return engineType === 'ACTIVEMQ' ? `activemq-${id}-1.log` : `${nodeNameOf(broker)}.log`;
}

/** The enabled logs of a broker. The API of RabbitMQ's type has one switch for all of them. */
export function enabledLogs({
  engineType,
  generalLog,
  auditLog,
}: Pick<BrokerRecord, 'engineType' | 'generalLog' | 'auditLog'>): readonly LogCategory[] {
  if (engineType !== 'ACTIVEMQ') {
    return generalLog ? ['general', 'connection', 'channel', 'queue', 'mirroring'] : [];
  }
  return [...(generalLog ? (['general'] as const) : []), ...(auditLog ? (['audit'] as const) : [])];
}
