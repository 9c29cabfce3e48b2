// One message of a queue is deleted or copied.

import { namedDestination } from '../../broker/activemq/destination.ts';
import { type Answer, jsonAnswer } from '../answers.ts';
import { noMessage } from '../errors.ts';
import { browse } from '../messages/browse.ts';
import type { ConsoleRequest } from '../request.ts';
import { movedTo, sourceOf } from './messages.ts';
import { audited } from './operation.ts';
import { routeOfStored } from './routing.ts';
import { publish } from './sending.ts';
import { deleteOne, type Readdressed, requireSame } from './transfer.ts';

/** `POST /admin/deleteMessage.action`: deletes the message with the number `sequence`. */
export async function deleteMessage(request: ConsoleRequest): Promise<Answer> {
  const sequence = request.number('sequence');
  const { name } = sourceOf(request);
  const operation = { name: 'removeMessage', arguments: [sequence], queue: name };
  await audited(request, operation, () => deleteOne(request, sourceOf(request), sequence));
  return jsonAnswer({ name, sequence });
}

/**
 * `POST /admin/copyMessage.action`: sends a copy of the message with the number `sequence` to the queue
 * `destination`. A consumer may have the message.
 */
export async function copyMessage(request: ConsoleRequest): Promise<Answer> {
  const { console, access } = request;
  const sequence = request.number('sequence');
  const queue = sourceOf(request);
  const to = namedDestination(request.field('destination'), 'queue');
  console.dialect.rights.require(access, 'write', to);
  const operation = { name: 'copyMessageTo', arguments: [to.name, sequence], queue: queue.name };
  const perform = async () => {
    let copy: Readdressed | undefined;
    await browse(console, queue, sequence, (view, found) => {
      if (found === sequence) {
        requireSame(request, view);
        copy = movedTo(request, to, view);
      }
      return false;
    });
    if (copy === undefined) throw noMessage(sequence, queue.name);
    const { publication } = copy;
    await publish(request, publication, routeOfStored(request, publication, to));
  };
  await audited(request, operation, () => console.copying.run(perform));
  return jsonAnswer({ name: queue.name, sequence });
}
