// Counts the TLS handshakes of clients.

import type { BrokerHandshakes } from '../../api/administration/parts.ts';
import { handshakesMetric } from '../../control/engine.ts';
import type { Engines } from '../../control/engines.ts';
import type { HandshakeCounts } from '../../net/handshake-counts.ts';

const version = 'TLSv1.2';

/** The handshakes of brokers since their starts. Brokers of installed engines do not tell theirs. */
export async function brokerHandshakes(
  engines: Pick<Engines, 'metrics'>,
): Promise<readonly BrokerHandshakes[]> {
  const all = (await engines.metrics()).flat().filter(({ name }) => name === handshakesMetric);
  return all.flatMap(({ values }) =>
    values.map(({ value, labels }) => ({
      broker: labels['broker'] ?? '',
      version: labels['version'] ?? '',
      suite: labels['suite'] ?? '',
      count: value,
    })),
  );
}

/** Returns the TLS 1.2 handshakes since the start, by the name of a broker or `API`. */
export async function tls12Counts(
  engines: Pick<Engines, 'metrics'>,
  api: Pick<HandshakeCounts, 'of'>,
): Promise<ReadonlyMap<string, number>> {
  const counts = new Map([['API', api.of(version)]]);
  for (const each of await brokerHandshakes(engines)) {
    if (each.version !== version) continue;
    counts.set(each.broker, (counts.get(each.broker) ?? 0) + each.count);
  }
  return counts;
}
