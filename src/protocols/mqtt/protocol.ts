// The MQTT protocol.

import type { Protocol, Recognition } from '../protocol.ts';
import { MqttConnection } from './connection.ts';
import type { Dialect } from './dialect.ts';

/** The first byte of a CONNECT packet. */
const connectFirst = 0x10;

/** The first byte of a protocol name after its length, `M`, and where it is at most. */
const nameAtMax = 9;

/** Whether the first bytes of a connection are MQTT, or can become it. */
export function recognizes(bytes: Buffer): Recognition {
  if (bytes[0] !== connectFirst) return 'no';
  let at = 1;
  while (at < bytes.length && at < 5 && (bytes[at] ?? 0) > 127) at++;
  const name = bytes.toString('latin1', at + 1, nameAtMax);
  const beginnings = ['\0\x04MQTT', '\0\x06MQIsdp'];
  const isPossible = beginnings.some(
    (beginning) => beginning.startsWith(name) || name.startsWith(beginning.slice(0, 4)),
  );
  if (!isPossible) return 'no';
  return name.length >= 4 ? 'yes' : 'maybe';
}

/** MQTT 3.1, 3.1.1 and 5 with a dialect, for one broker. */
export function mqtt(dialect: Dialect): Protocol {
  return {
    name: 'mqtt',
    // A client that offers both is one of MQTT 3.1.
    subprotocols: ['mqttv3.1', 'mqtt'],
    isBinary: true,
    recognizes,
    begun: () => dialect.begun(),
    accept: (transport) => new MqttConnection(transport, dialect),
  };
}
