// The service for what CloudTrail has no operation for: the state of the trail as a value to keep
// elsewhere, and the service's own trail.

import type { Service } from '../../aws/service.ts';
import { getTrailHead } from './operations/get-trail-head.ts';
import { listServiceEvents } from './operations/list-service-events.ts';
import type { AuditParts } from './parts.ts';

/** The head of the trail, and the events of service-owned keys. This is not an AWS API. */
export function auditService(parts: AuditParts): Service {
  return {
    name: 'waxwing-audit',
    wires: ['rest-json'],
    eventSource: 'waxwing.local',
    apiVersion: '1',
    operations: {
      GetTrailHead: getTrailHead(parts),
      ListServiceEvents: listServiceEvents(parts),
    },
  };
}
