// Messages that are published, in the form of deliveries.

import type { Publication } from '../../publication.ts';
import { Delivery } from '../../subscription.ts';

/** Returns a copy of a message that is being published, as its consumers would see it. */
export function deliveryOf(publication: Publication): Delivery {
  const { address, addressStart, addressEnd, head, headStart, headEnd } = publication;
  const pieces = [address.subarray(addressStart, addressEnd), head.subarray(headStart, headEnd)];
  for (let i = 0; i < publication.partCount; i++) {
    const part = publication.parts[i];
    if (part === undefined) continue;
    pieces.push(part.subarray(publication.partStarts[i], publication.partEnds[i]));
  }
  const delivery = new Delivery();
  delivery.buffer = Buffer.concat(pieces);
  delivery.addressEnd = addressEnd - addressStart;
  delivery.isAddressLong = publication.isAddressLong;
  delivery.headAt = delivery.addressEnd;
  delivery.headLength = headEnd - headStart;
  delivery.bodyAt = delivery.headAt + delivery.headLength;
  delivery.bodyLength = publication.bodyLength;
  delivery.format = publication.format;
  delivery.isPersistent = publication.isPersistent;
  delivery.priority = publication.priority;
  return delivery;
}
