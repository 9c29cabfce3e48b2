// The list of exchanges.

import Button from '@cloudscape-design/components/button';
import { useState } from 'react';
import { featuresText } from '../../broker/facts.tsx';
import { NameLink } from '../../broker/name.tsx';
import { printable } from '../../parts/printable.ts';
import { type Exchange, exchangePart, exchangeText } from '../model.ts';
import { ListTable } from '../parts/list-table.tsx';
import { CreateExchange } from './create-exchange.tsx';

/** Lists exchanges, and creates them. */
export default function ExchangeList() {
  const [isCreating, setCreating] = useState(false);
  return (
    <>
      <ListTable<Exchange>
        title="Exchanges"
        isPage
        isOfVhosts
        path={['exchanges']}
        idOf={({ vhost, name }) => JSON.stringify([vhost, name])}
        empty="There are no exchanges."
        actions={<Button onClick={() => setCreating(true)}>Create exchange</Button>}
        columns={[
          {
            id: 'name',
            width: 280,
            header: 'Name',
            sortingField: 'name',
            isRowHeader: true,
            cell: ({ vhost, name }) => (
              <NameLink
                area="exchanges"
                parts={[vhost, exchangePart(name)]}
                text={exchangeText(name)}
              />
            ),
          },
          {
            id: 'vhost',
            header: 'Virtual host',
            sortingField: 'vhost',
            cell: ({ vhost }) => printable(vhost),
          },
          { id: 'type', header: 'Type', sortingField: 'type', cell: ({ type }) => type },
          {
            id: 'features',
            header: 'Features',
            cell: ({ durable, internal, auto_delete }) =>
              featuresText({ durable, internal, 'auto-delete': auto_delete }),
          },
          {
            id: 'policy',
            header: 'Policy',
            sortingField: 'policy',
            cell: ({ policy }) => (policy === undefined ? '–' : printable(policy)),
          },
        ]}
      />
      {isCreating && <CreateExchange onEnd={() => setCreating(false)} />}
    </>
  );
}
