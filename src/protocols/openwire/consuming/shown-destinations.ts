// The destinations that the consumer of a message is shown.

import { equalsAt } from '../../../base/bytes.ts';
import type { ActiveMq } from '../../../broker/activemq/activemq.ts';
import {
  type DeliveredFrom,
  deliveredDestination,
  originalDestination,
} from '../../../broker/activemq/sending/delivered-destination.ts';
import type { Queue } from '../../../broker/queue.ts';
import type { Delivery } from '../../../broker/subscription.ts';
import { destinationOf } from '../address.ts';
import type { Destination } from '../codec/commands.gen.ts';
import { EncodedStructure } from '../codec/dispatch-writer.ts';

const nothing = Buffer.alloc(0);
const nowhere: EncodedStructure<Destination> = new EncodedStructure(
  destinationOf({ kind: 'queue', name: '' }),
);

/** The destinations of the last delivery of a consumer, which are usually those of the next one. */
export class ShownDestinations {
  /** The destination of the message. */
  destination: EncodedStructure<Destination> = nowhere;
  /** The destination that it was sent to, if that is a different one: a virtual topic. */
  original: EncodedStructure<Destination> | undefined = undefined;
  readonly #dialect: ActiveMq;
  #queue: Queue | undefined = undefined;
  /** Exchange and routing key of the last delivery. */
  #address: Buffer = nothing;
  #isAddressLong = false;

  constructor(dialect: ActiveMq) {
    this.#dialect = dialect;
  }

  /** Sets the fields to the destinations of a delivery. */
  find(delivery: Delivery, source: DeliveredFrom): void {
    const { buffer, addressAt, addressEnd, isAddressLong } = delivery;
    const known = this.#address;
    const isSame =
      this.#queue === source.queue &&
      this.#isAddressLong === isAddressLong &&
      known.length === addressEnd - addressAt &&
      equalsAt(known, buffer, addressAt);
    if (isSame) return;
    const shown = deliveredDestination(this.#dialect, source, delivery);
    const destination = destinationOf(shown);
    const { structure } = this.destination;
    const { type, physicalName } = destination;
    // The same object, if only the address differs, is found faster in the cache of the encoding.
    if (structure.type !== type || structure.physicalName !== physicalName) {
      this.destination = new EncodedStructure(destination);
    }
    const original = originalDestination(this.#dialect, source, delivery, shown);
    this.original = original && new EncodedStructure(destinationOf(original));
    this.#queue = source.queue;
    this.#isAddressLong = isAddressLong;
    this.#address = Buffer.from(buffer.subarray(addressAt, addressEnd));
  }
}
