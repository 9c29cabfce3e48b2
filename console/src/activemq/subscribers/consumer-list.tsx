// The list of all consumers.

import { ConsumerTable } from './consumer-table.tsx';

/** Lists all consumers. */
export default function ConsumerList() {
  return <ConsumerTable title="Subscriptions" isPage />;
}
