// The choice of a virtual host.

import Select from '@cloudscape-design/components/select';
import { useState } from 'react';
import { printable } from '../../parts/printable.ts';
import { useApi } from '../use-api.ts';

interface VhostSelectProps {
  /** Empty for none. */
  readonly value: string;
  /** What the choice of none is called; without it, one must be chosen. */
  readonly all?: string;
  readonly onChange: (vhost: string) => void;
}

/** The number of virtual hosts that are offered, which the broker permits on a page. */
const offeredCountMax = 500;

/** The names of the virtual hosts that the person sees. */
export function useVhosts(): readonly string[] {
  const list = useApi<{ items: readonly { name: string }[] }>(['vhosts'], {
    isLive: false,
    query: { page: 1, page_size: offeredCountMax, columns: 'name', disable_stats: true },
  });
  return list.data?.items.map(({ name }) => name) ?? [];
}

/** Chooses a virtual host. */
export function VhostSelect({ value, all, onChange }: VhostSelectProps) {
  const options = useVhosts().map((name) => ({ value: name, label: printable(name) }));
  const none = all === undefined ? [] : [{ value: '', label: all }];
  const offered = [...none, ...options];
  return (
    <Select
      selectedOption={offered.find((each) => each.value === value) ?? null}
      options={offered}
      placeholder="Choose"
      filteringType={options.length > 10 ? 'auto' : 'none'}
      filteringAriaLabel="Find a virtual host"
      onChange={({ detail }) => onChange(detail.selectedOption.value ?? '')}
    />
  );
}

/** The virtual host of a form: the first one, until another is chosen. */
export function useVhostChoice(): readonly [vhost: string, choose: (vhost: string) => void] {
  const [chosen, choose] = useState<string>();
  const [first = ''] = useVhosts();
  return [chosen ?? first, choose];
}
