import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '../../../../../tests/support/seeded-random.ts';
import { Delivery } from '../../../../broker/subscription.ts';
import { Encoder } from '../../codec/encoder.ts';
import { compositeCodes, writeComposite } from '../../codec/performatives.gen.ts';
import { sections } from '../../messages/sections.ts';
import { prefixFormat } from '../../messages/stored-head.ts';
import { DeliveredHead } from './delivered-head.ts';

/** A stored head of a few kinds, so that consecutive ones are often the same. */
function randomHead(random: SeededRandom): Buffer {
  const w = new Encoder();
  if (!random.oneIn(3)) {
    const priority = random.oneIn(4) ? 7 : undefined;
    const ttl = random.oneIn(4) ? 60_000 : undefined;
    writeComposite(w, { code: compositeCodes.header, durable: true, priority, ttl });
  }
  if (random.oneIn(4)) {
    w.descriptor(sections.messageAnnotations);
    w.map([[{ type: 'symbol', value: 'x-own' }, random.oneIn(2) ? one : { ...one, value: 2 }]]);
  }
  if (random.oneIn(2)) writeComposite(w, { code: compositeCodes.properties, subject: 's' });
  const head = w.toBuffer();
  return random.oneIn(6) ? prefixFormat(7, head) : head;
}

const one = { type: 'int', value: 1 } as const;

function randomDelivery(random: SeededRandom): Delivery {
  const head = randomHead(random);
  const address = Buffer.from(`\0\x02${random.oneIn(3) ? 'q1' : 'q2'}`, 'latin1');
  const delivery = new Delivery();
  const before = random.below(4);
  delivery.buffer = Buffer.concat([Buffer.alloc(before, 0x53), address, head, Buffer.from('body')]);
  delivery.addressAt = before;
  delivery.addressEnd = before + address.length;
  delivery.headAt = delivery.addressEnd;
  delivery.headLength = head.length;
  delivery.isPersistent = !random.oneIn(4);
  delivery.redelivered = random.oneIn(5);
  delivery.deliveryCount = random.oneIn(5) ? 2 : 0;
  delivery.streamOffset = random.oneIn(5) ? 12 : -1;
  return delivery;
}

test('what is kept from one message to the next is what each message needs', () => {
  const random = new SeededRandom(1);
  const kept = new DeliveredHead();
  const shown = (writer: DeliveredHead, delivery: Delivery) => {
    writer.write(delivery);
    const { bytes, length, restAt, messageFormat } = writer;
    return { head: bytes.toString('hex', 0, length), restAt, messageFormat };
  };
  for (let n = 0; n < 5000; n++) {
    const delivery = randomDelivery(random);
    const times = random.oneIn(2) ? 1 : 3;
    for (let time = 0; time < times; time++) {
      assert.deepEqual(shown(kept, delivery), shown(new DeliveredHead(), delivery));
    }
  }
});
