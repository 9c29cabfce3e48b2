// The inspection of free text for personal and secret data: what callers and the audit trail learn
// about it. Values never appear in either.

import { RequestError } from '../errors.ts';
import type { FreeTextField } from '../shapes/free-text.ts';

/** A field of a request with personal or secret data. */
export interface TextFinding {
  readonly field: FreeTextField;
  /** Names of kinds, such as `email`; at least one. */
  readonly kinds: readonly string[];
}

/** Finds personal and secret data in free text. `server/` provides it. */
export interface TextInspection {
  /** Whether calls with findings are refused. Otherwise, their callers are warned. */
  readonly isRefusing: boolean;
  /** Resolves to the fields with findings. */
  find(fields: readonly FreeTextField[]): Promise<readonly TextFinding[]>;
}

/** The response header that lists the kinds of sensitive data found. */
export const findingsHeader = 'x-waxwing-sensitive-names';

/** Describes findings by kind and field: `email in tag value, phone in description`. */
export function describeFindings(findings: readonly TextFinding[]): string {
  return pairsOf(findings)
    .map(({ field, kind }) => `${kind} in ${field}`)
    .join(', ');
}

/** What the audit event states about findings. */
export function auditedFindings(findings: readonly TextFinding[]): object {
  return findings.length === 0 ? {} : { sensitiveNames: pairsOf(findings) };
}

/** Each pair of a field and a kind once. */
function pairsOf(findings: readonly TextFinding[]): { field: string; kind: string }[] {
  const pairs = new Map<string, { field: string; kind: string }>();
  for (const { field, kinds } of findings) {
    for (const kind of kinds) pairs.set(`${field.what}/${kind}`, { field: field.what, kind });
  }
  return [...pairs.values()];
}

/** The error of a call that is refused because of findings. */
export function refusalFor(findings: readonly TextFinding[]): RequestError {
  const text =
    `Personal or secret data was found: ${describeFindings(findings)}. ` +
    'Names, descriptions and tags must not contain it.';
  const attribute = findings[0]?.field.member;
  return new RequestError('invalid-value', text, attribute === undefined ? {} : { attribute });
}

/** Characters of a shortened text that a message contains at least if it shows the text. */
const shownCharactersMin = 8;

/** A value in a validation error. */
const shownValue = /Value '[\s\S]{0,200}?' at '/g;

/** Replaces the texts with findings in parts of an audit event. */
export class Redaction {
  readonly #replacements: ReadonlyMap<string, string>;

  constructor(findings: readonly TextFinding[]) {
    this.#replacements = new Map(
      findings.map(({ field, kinds }) => [field.text, `*** [${kinds.join(', ')}]`]),
    );
  }

  /** Replaces every string and every key that is one of the texts. */
  of<T extends object | null>(value: T): T {
    return this.#replacements.size === 0 ? value : (this.#replaced(value) as T);
  }

  /** Replaces the texts wherever they occur in a message, also where they are shortened. */
  ofMessage(message: string): string {
    if (this.#replacements.size === 0) return message;
    // Validation errors repeat values, which may be shortened or part of a list.
    let rest = message.replace(shownValue, "Value '***' at '");
    for (const [text, replacement] of this.#replacements) {
      const shown = longestBeginning(text, rest);
      if (shown.length < Math.min(text.length, shownCharactersMin)) continue;
      rest = rest.replaceAll(shown, () => replacement);
    }
    return rest;
  }

  #replaced(value: unknown): unknown {
    if (typeof value === 'string') return this.#replacements.get(value) ?? value;
    if (Array.isArray(value)) return value.map((element) => this.#replaced(element));
    if (typeof value !== 'object' || value === null) return value;
    const taken = new Set<string>();
    return Object.fromEntries(
      Object.entries(value).map(([key, member]) => {
        const name = unused(this.#replacements.get(key) ?? key, taken);
        return [name, this.#replaced(member)];
      }),
    );
  }
}

/** The longest beginning of a text that a message contains. */
function longestBeginning(text: string, message: string): string {
  let [least, most] = [0, Math.min(text.length, message.length)];
  while (least < most) {
    const middle = Math.ceil((least + most) / 2);
    if (message.includes(text.slice(0, middle))) least = middle;
    else most = middle - 1;
  }
  return text.slice(0, least);
}

/** Numbers names that became equal, so that no member is lost. */
function unused(name: string, taken: Set<string>): string {
  let found = name;
  for (let count = 2; taken.has(found); count += 1) found = `${name} ${count}`;
  taken.add(found);
  return found;
}
