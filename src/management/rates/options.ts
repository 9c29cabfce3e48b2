// The options of requests about rates.

import type { JsonObject } from '../../broker/rabbitmq/model.ts';
import { badRequest } from '../errors.ts';
import type { ApiRequest } from '../request.ts';
import type { Series, Span } from './series.ts';

/** Maximum number of samples in an answer. */
const sampleCountMax = 1000;

/**
 * The history that a request asks for with `<kind>_age` and `<kind>_incr`, both in seconds.
 *
 * @returns undefined if it asks for none
 * @throws {ManagementError} `bad-request`
 */
export function readSpan(
  request: ApiRequest,
  kind: 'lengths' | 'msg_rates' | 'data_rates' | 'node_stats',
): Span | undefined {
  const ageSeconds = request.count(`${kind}_age`);
  const stepSeconds = request.count(`${kind}_incr`);
  if (ageSeconds === undefined || stepSeconds === undefined) return undefined;
  if (stepSeconds === 0 || ageSeconds / stepSeconds > sampleCountMax) {
    throw badRequest(`${kind}_age and ${kind}_incr ask for more than ${sampleCountMax} samples`);
  }
  return { ageSeconds, stepSeconds };
}

/** The details of a value: rate 0 before the first sample. */
export function detailsOf(
  series: Series | undefined,
  index: number,
  span: Span | undefined,
  isCounter: boolean,
): JsonObject {
  return series?.details(index, span, isCounter) ?? { rate: 0 };
}
