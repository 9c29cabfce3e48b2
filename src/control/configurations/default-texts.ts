// Default texts of configurations.

import type { EngineType } from '../offers/offer.ts';

const activeMq = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<broker schedulePeriodForDestinationPurge="10000" xmlns="http://activemq.apache.org/schema/core">
  <!-- Every queue and topic that nobody uses for ten minutes is removed. -->
  <destinationPolicy>
    <policyMap>
      <policyEntries>
        <policyEntry gcInactiveDestinations="true" inactiveTimeoutBeforeGC="600000" topic="&gt;">
          <!-- At most 1000 messages wait for a slow subscriber; the oldest go first. -->
          <pendingMessageLimitStrategy>
            <constantPendingMessageLimitStrategy limit="1000"/>
          </pendingMessageLimitStrategy>
        </policyEntry>
        <policyEntry gcInactiveDestinations="true" inactiveTimeoutBeforeGC="600000" queue="&gt;"/>
      </policyEntries>
    </policyMap>
  </destinationPolicy>
  <!-- Without an authorizationPlugin every user may read, write and manage every destination. -->
</broker>
`;

const rabbitMq = `# Milliseconds that a consumer may take to acknowledge a delivery.
consumer_timeout = 1800000
`;

/** Returns the text of the first revision of a configuration, by engine type. */
export function defaultText(engineType: EngineType): string {
  return engineType === 'ACTIVEMQ' ? activeMq : rabbitMq;
}
