// Names with their values.

import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import type { ReactNode } from 'react';
import { legible } from './stored-text.tsx';

/** A name with its value. */
export interface Detail {
  readonly label: string;
  readonly value: ReactNode;
}

interface DetailsProps {
  readonly items: readonly Detail[];
  readonly columns?: number;
}

/** Shows names with their values. Values that are texts may be anybody's. */
export function Details({ items, columns = 3 }: DetailsProps) {
  return (
    <KeyValuePairs
      columns={columns}
      items={items.map(({ label, value }) => ({ label, value: legible(value) }))}
    />
  );
}
