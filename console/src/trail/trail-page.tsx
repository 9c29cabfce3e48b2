// The trail: who did what, and when.

import { LookupAttributeKey } from '@aws-sdk/client-cloudtrail';
import Button from '@cloudscape-design/components/button';
import DateRangePicker, {
  type DateRangePickerProps,
} from '@cloudscape-design/components/date-range-picker';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { type FormEvent, useState } from 'react';
import { EventTable } from './event-table.tsx';
import type { EventSearch } from './events.ts';
import { TrailFiles } from './files/trail-files.tsx';

const attributes = [
  { value: '', label: 'Any event', example: '' },
  { value: LookupAttributeKey.EVENT_NAME, label: 'Event name', example: 'DisableKey' },
  { value: LookupAttributeKey.USERNAME, label: 'User name', example: 'root' },
  { value: LookupAttributeKey.RESOURCE_NAME, label: 'Resource name', example: 'arn:aws:kms:…' },
  { value: LookupAttributeKey.RESOURCE_TYPE, label: 'Resource type', example: 'AWS::KMS::Key' },
  { value: LookupAttributeKey.EVENT_SOURCE, label: 'Event source', example: 'kms.amazonaws.com' },
  { value: LookupAttributeKey.EVENT_ID, label: 'Event id', example: '' },
  { value: LookupAttributeKey.ACCESS_KEY_ID, label: 'Access key', example: 'AKIA…' },
  { value: LookupAttributeKey.READ_ONLY, label: 'Read only', example: 'true or false' },
] as const;
const [anyEvent] = attributes;

const ranges: DateRangePickerProps.RelativeOption[] = [
  { key: 'hour', type: 'relative', amount: 1, unit: 'hour' },
  { key: 'day', type: 'relative', amount: 1, unit: 'day' },
  { key: 'week', type: 'relative', amount: 1, unit: 'week' },
  { key: 'month', type: 'relative', amount: 30, unit: 'day' },
];

/** Searches the trail by an attribute and a time. */
export default function TrailPage() {
  const [attribute, setAttribute] = useState<(typeof attributes)[number]>(anyEvent);
  const [value, setValue] = useState('');
  const [range, setRange] = useState<DateRangePickerProps.Value | null>(null);
  const [search, setSearch] = useState<EventSearch>({});
  const [isSent, setSent] = useState(false);
  const isMissing = attribute.value !== '' && value.trim() === '';
  const send = (event: FormEvent) => {
    event.preventDefault();
    setSent(true);
    if (isMissing) return;
    setSearch({
      ...(attribute.value !== '' && {
        attribute: { AttributeKey: attribute.value, AttributeValue: value.trim() },
      }),
      ...timesOf(range),
    });
  };
  const filter = (
    <form onSubmit={send} className="console-fields">
      <FormField label="Attribute">
        <Select
          selectedOption={attribute}
          options={[...attributes]}
          onChange={({ detail: { selectedOption } }) => {
            setSent(false);
            setAttribute(
              attributes.find(({ value: id }) => id === selectedOption.value) ?? anyEvent,
            );
          }}
        />
      </FormField>
      <FormField label="Value" errorText={isSent && isMissing ? 'Enter a value.' : ''}>
        <Input
          value={value}
          disabled={attribute.value === ''}
          placeholder={attribute.example}
          onChange={({ detail }) => setValue(detail.value)}
          spellcheck={false}
        />
      </FormField>
      <FormField label="Time">
        <DateRangePicker
          value={range}
          relativeOptions={ranges}
          placeholder="The last 90 days"
          isValidRange={(chosen) =>
            chosen === null || chosen.type === 'relative' || chosen.endDate >= chosen.startDate
              ? { valid: true }
              : { valid: false, errorMessage: 'The end is before the beginning.' }
          }
          onChange={({ detail }) => setRange(detail.value)}
        />
      </FormField>
      <Button formAction="submit">Search</Button>
    </form>
  );
  return (
    <SpaceBetween size="l">
      <EventTable
        isPage
        title="Trail"
        description="Calls of the last 90 days, refused ones included. Those that were made in this console are marked."
        search={search}
        filter={filter}
      />
      <TrailFiles />
    </SpaceBetween>
  );
}

const unitMs = {
  second: 1000,
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
  week: 7 * 86_400_000,
  month: 30 * 86_400_000,
  year: 365 * 86_400_000,
} as const;

function timesOf(range: DateRangePickerProps.Value | null): Pick<EventSearch, 'from' | 'to'> {
  if (range === null) return {};
  if (range.type === 'absolute') {
    return { from: new Date(range.startDate), to: new Date(range.endDate) };
  }
  return { from: new Date(Date.now() - range.amount * unitMs[range.unit]) };
}
