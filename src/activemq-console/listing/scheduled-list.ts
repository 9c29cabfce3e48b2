// Scheduled messages.

import { addressOfCore } from '../../broker/activemq/core-names.ts';
import { qualifiedName } from '../../broker/activemq/destination.ts';
import { scheduledJobId } from '../../broker/activemq/scheduling/scheduled-headers.ts';
import { unitSteps } from '../../broker/turns/background.ts';
import { inSlices } from '../../management/slices.ts';
import type { MessageView } from '../../storage/message-record.ts';
import type { Answer } from '../answers.ts';
import { browseCountDefault, browseCountMax } from '../limits.ts';
import { headPropertiesOf, shownMessage } from '../messages/shown-message.ts';
import type { ConsoleRequest } from '../request.ts';
import { listAnswer } from './list-answer.ts';

/** Units of work for finding and writing one entry. */
const entryUnits = 64;

/**
 * `GET /admin/api/scheduled`: at most `count` messages whose destinations the user may read or delete,
 * in the order in which they are stored; `after` is the `next` of the previous answer
 */
export async function listScheduled(request: ConsoleRequest): Promise<Answer> {
  const { broker, dialect } = request.console;
  const schedule = broker.schedules.of(dialect.vhost.name);
  let after = request.field('after') === '' ? undefined : request.number('after');
  const items: string[] = [];
  // Also what is not shown counts, so that one request does not look at everything.
  const countMax = request.count('count', browseCountDefault, browseCountMax);
  for (let left = countMax; left > 0; left--) {
    const from = after === undefined ? {} : { after };
    const page = schedule.page({ fromMs: 0, toMs: Infinity, countMax: 1, ...from });
    after = page.after;
    const [entry] = page.entries;
    if (entry !== undefined) {
      const { id, dueMs } = entry;
      const shown = await schedule.look(id, (view) => shownEntry(request, id, dueMs, view));
      if (shown !== undefined) items.push(JSON.stringify(shown));
    }
    if (after === undefined) break;
    await inSlices(broker.background, unitSteps(entryUnits));
  }
  const head = { next: after ?? null, totalCount: schedule.count };
  return listAnswer(request, { head, name: 'messages', items });
}

/** Returns undefined if the user may not read and may not delete the destination. */
function shownEntry(
  { console, access }: ConsoleRequest,
  id: number,
  dueMs: number,
  view: MessageView,
): object | undefined {
  const address = addressOfCore(view.exchangeName(), view.routingKey());
  const { rights } = console.dialect;
  const isPermitted = (['read', 'remove'] as const).some((action) =>
    rights.permits(access, action, address),
  );
  if (!isPermitted) return undefined;
  return {
    jobId: scheduledJobId(id),
    nextAtMs: dueMs,
    destination: qualifiedName(address),
    ...shownMessage(view, headPropertiesOf(console, view)),
  };
}
