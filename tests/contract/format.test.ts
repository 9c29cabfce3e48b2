import type { MessageFormat } from '../../src/broker/format.ts';
import { amqp10Format } from '../../src/protocols/amqp10/format.ts';
import { amqp091Format } from '../../src/protocols/amqp091/format.ts';
import { mqttFormat } from '../../src/protocols/mqtt/format.ts';
import { openwireFormat } from '../../src/protocols/openwire/format.ts';
import { stompFormat } from '../../src/protocols/stomp/activemq/format.ts';
import { testFormat, testFormatPair } from './format.contract.ts';
import { lineFormat } from './line-format.ts';

// All formats, and all pairs of them, fulfil the contract. A format for tests represents protocols
// whose headers are lines of text.
const formats: readonly MessageFormat[] = [
  amqp091Format,
  amqp10Format,
  mqttFormat,
  openwireFormat,
  stompFormat,
  lineFormat,
];

for (const format of formats) {
  testFormat(format);
  for (const other of formats) if (other !== format) testFormatPair(format, other);
}
