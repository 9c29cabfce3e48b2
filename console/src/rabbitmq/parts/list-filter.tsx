// The filter of a list: a part of the name, or a regular expression, and a virtual host.

import Checkbox from '@cloudscape-design/components/checkbox';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import { useEffect, useState } from 'react';
import { VhostSelect } from './vhost-select.tsx';

/** What a list shows. */
export interface Filter {
  readonly name: string;
  readonly isRegex: boolean;
  /** Empty for all virtual hosts. */
  readonly vhost: string;
}

/** Everything. */
export const noFilter: Filter = { name: '', isRegex: false, vhost: '' };

/** Time after the last key before the broker is asked, milliseconds. */
const typingMs = 300;

interface ListFilterProps {
  readonly what: string;
  readonly hasVhosts: boolean;
  readonly filter: Filter;
  readonly onChange: (filter: Filter) => void;
}

/** The fields of a filter. */
export function ListFilter({ what, hasVhosts, filter, onChange }: ListFilterProps) {
  const [name, setName] = useState(filter.name);
  useEffect(() => {
    if (name === filter.name) return;
    const timer = setTimeout(() => onChange({ ...filter, name }), typingMs);
    return () => clearTimeout(timer);
  }, [name, filter, onChange]);
  return (
    <div className="console-fields">
      <FormField label={`Find ${what}`}>
        <Input
          type="search"
          value={name}
          clearAriaLabel="Clear"
          spellcheck={false}
          onChange={({ detail }) => setName(detail.value)}
        />
      </FormField>
      {hasVhosts && (
        <FormField label="Virtual host">
          <VhostSelect
            value={filter.vhost}
            all="All"
            onChange={(vhost) => onChange({ ...filter, vhost })}
          />
        </FormField>
      )}
      <Checkbox
        checked={filter.isRegex}
        onChange={({ detail }) => onChange({ ...filter, isRegex: detail.checked })}
      >
        Regular expression
      </Checkbox>
    </div>
  );
}
