// What a list shows: names that contain a text or match a pattern, and a virtual host.

import Checkbox from '@cloudscape-design/components/checkbox';
import FormField from '@cloudscape-design/components/form-field';
import { FindField } from '../../broker/find-field.tsx';
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

interface ListFilterProps {
  readonly what: string;
  readonly hasVhosts: boolean;
  readonly filter: Filter;
  readonly onChange: (filter: Filter) => void;
}

/** The fields of a filter. */
export function ListFilter({ what, hasVhosts, filter, onChange }: ListFilterProps) {
  return (
    <div className="console-fields">
      <FindField
        what={what}
        text={filter.name}
        onChange={(name) => onChange({ ...filter, name })}
      />
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
