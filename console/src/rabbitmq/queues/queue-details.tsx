// The numbers and the settings of a queue.

import SpaceBetween from '@cloudscape-design/components/space-between';
import { Facts, featuresText, JsonFact } from '../../broker/facts.tsx';
import { bytesText, countText, rateText } from '../../broker/numbers.ts';
import { printable } from '../../parts/printable.ts';
import { timeText } from '../../parts/time.tsx';
import type { Queue } from '../model.ts';
import { MessagePlots } from '../parts/rates.tsx';

/** Shows a queue. */
export function QueueDetails({ queue }: { readonly queue: Queue }) {
  const { durable, exclusive, auto_delete, message_stats: stats } = queue;
  return (
    <SpaceBetween size="l">
      <MessagePlots stats={stats} lengths={queue} />
      <Facts
        title="Messages now"
        items={{
          Ready: countText(queue.messages_ready),
          Unacknowledged: countText(queue.messages_unacknowledged),
          'All messages': countText(queue.messages),
          'Size of bodies': bytesText(queue.message_bytes),
          Published: rateText(stats?.publish_details?.rate),
          Delivered: rateText(stats?.deliver_get_details?.rate),
        }}
      />
      <Facts
        title="Details"
        items={{
          Type: queue.type,
          'Virtual host': printable(queue.vhost),
          State: queue.state,
          Features: featuresText({ durable, exclusive, 'auto-delete': auto_delete }),
          Policy: queue.policy == null ? '–' : printable(queue.policy),
          'Operator policy': queue.operator_policy == null ? '–' : printable(queue.operator_policy),
          'In effect by policies': <JsonFact value={queue.effective_policy_definition} />,
          Arguments: <JsonFact value={queue.arguments} />,
          'Last used': timeText(queue.idle_since),
        }}
      />
    </SpaceBetween>
  );
}
