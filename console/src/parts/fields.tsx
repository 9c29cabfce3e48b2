// Fields of forms with their labels.

import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import Select from '@cloudscape-design/components/select';
import Textarea from '@cloudscape-design/components/textarea';
import type { ReactNode } from 'react';
import { InvisibleNote } from './invisible-note.tsx';

interface FieldProps {
  readonly label: string;
  readonly description?: ReactNode;
  readonly value: string;
  readonly onChange: (value: string) => void;
}

interface TextFieldProps extends FieldProps {
  readonly type?: 'text' | 'number' | 'password';
  readonly error?: string;
}

/** A line of text. A password is new, so that no browser fills one in. */
export function TextField({ label, description, value, onChange, type, error }: TextFieldProps) {
  return (
    <FormField label={label} description={description} errorText={error}>
      <Input
        value={value}
        type={type ?? 'text'}
        autoComplete={type === 'password' ? 'new-password' : 'off'}
        spellcheck={false}
        onChange={({ detail }) => onChange(detail.value)}
      />
      {type !== 'password' && <InvisibleNote text={value} />}
    </FormField>
  );
}

/** Several lines of text. */
export function LinesField({ label, description, value, onChange }: FieldProps) {
  return (
    <FormField label={label} description={description} stretch>
      <Textarea
        value={value}
        rows={4}
        spellcheck={false}
        onChange={({ detail }) => onChange(detail.value)}
      />
      <InvisibleNote text={value} />
    </FormField>
  );
}

interface ChoiceFieldProps extends FieldProps {
  readonly choices: Readonly<Record<string, string>>;
}

/** A choice: the names of the values. */
export function ChoiceField({ label, description, value, onChange, choices }: ChoiceFieldProps) {
  const options = Object.entries(choices).map(([id, name]) => ({ value: id, label: name }));
  return (
    <FormField label={label} description={description}>
      <Select
        selectedOption={options.find((each) => each.value === value) ?? null}
        options={options}
        onChange={({ detail }) => onChange(detail.selectedOption.value ?? '')}
      />
    </FormField>
  );
}
