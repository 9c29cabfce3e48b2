// The operation `ListServiceEvents`.

import { parseLine, serviceTimeline } from '../../../audit/trail.ts';
import { operation } from '../../../aws/service.ts';
import { list, string, structure } from '../../../aws/shapes/shape.ts';
import type { AuditParts } from '../parts.ts';

const eventsPerPage = 200;

/** Lists the events of service-owned keys, oldest first. */
export const listServiceEvents = ({ state }: AuditParts) =>
  operation({
    action: 'waxwing:ListServiceEvents',
    readOnly: true,
    http: { method: 'POST', path: '/waxwing/v1/audit/service-events' },
    input: structure({
      nextToken: string({ max: 32, pattern: /^\d{1,15}\.\d{1,10}$/ }),
    }),
    output: structure({ events: list(string()), nextToken: string() }),
    handle: async ({ nextToken }) => {
      const events: string[] = [];
      let last: string | undefined;
      const range = {
        fromMs: 0,
        toMs: Number.MAX_SAFE_INTEGER,
        newestFirst: false,
        ...(nextToken !== undefined && { after: nextToken }),
      };
      for await (const { bytes, cursor } of state.readTimeline(serviceTimeline, range)) {
        if (events.length === eventsPerPage) return { output: { events, nextToken: last } };
        events.push(JSON.stringify(parseLine(bytes).event));
        last = cursor;
      }
      return { output: { events } };
    },
  });
