// The endpoints of brokers in tests.

import type { Endpoints } from '../../src/api/mq/parts.ts';
import { portOf } from '../../src/control/broker-record.ts';

/** Endpoints with the name of this machine and the broker's own ports. */
const localEndpoints: Endpoints = {
  authorityOf: (broker, listener, endpoint) => {
    const port = portOf(broker, listener, endpoint);
    return port === undefined ? undefined : `localhost:${port}`;
  },
};

/** Where the brokers of a test are. */
export const localBrokers = { endpoints: localEndpoints, brokerAddress: '127.0.0.1' } as const;
