// Messages that the broker or its console writes.

import type { Properties } from '../../conversion/properties.ts';
import { formatNumbers, type MessageFormat } from '../../format.ts';
import { Publication } from '../../publication.ts';

/** Maximum size of the head of such a message, bytes; headers that do not fit are left out. */
const headBytesMax = 64 * 1024;

/** Encodes a message in a format. It is not persistent, and does not expire. */
export function publicationOf(format: MessageFormat, properties: Properties): Publication {
  const { head, body } = format.fromProperties(properties, headBytesMax);
  const publication = new Publication();
  publication.format = formatNumbers[format.name];
  publication.head = head;
  publication.headEnd = head.length;
  publication.priority = properties.priority ?? 0;
  if (body.length > 0) publication.addPart(body, 0, body.length);
  return publication;
}
