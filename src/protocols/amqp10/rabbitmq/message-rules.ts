// What the header of a message means to brokers of RabbitMQ's type.

import type { Broker } from '../../../broker/broker.ts';
import type { MessageRules } from '../messages/message-rules.ts';

/** The annotation with further routing keys. */
export const ccAnnotation = 'x-cc';

/** The rules of RabbitMQ. Version 4 takes a message for transient whose sender does not say more. */
export function rabbitMqRules({ engineVersion }: Pick<Broker, 'engineVersion'>): MessageRules {
  return {
    isDurableByDefault: engineVersion.startsWith('3.'),
    defaultPriority: 0,
    priorityMax: 255,
    isZeroUnlimited: false,
    hasAbsoluteExpiry: false,
    requiresBody: true,
    annotationMark: Buffer.from(ccAnnotation),
    propertyMark: undefined,
  };
}
