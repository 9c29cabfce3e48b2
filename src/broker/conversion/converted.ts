import type { MessageFormat } from '../format.ts';
import { formatNumbers } from '../format.ts';
import { Delivery } from '../subscription.ts';
import { emptyProperties } from './properties.ts';

/**
 * A delivery as a consumer of another protocol than its sender's gets it: a copy with another head and
 * body. Exchange, routing key and what is said of the delivery stay.
 *
 * @param from of the message; undefined where this broker does not know it: then only the body's bytes
 *   are handed on
 * @param headBytesMax bytes of the head; headers that do not fit are left out
 */
export function converted(
  delivery: Delivery,
  from: MessageFormat | undefined,
  to: MessageFormat,
  headBytesMax: number,
): Delivery {
  const { buffer, addressAt, addressEnd, bodyAt, bodyLength } = delivery;
  const bytes = Buffer.from(buffer.subarray(bodyAt, bodyAt + bodyLength));
  const unknown = { ...emptyProperties, body: { kind: 'bytes', bytes } } as const;
  const { head, body } = to.fromProperties(from?.toProperties(delivery) ?? unknown, headBytesMax);
  const copy = new Delivery();
  const address = buffer.subarray(addressAt, addressEnd);
  copy.buffer = Buffer.concat([address, head, body]);
  copy.addressEnd = address.length;
  copy.isAddressLong = delivery.isAddressLong;
  copy.headAt = address.length;
  copy.headLength = head.length;
  copy.bodyAt = copy.headAt + head.length;
  copy.bodyLength = body.length;
  copy.format = formatNumbers[to.name];
  copy.isPersistent = delivery.isPersistent;
  copy.priority = delivery.priority;
  copy.receivedAtMs = delivery.receivedAtMs;
  copy.expiresAtMs = delivery.expiresAtMs;
  copy.deliveryNumber = delivery.deliveryNumber;
  copy.redelivered = delivery.redelivered;
  copy.deliveryCount = delivery.deliveryCount;
  copy.left = delivery.left;
  return copy;
}
