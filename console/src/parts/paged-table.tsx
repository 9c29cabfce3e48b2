// A table that shows one page at a time and asks the service for the next.

import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Header from '@cloudscape-design/components/header';
import Pagination from '@cloudscape-design/components/pagination';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table, { type TableProps } from '@cloudscape-design/components/table';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { ErrorAlert } from './error-alert.tsx';

/** A page of a list, and the token of the next one. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly next: string | undefined;
}

interface PagedTableProps<Item> {
  readonly title: string;
  readonly description?: ReactNode;
  /** What is listed. The first part says what to read again after a change. */
  readonly queryKey: readonly unknown[];
  readonly load: (token: string | undefined) => Promise<Page<Item>>;
  readonly columns: readonly TableProps.ColumnDefinition<Item>[];
  readonly idOf: (item: Item) => string;
  /** What is shown if there is nothing. */
  readonly empty: string;
  readonly actions?: ReactNode;
  readonly filter?: ReactNode;
  /** Whether the table is what the page is about. */
  readonly isPage?: boolean;
  /** The interval of reading the page again, milliseconds; 0 for not at all. */
  readonly refreshMs?: (items: readonly Item[]) => number;
}

/** Shows a list of the service, a page at a time. */
export function PagedTable<Item>(props: PagedTableProps<Item>) {
  const { title, description, queryKey, load, columns, idOf, empty, actions, filter } = props;
  const { isPage = false, refreshMs } = props;
  const listed = JSON.stringify(queryKey);
  const [place, setPlace] = useState<Place>({ listed, tokens: [undefined], index: 0 });
  // Another list begins at its first page.
  const { tokens, index } = place.listed === listed ? place : { tokens: [undefined], index: 0 };
  const token = tokens[index];
  const query = useQuery({
    queryKey: [...queryKey, { token }],
    queryFn: () => load(token),
    placeholderData: keepPreviousData,
    refetchInterval: ({ state }) => refreshMs?.(state.data?.items ?? []) || false,
  });
  const next = query.isPlaceholderData ? undefined : query.data?.next;
  const known = next === undefined ? tokens : [...tokens.slice(0, index + 1), next];
  const go = (to: number) => {
    if (to >= 0 && to < known.length) setPlace({ listed, tokens: known, index: to });
  };
  return (
    <SpaceBetween size="m">
      <ErrorAlert error={query.error} />
      <Table
        items={query.data?.items ?? []}
        columnDefinitions={columns}
        trackBy={idOf}
        loading={query.isLoading}
        loadingText="Loading"
        resizableColumns
        wrapLines
        enableKeyboardNavigation
        ariaLabels={{ tableLabel: title, resizerRoleDescription: 'Column width' }}
        filter={filter}
        header={
          <Header
            variant={isPage ? 'h1' : 'h2'}
            description={description}
            actions={
              <SpaceBetween direction="horizontal" size="xs">
                <Button
                  iconName="refresh"
                  ariaLabel={`Read ${title.toLowerCase()} again`}
                  loading={query.isFetching && !query.isLoading}
                  onClick={() => void query.refetch()}
                />
                {actions}
              </SpaceBetween>
            }
          >
            {title}
          </Header>
        }
        empty={
          <Box textAlign="center" color="inherit" padding={{ vertical: 's' }}>
            {query.error ? 'The list could not be read.' : empty}
          </Box>
        }
        pagination={
          <Pagination
            currentPageIndex={index + 1}
            pagesCount={known.length}
            openEnd={false}
            onChange={({ detail }) => go(detail.currentPageIndex - 1)}
            ariaLabels={{
              nextPageLabel: 'Next page',
              previousPageLabel: 'Previous page',
              pageLabel: (number) => `Page ${number}`,
            }}
          />
        }
      />
    </SpaceBetween>
  );
}

interface Place {
  readonly listed: string;
  /** The tokens of the pages that are known. */
  readonly tokens: readonly (string | undefined)[];
  readonly index: number;
}
