// Scheduled messages are removed.

import { addressOfCore } from '../../broker/activemq/core-names.ts';
import {
  parseScheduledJobId,
  scheduledJobId,
} from '../../broker/activemq/scheduling/scheduled-headers.ts';
import { committed } from '../../management/commit.ts';
import { type Answer, jsonAnswer } from '../answers.ts';
import { badRequest, ConsoleError } from '../errors.ts';
import type { ConsoleRequest } from '../request.ts';
import { audited } from './operation.ts';

/**
 * `POST /admin/deleteJob.action`: removes the scheduled message with the id `jobId`, if the user may
 * consume from its destination, or delete that.
 */
export async function deleteJob(request: ConsoleRequest): Promise<Answer> {
  const { console, access } = request;
  const { broker, dialect } = console;
  const given = request.field('jobId');
  const id = parseScheduledJobId(given);
  if (id === undefined) {
    throw badRequest(
      `jobId is ${JSON.stringify(given.slice(0, 32))}, not as in ${scheduledJobId(1)}`,
    );
  }
  const schedule = broker.schedules.of(dialect.vhost.name);
  const address = await schedule.look(id, (view) =>
    addressOfCore(view.exchangeName(), view.routingKey()),
  );
  if (address === undefined) {
    throw new ConsoleError('not-found', `there is no scheduled message ${scheduledJobId(id)}`);
  }
  const mayDelete = dialect.rights.permits(access, 'remove', address);
  if (!mayDelete) dialect.rights.require(access, 'read', address);
  await audited(request, { name: 'removeJob', arguments: [scheduledJobId(id)] }, () => {
    schedule.remove(id);
    return committed(broker);
  });
  return jsonAnswer({ jobId: scheduledJobId(id) });
}
