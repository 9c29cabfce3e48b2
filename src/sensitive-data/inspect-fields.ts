// Inspects the free text of a request.

import { findKinds } from './find-kinds.ts';
import type { SensitiveKind } from './kinds.ts';
import type { PersonNames } from './person-names.ts';

/** A text that a person wrote: a name, a description, a tag. */
export interface FreeTextField {
  /** What the text is, such as `tag value`. */
  readonly what: string;
  readonly text: string;
  /** The name of the value, such as the key of a tag. */
  readonly name?: string | undefined;
}

/** A field with personal or secret data. */
export interface FieldFinding<Field extends FreeTextField = FreeTextField> {
  readonly field: Field;
  /** At least one. */
  readonly kinds: readonly SensitiveKind[];
}

/** Fields that are inspected before other work of the process runs. */
const fieldsPerTurn = 8;

/**
 * Inspects fields, a few in each turn of the event loop.
 *
 * @param pause resolves in a later turn of the event loop
 */
export async function inspectFields<Field extends FreeTextField>(
  fields: readonly Field[],
  personNames: PersonNames | undefined,
  pause: () => Promise<void>,
): Promise<FieldFinding<Field>[]> {
  const findings: FieldFinding<Field>[] = [];
  for (const [at, field] of fields.entries()) {
    if (at > 0 && at % fieldsPerTurn === 0) await pause();
    const kinds = findKinds(field.text, { name: field.name, personNames });
    if (kinds.length > 0) findings.push({ field, kinds });
  }
  return findings;
}
