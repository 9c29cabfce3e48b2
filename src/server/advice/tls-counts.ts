// Counts clients with TLS 1.2.

import { handshakesMetric } from '../../control/engine.ts';
import type { Engines } from '../../control/engines.ts';
import type { HandshakeCounts } from '../../net/handshake-counts.ts';

const version = 'TLSv1.2';

/** Returns the TLS 1.2 handshakes since the start, by the name of a broker or `API`. */
export async function tls12Counts(
  engines: Pick<Engines, 'metrics'>,
  api: Pick<HandshakeCounts, 'of'>,
): Promise<ReadonlyMap<string, number>> {
  const counts = new Map([['API', api.of(version)]]);
  for (const metric of (await engines.metrics()).flat()) {
    if (metric.name !== handshakesMetric) continue;
    for (const { value, labels } of metric.values) {
      if (labels['version'] === version) counts.set(labels['broker'] ?? '', value);
    }
  }
  return counts;
}
