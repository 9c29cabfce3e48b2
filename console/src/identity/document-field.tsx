// The document of a policy in a form, and where the errors of such a form are shown.

import FormField from '@cloudscape-design/components/form-field';
import Textarea from '@cloudscape-design/components/textarea';
import { errorText } from '../parts/error-alert.tsx';
import { InvisibleNote } from '../parts/invisible-note.tsx';

/** Maximum length of a document in a request, characters. */
const lengthMax = 131_072;

/** Why a text is no document of a policy; undefined if it can be sent. The service checks the rest. */
export function documentProblem(text: string): string | undefined {
  if (text.length > lengthMax) {
    return `The document has ${text.length} characters. At most ${lengthMax} are allowed.`;
  }
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? undefined : 'A policy is a JSON object: it begins with {';
  } catch (error) {
    return `The document is not JSON: ${(error as Error).message}`;
  }
}

interface DocumentFieldProps {
  readonly label: string;
  readonly description: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  /** What the service said of the document. */
  readonly error?: string | undefined;
}

/** The JSON text of a policy. */
export function DocumentField(props: DocumentFieldProps) {
  const { label, description, value, onChange, error } = props;
  return (
    <FormField
      label={label}
      description={description}
      errorText={value === '' ? undefined : (documentProblem(value) ?? error)}
      stretch
    >
      <Textarea
        value={value}
        rows={12}
        spellcheck={false}
        onChange={({ detail }) => onChange(detail.value)}
      />
      <InvisibleNote text={value} />
    </FormField>
  );
}

/** The parts of a form about a policy or a role. */
export type FormPart = 'name' | 'description' | 'document' | 'form';

/** What the service calls the members of requests, in its errors. */
const members: readonly (readonly [pattern: RegExp, part: FormPart])[] = [
  [/^EntityAlreadyExists/, 'name'],
  [/^MalformedPolicyDocument/, 'document'],
  [/quota for (?:Policy|ACL|Trust)\w*Size|PolicySize/, 'document'],
  [/[dD]ocument' failed to satisfy/, 'document'],
  [/(?:policy|role)Name' failed to satisfy/, 'name'],
  [/description' failed to satisfy/, 'description'],
];

/** The part of a form that an error of IAM is about. */
export function partOf(error: unknown): FormPart {
  if (!(error instanceof Error)) return 'form';
  const text = `${error.name}: ${error.message}`;
  return members.find(([pattern]) => pattern.test(text))?.[1] ?? 'form';
}

/** An error of IAM if it is about this part, as text. */
export function errorAt(part: FormPart, error: unknown): { readonly error?: string } {
  const text = partOf(error) === part ? errorText(error) : undefined;
  return text === undefined ? {} : { error: text };
}

/** A change without the errors that are shown at fields. */
export function withoutFieldErrors<Change extends { readonly error: unknown }>(change: Change) {
  return partOf(change.error) === 'form' ? change : { ...change, error: null };
}
