// The list of fuzzers.

import { amqp10Fuzzers } from './amqp10.ts';
import { amqp10RabbitMqFuzzers } from './amqp10-rabbitmq.ts';
import { amqp091Fuzzers } from './amqp091.ts';
import { connectionFuzzers } from './amqp091-connection.ts';
import { apiCanary, apiFuzzers } from './api.ts';
import { configurationFuzzers } from './configurations.ts';
import { firstBytesFuzzers } from './first-bytes.ts';
import type { Fuzzer } from './fuzzer.ts';
import { identityCanary, identityFuzzers } from './identity/fuzzer.ts';
import { mqttFuzzers } from './mqtt.ts';
import { mqttRabbitMqFuzzers } from './mqtt-rabbitmq.ts';
import { openwireFuzzers } from './openwire.ts';
import { policyFuzzer } from './policies.ts';
import { selectorFuzzer } from './selectors.ts';
import { stompFuzzers } from './stomp.ts';
import { stompRabbitMqFuzzers } from './stomp-rabbitmq.ts';
import { webSocketFuzzers } from './web-socket.ts';

/** Every fuzzer there is. */
export const fuzzers: readonly Fuzzer[] = [
  ...amqp091Fuzzers,
  ...connectionFuzzers,
  ...apiFuzzers,
  policyFuzzer,
  ...identityFuzzers,
  ...configurationFuzzers,
  ...openwireFuzzers,
  ...stompFuzzers,
  ...stompRabbitMqFuzzers,
  selectorFuzzer,
  ...mqttFuzzers,
  ...mqttRabbitMqFuzzers,
  ...amqp10Fuzzers,
  ...amqp10RabbitMqFuzzers,
  ...webSocketFuzzers,
  ...firstBytesFuzzers,
];

const canary: Fuzzer = {
  name: 'canary',
  run: (random) => {
    if (random.below(256) === 0xce) throw new TypeError('a bug, as it should be');
  },
};

/** Fuzzers that must fail: they prove that failures are seen. */
export const canaries: readonly Fuzzer[] = [canary, apiCanary, identityCanary];
