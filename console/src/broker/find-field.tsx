// The field with which a list is filtered.

import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import { useEffect, useState } from 'react';

/** Time after the last key before the broker is asked, milliseconds. */
const typingMs = 300;

interface FindFieldProps {
  /** What is listed: `queues`. */
  readonly what: string;
  readonly text: string;
  readonly onChange: (text: string) => void;
}

/** A field for a part of a name. */
export function FindField({ what, text, onChange }: FindFieldProps) {
  const [typed, setTyped] = useState(text);
  useEffect(() => {
    if (typed === text) return;
    const timer = setTimeout(() => onChange(typed), typingMs);
    return () => clearTimeout(timer);
  }, [typed, text, onChange]);
  return (
    <FormField label={`Find ${what}`}>
      <Input
        type="search"
        value={typed}
        clearAriaLabel="Clear"
        spellcheck={false}
        onChange={({ detail }) => setTyped(detail.value)}
      />
    </FormField>
  );
}
