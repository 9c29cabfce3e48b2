// A table that shows one page of a list.

import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Header from '@cloudscape-design/components/header';
import Pagination from '@cloudscape-design/components/pagination';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table, { type TableProps } from '@cloudscape-design/components/table';
import type { ReactNode } from 'react';
import { ErrorAlert } from './error-alert.tsx';
import { legibleColumns } from './stored-text.tsx';

/** What a list shows, whatever answers it. */
export interface ListProps<Item> {
  readonly title: string;
  readonly description?: ReactNode;
  readonly columns: readonly TableProps.ColumnDefinition<Item>[];
  readonly idOf: (item: Item) => string;
  /** What is shown if there is nothing. */
  readonly empty: string;
  readonly actions?: ReactNode;
  /** Whether the table is what the page is about. */
  readonly isPage?: boolean;
}

interface PageTableProps<Item> extends ListProps<Item> {
  readonly items: readonly Item[] | undefined;
  readonly error: Error | null;
  readonly isLoading: boolean;
  readonly isRefreshing?: boolean;
  readonly onRefresh: () => void;
  /** The number of the page, from 1. */
  readonly page: number;
  readonly pageCount: number;
  readonly onPage: (page: number) => void;
  readonly filter?: ReactNode;
  /** How many items the list has. */
  readonly counter?: string;
  /** For lists that can be sorted. */
  readonly sorting?: Pick<
    TableProps<Item>,
    'sortingColumn' | 'sortingDescending' | 'onSortingChange'
  >;
}

/** Shows a page of a list. */
export function PageTable<Item>(props: PageTableProps<Item>) {
  const { title, description, columns, idOf, empty, actions, isPage = false } = props;
  const { error, filter, counter, sorting, onPage } = props;
  return (
    <SpaceBetween size="m">
      <ErrorAlert error={error} />
      <Table
        items={props.items ?? []}
        columnDefinitions={legibleColumns(columns)}
        trackBy={idOf}
        loading={props.isLoading}
        loadingText="Loading"
        resizableColumns
        wrapLines
        enableKeyboardNavigation
        {...sorting}
        ariaLabels={{ tableLabel: title, resizerRoleDescription: 'Column width' }}
        filter={filter}
        header={
          <Header
            variant={isPage ? 'h1' : 'h2'}
            {...(counter !== undefined && { counter })}
            description={description}
            actions={
              <SpaceBetween direction="horizontal" size="xs">
                <Button
                  iconName="refresh"
                  ariaLabel={`Read ${title.toLowerCase()} again`}
                  loading={props.isRefreshing ?? false}
                  onClick={props.onRefresh}
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
            {error ? 'The list could not be read.' : empty}
          </Box>
        }
        pagination={
          <Pagination
            currentPageIndex={props.page}
            pagesCount={props.pageCount}
            onChange={({ detail }) => onPage(detail.currentPageIndex)}
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
