// Facts about an object.

import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import type { ReactNode } from 'react';
import { Details } from '../parts/details.tsx';
import { beginningOf, printable } from '../parts/printable.ts';
import { PrintedText } from '../parts/printed-text.tsx';
import { StoredText } from '../parts/stored-text.tsx';

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
      <Details
        items={Object.entries(items).map(([label, value]) => ({ label, value: value ?? '–' }))}
      />
    </Container>
  );
}

/** Maximum length of a member that is shown, characters. */
const memberLengthMax = 20_000;

/** The lines of an object; undefined if it is empty. */
function linesOf(value: JsonObject | undefined): readonly string[] | undefined {
  const lines = Object.entries(value ?? {}).map(([key, each]) => `${key}: ${JSON.stringify(each)}`);
  return lines.length === 0 ? undefined : lines;
}

/** A JSON object, a line for each member: a dash if it is empty. */
export function JsonFact({ value }: { readonly value: JsonObject | undefined }) {
  const lines = linesOf(value);
  if (lines === undefined) return <>–</>;
  const shown = lines.map((line) => printable(beginningOf(line, memberLengthMax)));
  return <PrintedText text={shown.join('\n')} />;
}

/** A JSON object in a cell of a table, which has many of them. */
export function JsonCell({ value }: { readonly value: JsonObject | undefined }) {
  const lines = linesOf(value);
  if (lines === undefined) return <>–</>;
  return (
    <div className="console-code">
      <StoredText text={lines.join('\n')} hasLines />
    </div>
  );
}

/** What an object has of some properties: `durable, exclusive`. */
export function featuresText(features: Readonly<Record<string, boolean | undefined>>): string {
  const has = Object.entries(features).filter(([, isSet]) => isSet === true);
  return has.length === 0 ? '–' : has.map(([name]) => name).join(', ');
}
