// What the header of a message means to brokers of ActiveMQ's type.

import { scheduleMarks } from '../conversion/schedule.ts';
import type { MessageRules } from '../messages/message-rules.ts';

/** The rules of ActiveMQ. */
export const activeMqRules: MessageRules = {
  isDurableByDefault: false,
  defaultPriority: 4,
  priorityMax: 9,
  isZeroUnlimited: true,
  hasAbsoluteExpiry: true,
  requiresBody: false,
  annotationMark: scheduleMarks.annotation,
  propertyMark: scheduleMarks.property,
};
