// A field for one of the items of a list of the service.

import Autosuggest, { type AutosuggestProps } from '@cloudscape-design/components/autosuggest';
import FormField from '@cloudscape-design/components/form-field';
import { useQuery } from '@tanstack/react-query';
import type { Page } from './paged-table.tsx';

/** Maximum number of pages that are read for a choice. */
const pageCountMax = 10;

interface ListedFieldProps {
  readonly label: string;
  readonly description?: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  /** What is listed. The first part says what to read again after a change. */
  readonly queryKey: readonly unknown[];
  readonly load: (token: string | undefined) => Promise<Page<AutosuggestProps.Option>>;
  /** What is shown if there is nothing to choose. */
  readonly empty: string;
}

/** Offers the items of a list. Another one can be entered: very long lists are not read to their end. */
export function ListedField(props: ListedFieldProps) {
  const { label, description, value, onChange, queryKey, load, empty } = props;
  const list = useQuery({
    queryKey: [...queryKey, 'choice'],
    queryFn: () => firstPages(load),
  });
  return (
    <FormField label={label} description={description}>
      <Autosuggest
        value={value}
        options={list.data ?? []}
        enteredTextLabel={(text) => `Use ${text}`}
        empty={empty}
        statusType={list.isError ? 'error' : list.isLoading ? 'loading' : 'finished'}
        loadingText="Loading"
        errorText="The list could not be read."
        recoveryText="Read it again"
        onLoadItems={() => {
          if (list.isError) void list.refetch();
        }}
        onChange={({ detail }) => onChange(detail.value)}
      />
    </FormField>
  );
}

async function firstPages<Item>(
  load: (token: string | undefined) => Promise<Page<Item>>,
): Promise<readonly Item[]> {
  const items: Item[] = [];
  let token: string | undefined;
  for (let count = 0; count < pageCountMax; count += 1) {
    const page = await load(token);
    items.push(...page.items);
    token = page.next;
    if (token === undefined) break;
  }
  return items;
}
