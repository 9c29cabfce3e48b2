// The operations that rotate the secrets of the first start.

import { operation } from '../../../aws/service.ts';
import {
  integer,
  required,
  sensitive,
  string,
  structure,
  timestamp,
} from '../../../aws/shapes/shape.ts';
import type { AdministrationParts } from '../parts.ts';

/** Maximum time for which a replaced token stays valid, seconds: a week. */
const overlapSecondsMax = 604_800;

/** Replaces the token for the metrics. */
export function rotateMetricsToken({ rotateMetricsToken: rotate }: AdministrationParts) {
  return operation({
    action: 'waxwing:RotateMetricsToken',
    readOnly: false,
    http: { method: 'POST', path: '/waxwing/v1/metrics-token/rotate' },
    input: structure({ overlapSeconds: integer({ min: 0, max: overlapSecondsMax }) }),
    output: structure({
      token: required(sensitive(string())),
      previousEndsAt: required(timestamp('date-time')),
    }),
    handle: ({ overlapSeconds = 0 }) => {
      const { secret, previousEndsMs, changes } = rotate(overlapSeconds * 1000);
      return { output: { token: secret, previousEndsAt: previousEndsMs }, changes };
    },
  });
}

/** Replaces the password of the user of the broker that the first start created. */
export function rotateDefaultBrokerPassword(parts: AdministrationParts) {
  return operation({
    action: 'waxwing:RotateDefaultBrokerPassword',
    readOnly: false,
    http: { method: 'POST', path: '/waxwing/v1/default-broker/password/rotate' },
    input: structure({}),
    output: structure({
      password: required(sensitive(string())),
      previousEndsAt: required(timestamp('date-time')),
    }),
    handle: async () => {
      const { secret, previousEndsMs, changes } = await parts.rotateDefaultBrokerPassword();
      return { output: { password: secret, previousEndsAt: previousEndsMs }, changes };
    },
  });
}
