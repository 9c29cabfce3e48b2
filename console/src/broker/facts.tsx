// Facts about an object.

import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import type { ReactNode } from 'react';
import { beginningOf, printable } from '../parts/printable.ts';
import { PrintedText } from '../parts/printed-text.tsx';

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

/** Maximum length of a member that is shown, characters. */
const memberLengthMax = 20_000;

function shownLines(lines: readonly string[]): string {
  return lines.map((line) => printable(beginningOf(line, memberLengthMax))).join('\n');
}

/** A JSON object, a line for each member: a dash if it is empty. */
export function JsonFact({ value }: { readonly value: JsonObject | undefined }) {
  if (value === undefined || Object.keys(value).length === 0) return <>–</>;
  const lines = Object.entries(value).map(([key, each]) => `${key}: ${JSON.stringify(each)}`);
  return <PrintedText text={shownLines(lines)} />;
}

/** What an object has of some properties: `durable, exclusive`. */
export function featuresText(features: Readonly<Record<string, boolean | undefined>>): string {
  const has = Object.entries(features).filter(([, isSet]) => isSet === true);
  return has.length === 0 ? '–' : has.map(([name]) => name).join(', ');
}
