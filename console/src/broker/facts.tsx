// Facts about an object.

import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import type { ReactNode } from 'react';
import { printable } from '../parts/printable.ts';

/** A JSON object. */
export type JsonObject = Readonly<Record<string, unknown>>;

interface FactsProps {
  readonly title: string;
  readonly items: Readonly<Record<string, ReactNode>>;
}

/** Names with their values in a box. */
export function Facts({ title, items }: FactsProps) {
  return (
    <Container header={<Header variant="h2">{title}</Header>}>
      <KeyValuePairs
        columns={3}
        items={Object.entries(items).map(([label, value]) => ({ label, value: value ?? '–' }))}
      />
    </Container>
  );
}

function shownLines(lines: readonly string[]): string {
  return lines.map(printable).join('\n');
}

/** A JSON object, a line for each member: nothing if it is empty. */
export function JsonFact({ value }: { readonly value: JsonObject | undefined }) {
  if (value === undefined || Object.keys(value).length === 0) return <>–</>;
  const lines = Object.entries(value).map(([key, each]) => `${key}: ${JSON.stringify(each)}`);
  return <pre className="console-code">{shownLines(lines)}</pre>;
}

/** What an object has of some properties: `durable, exclusive`. */
export function featuresText(features: Readonly<Record<string, boolean | undefined>>): string {
  const has = Object.entries(features).filter(([, isSet]) => isSet === true);
  return has.length === 0 ? '–' : has.map(([name]) => name).join(', ');
}
