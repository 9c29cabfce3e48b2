import assert from 'node:assert/strict';
import { test } from 'node:test';
import { originOf, revivedHead } from '../../../src/activemq-console/actions/dead-letters.ts';
import { emptyProperties } from '../../../src/broker/conversion/properties.ts';
import { textValue } from '../../../src/broker/conversion/value.ts';
import type { MessageFormat } from '../../../src/broker/format.ts';
import { amqp10Format } from '../../../src/protocols/amqp10/format.ts';
import { mqttFormat } from '../../../src/protocols/mqtt/format.ts';
import { openwireFormat } from '../../../src/protocols/openwire/format.ts';
import { stompFormat } from '../../../src/protocols/stomp/activemq/format.ts';

// The original destination of a dead letter is found in the messages of each protocol of ActiveMQ, and is
// gone after a retry, as is the cause. The headers of the sender stay.

const text = (value: string) => ({ type: 'longstr', value }) as const;

function headersOf(format: MessageFormat, head: Buffer): string[] {
  return Object.keys(format.headers(head, 0, head.length)).sort();
}

for (const format of [stompFormat, openwireFormat, amqp10Format, mqttFormat]) {
  test(`dead letters in the format of ${format.name}`, () => {
    const headers = [['note', textValue('n1')]] as const;
    const { head } = format.fromProperties({ ...emptyProperties, headers }, 4096);
    assert.equal(originOf(format, head, 0, head.length), undefined);
    for (const origin of ['queue://A.B', 'topic://prices']) {
      const dead = format.deadLetterHead(head, 0, head.length, {
        originalDestination: text(origin),
        originalExpiration: { type: 'long', value: 5 },
        dlqDeliveryFailureCause: text('java.lang.Throwable: no'),
      });
      assert.equal(originOf(format, dead, 0, dead.length), origin);
      const revived = revivedHead(format, dead, 0, dead.length);
      assert.equal(originOf(format, revived, 0, revived.length), undefined);
      assert.deepEqual(headersOf(format, revived), ['note']);
    }
  });
}
