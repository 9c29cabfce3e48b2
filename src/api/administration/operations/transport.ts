// The operation `DescribeTransport`.

import { operation } from '../../../aws/service.ts';
import { list, long, required, string, structure } from '../../../aws/shapes/shape.ts';
import { onBroker, touched } from '../broker-resources.ts';
import type { AdministrationParts } from '../parts.ts';

const handshake = structure({
  /** `TLSv1.2` or `TLSv1.3`. */
  version: required(string()),
  /** The name of IANA. */
  suite: required(string()),
  count: required(long()),
});

/**
 * Tells the versions and suites of TLS that clients of a broker have used since it started. Brokers of
 * installed engines, and those that do not run, have none.
 */
export function describeTransport({ control, handshakes }: AdministrationParts) {
  const { volumeCommands } = control;
  const action = 'waxwing:DescribeTransport';
  return operation({
    action,
    readOnly: true,
    http: { method: 'POST', path: '/waxwing/v1/brokers/{broker}/transport' },
    input: structure({ broker: required(string({ max: 256 })) }),
    output: structure({
      brokerId: required(string()),
      brokerName: required(string()),
      handshakes: required(list(handshake)),
    }),
    permissions: ({ broker }) => [onBroker(action, volumeCommands.find(broker))],
    failedResources: ({ broker }) => touched(volumeCommands.find(broker)),
    handle: async ({ broker: named }) => {
      const broker = volumeCommands.require(named);
      const { id, name } = broker;
      const seen = (await handshakes()).filter((each) => each.broker === name);
      return {
        output: {
          brokerId: id,
          brokerName: name,
          handshakes: seen.map(({ version, suite, count }) => ({ version, suite, count })),
        },
        resources: touched(broker),
      };
    },
  });
}
