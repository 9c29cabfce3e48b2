// The OpenWire protocol.

import { activeMqOf } from '../../broker/activemq/activemq.ts';
import type { Broker } from '../../broker/broker.ts';
import type { Protocol } from '../protocol.ts';
import { beginsWithFormatInfo } from './codec/wire-format.ts';
import { OpenWireConnection } from './connection.ts';
import { SharedState } from './shared-state.ts';

/** OpenWire, versions 1 to 12, for one broker. */
export function openwire(broker: Broker): Protocol {
  const dialect = activeMqOf(broker);
  const shared = new SharedState(broker);
  return {
    name: 'openwire',
    subprotocols: [],
    recognizes: beginsWithFormatInfo,
    accept: (transport) => {
      shared.advisories.reachedAt(transport.localAddress);
      return new OpenWireConnection(transport, dialect, shared);
    },
  };
}
