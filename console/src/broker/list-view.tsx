// A page of a list of the broker, which filters and sorts it.

import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Header from '@cloudscape-design/components/header';
import Pagination from '@cloudscape-design/components/pagination';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table, { type TableProps } from '@cloudscape-design/components/table';
import type { ReactNode } from 'react';
import { ErrorAlert } from '../parts/error-alert.tsx';
import { countText } from './numbers.ts';

/** Number of items on a page. Brokers permit 500. */
export const pageSize = 50;

/** A column. `sortingField` is the name by which the broker sorts. */
export type Column<Item> = TableProps.ColumnDefinition<Item>;

/** An order. */
export type Order<Item> = TableProps.SortingState<Item>;

/** What a list shows, whatever its broker. */
export interface ListProps<Item> {
  readonly title: string;
  readonly description?: ReactNode;
  readonly columns: readonly Column<Item>[];
  readonly idOf: (item: Item) => string;
  /** What is shown if there is nothing. */
  readonly empty: string;
  readonly actions?: ReactNode;
  /** Whether the table is what the page is about. */
  readonly isPage?: boolean;
}

/** A page of a list. */
export interface Listed<Item> {
  readonly items: readonly Item[];
  readonly filteredCount: number;
  readonly totalCount: number;
  readonly pageCount: number;
}

interface ListViewProps<Item> extends ListProps<Item> {
  readonly listed: Listed<Item> | undefined;
  readonly error: Error | null;
  readonly isLoading: boolean;
  readonly filter: ReactNode;
  readonly page: number;
  readonly order: Order<Item> | undefined;
  readonly onPage: (page: number) => void;
  readonly onOrder: (order: Order<Item>) => void;
  readonly onRefresh: () => void;
}

function counterText({ filteredCount, totalCount }: Listed<unknown>): string {
  if (filteredCount === totalCount) return `(${countText(totalCount)})`;
  return `(${countText(filteredCount)} of ${countText(totalCount)})`;
}

/** Shows a page of a list. */
export function ListView<Item>(props: ListViewProps<Item>) {
  const { title, description, columns, idOf, empty, actions, isPage = false } = props;
  const { listed, error, isLoading, filter, page, order } = props;
  return (
    <SpaceBetween size="m">
      <ErrorAlert error={error} />
      <Table
        items={listed?.items ?? []}
        columnDefinitions={columns}
        trackBy={idOf}
        loading={isLoading}
        loadingText="Loading"
        resizableColumns
        wrapLines
        enableKeyboardNavigation
        {...(order && { sortingColumn: order.sortingColumn })}
        sortingDescending={order?.isDescending ?? false}
        onSortingChange={({ detail }) => props.onOrder(detail)}
        ariaLabels={{ tableLabel: title, resizerRoleDescription: 'Column width' }}
        filter={filter}
        header={
          <Header
            variant={isPage ? 'h1' : 'h2'}
            counter={listed === undefined ? '' : counterText(listed)}
            description={description}
            actions={
              <SpaceBetween direction="horizontal" size="xs">
                <Button
                  iconName="refresh"
                  ariaLabel={`Read ${title.toLowerCase()} again`}
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
            currentPageIndex={page}
            pagesCount={Math.max(1, listed?.pageCount ?? 1)}
            onChange={({ detail }) => props.onPage(detail.currentPageIndex)}
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
