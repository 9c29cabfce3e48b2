// The status service: health and metrics.

import type { Service } from '../../aws/service.ts';
import { noPermission, operation } from '../../aws/service.ts';
import { inHeader, inPayload, string, structure } from '../../aws/shapes/shape.ts';

/** Metrics in the Prometheus text format. */
export interface Exposition {
  readonly contentType: string;
  readonly text: string;
}

/** Health and metrics for monitoring systems. This is not an AWS API. */
export function statusService(metrics: () => Promise<Exposition>): Service {
  return {
    name: 'waxwing',
    wires: ['rest-json'],
    eventSource: 'waxwing',
    apiVersion: '1',
    operations: { GetHealth: getHealth(), GetMetrics: getMetrics(metrics) },
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
