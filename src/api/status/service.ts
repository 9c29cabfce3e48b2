// The status service: health and metrics.

import { AwsError } from '../../aws/errors.ts';
import type { Service } from '../../aws/service.ts';
import { noPermission, operation } from '../../aws/service.ts';
import { inHeader, inPayload, string, structure } from '../../aws/shapes/shape.ts';

/** Metrics in the Prometheus text format. */
export interface Exposition {
  readonly contentType: string;
  readonly text: string;
}

/**
 * Health and metrics for monitoring systems. This is not an AWS API.
 *
 * @param isReady whether the service has started completely and is not stopping
 */
export function statusService(metrics: () => Promise<Exposition>, isReady: () => boolean): Service {
  return {
    name: 'waxwing',
    wires: ['rest-json'],
    eventSource: 'waxwing',
    apiVersion: '1',
    operations: {
      GetHealth: getHealth(),
      GetReadiness: getReadiness(isReady),
      GetMetrics: getMetrics(metrics),
    },
  };
}

const nothing = structure({});

/** Answers every request successfully and returns nothing else. */
const getHealth = () =>
  operation({
    action: 'waxwing:GetHealth',
    readOnly: true,
    authentication: 'none',
    isRecorded: false,
    http: { method: 'GET', path: '/health', isAlsoHead: true },
    input: nothing,
    output: nothing,
    permissions: noPermission('the answer says only that the service runs'),
    handle: () => ({ output: {} }),
  });

/** Answers with status 503 while the service is not ready. */
const getReadiness = (isReady: () => boolean) =>
  operation({
    action: 'waxwing:GetReadiness',
    readOnly: true,
    authentication: 'none',
    isRecorded: false,
    http: { method: 'GET', path: '/health/ready', isAlsoHead: true },
    input: nothing,
    output: nothing,
    permissions: noPermission('the answer says only whether the service is ready'),
    handle: () => {
      if (isReady()) return { output: {} };
      throw new AwsError('ServiceUnavailableException', 'the service is starting or stopping', {
        status: 503,
        isRoutine: true,
      });
    },
  });

const getMetrics = (metrics: () => Promise<Exposition>) =>
  operation({
    action: 'waxwing:GetMetrics',
    readOnly: true,
    authentication: 'bearer-token',
    isRecorded: false,
    http: { method: 'GET', path: '/metrics' },
    input: nothing,
    output: structure({
      contentType: inHeader('Content-Type', string()),
      text: inPayload(string()),
    }),
    permissions: noPermission('the token for the metrics authorises'),
    handle: async () => ({ output: await metrics() }),
  });
