// A table that shows one page at a time and asks the service for the next.

import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { type ListProps, PageTable } from './page-table.tsx';

/** A page of a list, and the token of the next one. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly next: string | undefined;
}

interface PagedTableProps<Item> extends ListProps<Item> {
  /** What is listed. The first part says what to read again after a change. */
  readonly queryKey: readonly unknown[];
  readonly load: (token: string | undefined) => Promise<Page<Item>>;
  readonly filter?: ReactNode;
  /** The interval of reading the page again, milliseconds; 0 for not at all. */
  readonly refreshMs?: (items: readonly Item[]) => number;
}

/** Shows a list of the service, a page at a time. */
export function PagedTable<Item>(props: PagedTableProps<Item>) {
  const { queryKey, load, refreshMs } = props;
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
    <PageTable
      {...props}
      items={query.data?.items}
      error={query.error}
      isLoading={query.isLoading}
      isRefreshing={query.isFetching && !query.isLoading}
      onRefresh={() => void query.refetch()}
      page={index + 1}
      pageCount={known.length}
      onPage={(number) => go(number - 1)}
    />
  );
}

interface Place {
  readonly listed: string;
  /** The tokens of the pages that are known. */
  readonly tokens: readonly (string | undefined)[];
  readonly index: number;
}
