import type { MessageFormat } from '../../src/broker/format.ts';
import { amqp091Format } from '../../src/protocols/amqp091/format.ts';
import { mqttFormat } from '../../src/protocols/mqtt/format.ts';
import { stompFormat } from '../../src/protocols/stomp/format.ts';
import { testFormat, testFormatPair } from './format.contract.ts';
import { lineFormat } from './line-format.ts';

// Every format keeps to the contract, and so does every pair of them: one for tests stands for protocols
// whose headers are lines of text.
const formats: readonly MessageFormat[] = [amqp091Format, stompFormat, mqttFormat, lineFormat];

for (const format of formats) {
  testFormat(format);
  for (const other of formats) if (other !== format) testFormatPair(format, other);
}
