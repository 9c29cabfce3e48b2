// Texts that others wrote, in the place of one: names, descriptions, lines, errors.

import Button from '@cloudscape-design/components/button';
import type { TableProps } from '@cloudscape-design/components/table';
import { type ReactNode, useState } from 'react';
import { JsonDialog } from './json-dialog.tsx';
import { printedBeginning } from './printable.ts';

interface StoredTextProps {
  readonly text: string;
  /** Whether its line ends and tabs stay. */
  readonly hasLines?: boolean;
  /** How much of it is shown in its place, characters. */
  readonly lengthMax?: number;
}

/** Length of a text in a cell or a box, characters. */
const placeLengthMax = 500;

/**
 * Shows a text with its invisible characters as `\u202e`. Of a long one, it shows the beginning, and the
 * whole text in a dialog: a page with many long texts would be slow, and its end hard to find.
 */
export function StoredText({
  text,
  hasLines = false,
  lengthMax = placeLengthMax,
}: StoredTextProps) {
  const [isOpen, setOpen] = useState(false);
  const { shown, restLength } = printedBeginning(text, lengthMax, hasLines);
  if (restLength === 0) return <>{shown}</>;
  return (
    <>
      {`${shown}… `}
      <Button variant="inline-link" onClick={() => setOpen(true)}>
        {`Show ${restLength} more characters`}
      </Button>
      {isOpen && <JsonDialog title="The whole text" text={text} onEnd={() => setOpen(false)} />}
    </>
  );
}

/** What a cell or a box shows: a text as {@link StoredText}, anything else as it is. */
export function legible(value: ReactNode): ReactNode {
  return typeof value === 'string' ? <StoredText text={value} /> : value;
}

/** Columns whose texts are shown by {@link legible}. */
export function legibleColumns<Item>(
  columns: readonly TableProps.ColumnDefinition<Item>[],
): readonly TableProps.ColumnDefinition<Item>[] {
  return columns.map((column) => ({ ...column, cell: (item) => legible(column.cell(item)) }));
}
