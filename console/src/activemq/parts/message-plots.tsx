// The plots of messages: how many there are, and how many come and go.

import ColumnLayout from '@cloudscape-design/components/column-layout';
import { History, rateLine, valueLine } from '../../broker/history.tsx';
import type { Histories } from '../model.ts';

/** Plots the last ten minutes of a queue, or of all queues. */
export function MessagePlots({ histories }: { readonly histories: Histories }) {
  return (
    <ColumnLayout columns={2}>
      <History
        name="Messages"
        lines={[valueLine('Ready', histories.ready), valueLine('In flight', histories.inFlight)]}
      />
      <History
        name="Messages per second"
        lines={[
          rateLine('Enqueued', histories.enqueue),
          rateLine('Dispatched', histories.dispatch),
          rateLine('Dequeued', histories.dequeue),
        ]}
      />
    </ColumnLayout>
  );
}
